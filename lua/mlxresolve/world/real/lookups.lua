--- Questions of the real world: servers through the upstream pool, getaddrinfo through its pool,
--- and dns_sd on macOS.

local core = require("mlxresolve.core")

local STATUS = { [0] = "answer", "nodata", "nxdomain" }
local RCODES = { "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED" }

local lookups = {}

---------------------------------------------------------------- servers

local function wake_upstream(self, slot, status, packet, ttl, rcode, ms)
  local waiter, server = self.asking[slot], self.asked_server[slot]
  self.asking[slot] = nil
  if not waiter then
    return
  end
  if status >= 0 and status <= 2 then
    return waiter:wake(packet, STATUS[status], ttl, ms)
  end
  if status == 3 then
    local name = RCODES[rcode] or ("rcode " .. tostring(rcode))
    return waiter:wake(nil, ("%s said %s"):format(server, name), "E" .. name:gsub("%s", ""):upper())
  end
  waiter:wake(nil, ("%s: %s"):format(server, core.explain(ttl)), ttl)
end

local function step_upstream(self, upstream)
  local batch = self.upstream_batch
  local items, deadline = upstream:step(self.time, batch)
  for i = 1, (items or 0) * 6, 6 do
    wake_upstream(
      self,
      batch[i],
      batch[i + 1],
      batch[i + 2],
      batch[i + 3],
      batch[i + 4],
      batch[i + 5]
    )
  end
  return items, deadline
end

local function open_upstream(self)
  if self.upstream then
    return self.upstream
  end
  local upstream, message, code = core.upstream.open()
  if not upstream then
    return nil, message, code
  end
  self.upstream, self.upstream_batch, self.upstream_numbers = upstream, {}, {}
  self.asking, self.asked_server = {}, {}
  self:watch(upstream, step_upstream)
  return upstream
end

--- The pool's number for a server; the pool is opened when first asked.
local function server_number(self, server)
  local known = self.upstream and self.upstream_numbers[server]
  if known then
    return known
  end
  local upstream, message, code = open_upstream(self)
  if not upstream then
    return nil, message, code
  end
  local number
  number, message, code = upstream:server(server)
  if number then
    self.upstream_numbers[server] = number
  end
  return number, message, code
end

function lookups:exchange(waiter, server, name, type, timeout, flags)
  local number, message, code = server_number(self, server)
  if not number then
    return nil, message, code
  end
  local slot
  slot, message, code = self.upstream:ask(number, name, type, timeout, self:now(), flags)
  if not slot then
    return nil, message, code
  end
  self.asking[slot], self.asked_server[slot] = waiter, server
  return slot
end

function lookups:cancel_exchange(slot)
  self.asking[slot] = nil
  self.upstream:cancel(slot)
end

--- Sends what was asked in this turn.
function lookups:flush_upstream()
  local upstream = self.upstream
  if upstream then
    self.deadlines[upstream] = upstream:flush(self.time)
  end
end

---------------------------------------------------------------- getaddrinfo and dns_sd

--- Both pools have the same shape: slot, addresses|false, message|false, code|false.
local function step_pool(waiters, batch)
  return function(self, pool)
    local items, deadline = pool:step(self.time, batch)
    for i = 1, items * 4, 4 do
      local waiter = waiters[batch[i]]
      waiters[batch[i]] = nil
      if waiter and batch[i + 1] then
        waiter:wake(batch[i + 1])
      elseif waiter then
        waiter:wake(nil, batch[i + 2], batch[i + 3])
      end
    end
    return items, deadline
  end
end

--- The pool of a kind, opened when first asked.
local function open_pool(self, kind)
  self.pools = self.pools or {}
  local entry = self.pools[kind]
  if entry then
    return entry
  end
  local pool, message, code = core[kind].open()
  if not pool then
    return nil, message, code
  end
  entry = { pool = pool, waiters = {} }
  self.pools[kind] = entry
  self:watch(pool, step_pool(entry.waiters, {}))
  return entry
end

local function ask_pool(self, kind, waiter, name, family, deadline)
  local entry, message, code = open_pool(self, kind)
  if not entry then
    return nil, message, code
  end
  local slot
  slot, message, code = entry.pool:ask(name, family, deadline, self:now())
  if not slot then
    return nil, message, code
  end
  entry.waiters[slot] = waiter
  local known = self.deadlines[entry.pool]
  self.deadlines[entry.pool] = known and math.min(known, deadline) or deadline
  return slot
end

local function cancel_in_pool(self, kind, slot)
  local entry = self.pools[kind]
  entry.waiters[slot] = nil
  entry.pool:cancel(slot)
end

function lookups:native(waiter, name, family, deadline)
  return ask_pool(self, "native", waiter, name, family, deadline)
end

function lookups:cancel_native(slot)
  cancel_in_pool(self, "native", slot)
end

function lookups:dns_sd(waiter, name, family, deadline)
  return ask_pool(self, "dnssd", waiter, name, family, deadline)
end

function lookups:cancel_dns_sd(slot)
  cancel_in_pool(self, "dnssd", slot)
end

return lookups
