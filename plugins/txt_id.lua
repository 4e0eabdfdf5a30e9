--- Recognises a host by an id in a TXT record of its name, or of a service that it publishes, for
--- which it is asked at its own address by mDNS.
---
--- Good against mistakes and reused addresses, not against an impostor: on the link anybody may say
--- anything.
local mlx = require("mlxresolve")

local txt_id = {
  options = {
    ids = { "map", keys = "zone", of = "string", default = {}, doc = "the id of each name" },
    first_use = {
      "boolean",
      default = false,
      doc = "hold hosts without an id here to the one with which they were first met",
    },
    key = { "string", default = "id", doc = 'the id is what follows "key=" in the record' },
    service = { "service", doc = 'such as "_mlx._tcp", its instance named as the host' },
    wait = { "duration", default = "1s", min = "1ms", doc = "how long a host may take" },
  },
}

function txt_id:open()
  self.by_name = {}
  for name, id in pairs(self.options.ids) do
    self.by_name[mlx.name.canonical(name) or name] = id
  end
end

--- The id that a name has to have; nothing when there is none.
local function wanted_of(self, name, ctx)
  return self.by_name[name] or (self.options.first_use and ctx:remembered(name)) or nil
end

function txt_id:knows(name, ctx)
  return wanted_of(self, name, ctx) ~= nil
end

--- "mini2._mlx._tcp.local." for "mini2.local.".
local function owner_of(self, name)
  local label, rest = name:match("^([^.]+)%.(.*)$")
  return self.options.service and ("%s.%s.%s"):format(label, self.options.service, rest) or name
end

local function find_id(self, texts)
  local wanted = self.options.key:lower() .. "="
  for _, text in ipairs(texts) do
    for quoted in text:gmatch('"([^"]*)"') do
      if quoted:sub(1, #wanted):lower() == wanted then
        return quoted:sub(#wanted + 1)
      end
    end
  end
end

local function id_of(self, name, address, ctx)
  local form = address:find(":", 1, true) and "[%s]:5353" or "%s:5353"
  local asked = ctx:query(owner_of(self, name), "TXT")
  local options = { timeout = self.options.wait, recurse = false }
  local answer = ctx:exchange(form:format(address), asked, options)
  local id = answer and find_id(self, answer:data())
  return id ~= "" and id or nil
end

function txt_id:identify(name, address, ctx)
  local wanted = wanted_of(self, name, ctx)
  local id = wanted and id_of(self, name, address, ctx)
  if not id or id == wanted then
    return id and true
  end
  return nil, ("has the id %s, not that of %s"):format(id, name), "EIDENTITY"
end

function txt_id:learn(name, address, ctx)
  if self.options.first_use and not wanted_of(self, name, ctx) then
    local id = id_of(self, name, address, ctx)
    return id and ctx:remember(name, id)
  end
end

return txt_id
