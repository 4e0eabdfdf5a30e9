--- ICMP echoes of the real world: one socket for each family, opened when first used.

local without_scope = require("mlxresolve.address").without_scope
local core = require("mlxresolve.core")

local FORBIDDEN = "ICMP echo is not allowed to this user's groups: allow it with "
  .. "sysctl -w net.ipv4.ping_group_range='0 2147483647', or probe with tcp or neighbour"

local echoes = {}

-- The token tells whose reply it is; nobody else can have guessed it.
local function step(self, icmp)
  local batch = self.echo_batch
  local items, message = icmp:step(self.time, batch)
  for i = 1, (items or 0) * 2, 2 do
    local asked = self.echoing[batch[i]]
    if asked and asked.address == without_scope(batch[i + 1]) then
      self.echoing[batch[i]] = nil
      asked.waiter:wake(self.time - asked.at)
    end
  end
  return items, message
end

local function socket_for(self, family)
  self.icmp = self.icmp or {}
  if self.icmp[family] then
    return self.icmp[family]
  end
  local icmp, message, code = core.icmp.open(family)
  if not icmp then
    return nil, (code == "EACCES" or code == "EPERM") and FORBIDDEN or message, code
  end
  self.icmp[family] = icmp
  self.echo_batch, self.echoing = self.echo_batch or {}, self.echoing or {}
  return self:watch(icmp, step)
end

--- Asks an address for an echo. Wakes with the ms that it took; silence wakes nobody.
---@param waiter mlxresolve.Waiter
---@param address string
---@return string|nil operation, string? message, string? code
function echoes:echo(waiter, address)
  local parsed, problem, problem_code = core.address.parse(address)
  if not parsed then
    return nil, problem, problem_code
  end
  local icmp, message, code = socket_for(self, parsed.family == "ipv6" and 6 or 4)
  if not icmp then
    return nil, message, code
  end
  local token = core.entropy(8)
  local sent
  sent, message, code = icmp:send(parsed.address, token)
  if not sent then
    return nil, message, code
  end
  self.echoing[token] =
    { waiter = waiter, address = without_scope(parsed.address), at = self:now() }
  return token
end

function echoes:cancel_echo(token)
  self.echoing[token] = nil
end

return echoes
