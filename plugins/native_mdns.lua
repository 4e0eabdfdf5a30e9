--- Asks the mDNS responder that the system runs already: avahi-daemon, systemd-resolved,
--- mDNSResponder. No D-Bus is needed. Where there is none, the question is somebody else's.
---
--- The responders do not tell a time to live, hence `ttl`.
local native_mdns = {
  zones = { "local." },
  options = {
    responders = {
      "list",
      of = { "enum", values = { "avahi", "resolved", "dns_sd" } },
      default = { "dns_sd", "avahi", "resolved" },
      doc = "whom to ask, in this order",
    },
    avahi = { "string", doc = "avahi-daemon's socket, where it is not in its usual place" },
    resolved = { "string", doc = "systemd-resolved's varlink socket, likewise" },
    timeout = { "duration", default = "1s", min = "1ms", doc = "how long to wait for all of them" },
    silence = {
      "duration",
      default = "50ms",
      doc = "a family that stays silent so long after the other has answered is not there",
    },
    ttl = { "ttl", default = "30s", doc = "how long an answer is kept" },
  },
}

local FAMILIES = { A = "ipv4", AAAA = "ipv6" }
local OTHER = { A = "ipv6", AAAA = "ipv4" }
-- Nobody is there who could be asked.
local ABSENT = { ENOENT = true, ECONNREFUSED = true, ENOTSUP = true, EACCES = true }

--- The first responder's word: addresses, or nil and, when there was one at all, why not.
local function ask(self, ctx, name, family)
  local options = self.options
  local message, code
  for _, which in ipairs(options.responders) do
    local found, why, reason = ctx:system_mdns(which, name, family, options[which])
    if found then
      return found
    elseif not ABSENT[reason] then
      message, code = why, reason
    end
  end
  return nil, message, code
end

-- Responders wait for seconds for a family that a host does not have; when the other is known,
-- the answer need not.
local function ask_both(self, ctx, query, result)
  return ctx:race {
    function()
      local message, code
      result.found, message, code = ask(self, ctx, query.name, FAMILIES[query.type])
      return result.found, message, code
    end,
    function()
      local other = ask(self, ctx, query.name, OTHER[query.type])
      if other and other[1] then
        ctx:sleep(self.options.silence)
        result.found = {}
        return true
      end
    end,
  }
end

local function answer(query, found, ttl)
  if #found == 0 then
    return query:nodata()
  end
  local data = {}
  for i, entry in ipairs(found) do
    data[i] = entry.address:match("^[^%%]+")
  end
  local made = query:answer(data, ttl)
  made.interface = found[1].interface or false
  return made
end

function native_mdns:resolve(query, ctx)
  if not FAMILIES[query.type] then
    return nil
  end
  local result = {}
  ctx:race {
    function()
      local known, message, code = ask_both(self, ctx, query, result)
      if not known then
        result.message, result.code = message, code
      end
      return true
    end,
    function()
      ctx:sleep(self.options.timeout)
      result.message, result.code = "the system's responder found nobody in time", "ENOTFOUND"
      return true
    end,
  }
  if result.found then
    return answer(query, result.found, self.options.ttl)
  end
  return nil, result.message, result.code
end

return native_mdns
