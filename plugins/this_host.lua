--- Answers this machine's own name, plain and below .local, with the addresses of its interfaces.
---
--- Those of a pulled cable are given when no other is in, since this machine still answers for
--- them. Loopback is given only when there is nothing else, so that a name never means somebody
--- else on another machine that believes it.
local this_host = {
  by_name = true,
  options = {
    host = { "string", doc = "in place of the machine's host name, without a domain" },
    ttl = { "ttl", default = "10s", doc = "how long clients may keep the answer" },
  },
}

local function own_label(self, ctx)
  local name = self.options.host or ctx:hostname()
  return (name:lower():match("^[^.]+"))
end

local function is_up(interface)
  return interface.up and interface.kind ~= "loopback"
end

local function is_down(interface)
  return not interface.up and interface.kind ~= "loopback"
end

local function is_loopback(interface)
  return interface.kind == "loopback"
end

local function collect(interfaces, family, is_meant)
  local found = {}
  for _, interface in ipairs(interfaces) do
    for _, entry in ipairs(is_meant(interface) and interface.addresses or {}) do
      local is_scoped = entry.address:find("^fe80:") ~= nil
      if entry.family == family and not entry.tentative and not is_scoped then
        found[#found + 1] = entry.address
      end
    end
  end
  return found
end

function this_host:resolve(query, ctx)
  local label = own_label(self, ctx)
  if query.name ~= label .. "." and query.name ~= label .. ".local." then
    return nil
  end
  local interfaces, data = ctx:interfaces(), nil
  for _, is_meant in ipairs { is_up, is_down, is_loopback } do
    data = {
      a = collect(interfaces, "ipv4", is_meant),
      aaaa = collect(interfaces, "ipv6", is_meant),
    }
    if #data.a + #data.aaaa > 0 then
      break
    end
  end
  return query:answer(data, self.options.ttl)
end

return this_host
