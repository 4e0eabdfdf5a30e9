--- What the engine does for those who want an answer now.

local absence = require("mlxresolve.mdns.absence")
local answers = require("mlxresolve.mdns.answers")
local core = require("mlxresolve.core")
local scopes = require("mlxresolve.mdns.scopes")
local TIMEOUT = require("mlxresolve.scheduler").TIMEOUT

local DEFAULT_TIMEOUT = 800

---@class mlxresolve.mdns.AskOptions
---@field timeout number?       ms, 800
---@field interfaces string[]?  names; every one that mDNS fits when absent
---@field ipv4 boolean?         false: do not speak over IPv4
---@field ipv6 boolean?         false: do not speak over IPv6
---@field fresh boolean?        forget what is known of the name and ask

---@class mlxresolve.mdns.Engine
local asking = {}

-- What was asked within the last second is not asked again: then that question counts.
local function count_questions(request)
  local asked = request.lookup
  return asked and math.max(1, asked.total - request.total_before) or 0
end

local function say_silence(self, request, options)
  local count = count_questions(request)
  local text = ("no answer on %s (%d question%s)"):format(
    scopes.describe(request.scope, self.sockets.links),
    count,
    count == 1 and "" or "s"
  )
  local absent = absence.explain(self, options.interfaces, request.scope)
  return nil, absent and ("%s; %s"):format(text, absent) or text, "ENOTFOUND"
end

--- Asks one name, in a task. The answer comes from the store when it is known already.
---@param name string     canonical
---@param number integer  type
---@param options mlxresolve.mdns.AskOptions?
---@return string|nil packet, string status_or_message, integer|string ttl_or_code, integer? index
function asking:ask(name, number, options)
  options = options or {}
  if self.is_closed then
    return nil, "the mDNS engine is closed", "ECLOSED"
  elseif number == 255 then
    return nil, "a question for any type has no one answer", "ENOTSUP"
  end
  if not self.sockets then
    self:open()
  end
  local scope = scopes.of(self.scopes, options)
  if scope.names then
    self.sockets:want(scope.names)
  end
  if not scopes.has_link(scope, self.sockets.links) then
    local absent = absence.explain(self, options.interfaces, scope)
    return nil, absent or "no interface is up and has an address to ask from", "ENETDOWN"
  elseif options.fresh then
    self:forget { name = name }
  end
  local type = core.wire.type_name(number)
  local timeout = options.timeout or DEFAULT_TIMEOUT
  local request = { name = name, type = type, scope = scope, lookup = false, timeout = timeout }
  local ok, packet, status, ttl, interface =
    self.scheduler:call(timeout, answers.pursue, self, request)
  if ok then
    return packet, status, ttl, interface
  elseif packet ~= TIMEOUT then
    error(packet, 0)
  end
  return say_silence(self, request, options)
end

return asking
