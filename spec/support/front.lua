--- A front with its cache for specs, and a brain that answers as it is told.
---
---   local rig = front_rig.open()                   -- 127.0.0.1, a free port
---   rig:put("mini2.local.", "A", { "192.0.2.2" })  -- into the cache
---   rig.answer = function(name, type) return { "192.0.2.3" } end
---   local reply = rig:ask(rig.query("mini3.local."))
---   rig:close()
---
--- `rig:work()` steps the brain once: every miss is answered with the records that
--- `rig.answer` returns; with nothing returned it stays pending, in `rig.pending`.

local core = require("mlxresolve.core")
local dns_client = require("support.dns_client")

local STRIDE, TTL = 3, 300

local methods = {}
local mt = { __name = "support.front", __index = methods }

local front_rig = {}

---@param options table?  of core.front.open; `listen` has a default
function front_rig.open(options)
  options = options or {}
  options.listen = options.listen or { "127.0.0.1:0" }
  local cache = assert(core.cache.new {
    size = 4 * 1024 * 1024,
    min_ttl = 0,
    max_ttl = 86400,
    max_negative_ttl = 3600,
    stale = 0,
  })
  local front = assert(core.front.open(options, cache))
  return setmetatable({
    cache = cache,
    front = front,
    endpoint = front:addresses()[1],
    batch = {},
    pending = {},
    answer = function() end,
  }, mt)
end

--- A query packet.
---@param name string
---@param type string?
---@param fields table?  further fields of the message
---@return string
function front_rig.query(name, type, fields)
  local message = {
    id = 0x1234,
    recursion_desired = true,
    questions = { { name = name, type = type or "A", class = "IN" } },
  }
  for field, value in pairs(fields or {}) do
    message[field] = value
  end
  return assert(core.wire.encode(message))
end

function methods:put(name, type, records, age_ms)
  local answer = assert(core.answer.build(name, type, records, TTL))
  assert(self.cache:put(answer, core.now() - (age_ms or 0)))
end

--- Answers one miss that is pending.
function methods:reply(slot, name, type, records)
  local type_name = core.wire.type_name(type)
  self.front:answer(slot, assert(core.answer.build(name, type_name, records, TTL)))
end

--- Steps the brain once; returns how many misses came.
---@return integer
function methods:work()
  local items = self.front:step(core.now(), self.batch)
  for i = 0, items - 1 do
    local slot, name, type =
      self.batch[i * STRIDE + 1], self.batch[i * STRIDE + 2], self.batch[i * STRIDE + 3]
    local records = self.answer(name, type)
    if records then
      self:reply(slot, name, type, records)
    else
      self.pending[#self.pending + 1] = { slot = slot, name = name, type = type }
    end
  end
  self.front:flush()
  return items
end

--- Asks over UDP and returns the decoded reply, or nil when none came.
function methods:ask(packet, seconds)
  local raw = self:ask_raw(packet, seconds)
  return raw and assert(core.wire.decode(raw))
end

function methods:ask_raw(packet, seconds)
  local socket = dns_client.udp(self.endpoint)
  socket:send(packet)
  local reply = socket:receive(seconds, function()
    self:work()
  end)
  socket:close()
  return reply
end

--- Waits until so many misses are pending in the brain.
function methods:await_pending(count, seconds)
  return dns_client.wait(
    function()
      return #self.pending >= count
    end,
    seconds,
    function()
      self:work()
    end
  )
end

--- Waits until the front's own counter has reached a value.
function methods:await_stat(name, value, seconds)
  return dns_client.wait(function()
    return self.front:stats()[name] == value
  end, seconds)
end

function methods:close()
  self.front:close()
end

return front_rig
