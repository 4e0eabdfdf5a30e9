--- Questions in a virtual world: scripted servers, names for getaddrinfo, and streams.

---@class mlxresolve.VirtualWorld
local lookups = {}

---------------------------------------------------------------- questions

--- A server is a function (name, type, world) that returns the packet of a canonical answer,
--- its status and TTL, and optionally a delay in ms; or nil, message, code, delay. Where there
--- is none, there is silence.
function lookups:exchange(waiter, server, name, type, timeout)
  self.asked[#self.asked + 1] = { server = server, name = name, type = type, at = self.time }
  local answer = self.servers[server] or self.servers[(server:gsub(":53$", ""))]
  if not answer then
    return self:begin(waiter, timeout, function()
      return nil, "no answer from " .. server, "ETIMEOUT"
    end)
  end
  local packet, status, ttl, delay = answer(name, type, self)
  delay = delay or 1
  if delay >= timeout then
    return self:begin(waiter, timeout, function()
      return nil, "no answer from " .. server, "ETIMEOUT"
    end)
  end
  return self:begin(waiter, delay, function()
    return packet, status, ttl, packet and delay or nil
  end)
end

function lookups:native(waiter, name, family, deadline)
  local known = self.names[name]
  if known == "stuck" then
    return self:begin(waiter, deadline - self.time, function()
      return nil, "nobody answered in time", "ETIMEOUT"
    end)
  end
  local found = {}
  for _, address in ipairs(known or {}) do
    local is_ipv6 = address:find(":", 1, true) ~= nil
    if family == 0 or (family == 6) == is_ipv6 then
      found[#found + 1] = address
    end
  end
  return self:begin(waiter, 1, function()
    if #found == 0 then
      return nil, "name or service not known", "ENOTFOUND"
    end
    return found
  end)
end

function lookups:dns_sd(waiter)
  return self:begin(waiter, 0, function()
    return nil, "no dns_sd here", "ENOTSUP"
  end)
end

--- `world.echoes[address]` is the ms after which an address echoes, or { message, code } for why it
--- cannot be asked; nobody else echoes.
function lookups:echo(waiter, address)
  local known = self.echoes[address]
  if type(known) == "table" then
    return nil, known[1], known[2]
  end
  return self:begin(waiter, known or math.huge, function()
    return known
  end)
end

---------------------------------------------------------------- streams

local stream_mt = {
  __name = "mlxresolve.world.virtual.stream",
  __index = {
    read = function(self, waiter)
      local is_silent = #self.incoming == 0 and self.incoming.stays
      return self.world:begin(waiter, is_silent and math.huge or 1, function()
        return table.remove(self.incoming, 1) or ""
      end)
    end,
    write = function(self, data)
      self.on_write(data, self.incoming)
    end,
    close = function(self)
      self.is_closed = true
    end,
  },
}

--- `world.targets[target]` is a function (data, incoming) called for what is written; it appends
--- to `incoming` what is to be read, before the end unless `incoming.stays`.
function lookups:connect(waiter, target)
  local on_write = self.targets[target]
  return self:begin(waiter, 1, function()
    if not on_write then
      local code = target:sub(1, 1) == "/" and "ENOENT" or "ECONNREFUSED"
      return nil, target .. ": nobody listens", code
    end
    return setmetatable({ world = self, incoming = {}, on_write = on_write }, stream_mt)
  end)
end

return lookups
