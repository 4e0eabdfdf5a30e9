--- Many hosts on one simulated link, each an engine of ours in a virtual world of its own: clocks
--- that go together, packets that arrive everywhere.
---
---   local crowd = require("crowd").new()
---   local host = crowd:add()          -- { engine, scheduler, world, address }
---   crowd:advance(60e3)
---   print(crowd.packets)              -- sent on the link so far

local bed = require("support.mdns_bed")
local engine = require("mlxresolve.mdns.engine")
local schedulers = require("mlxresolve.scheduler")
local virtual = require("mlxresolve.world.virtual")

local LATENCY = 0.2 -- ms
local GROUP = "224.0.0.251"

local crowd = {}
local methods = {}
local mt = { __name = "bench.crowd", __index = methods }

---@return table
function crowd.new()
  return setmetatable(
    { now = 1000, heap = {}, hosts = {}, by_address = {}, packets = 0, bytes = 0 },
    mt
  )
end

---------------------------------------------------------------- what happens next

local function push(self, at, host, packet, from)
  local heap = self.heap
  local i = #heap + 1
  heap[i] = { at = at, host = host, packet = packet, from = from }
  while i > 1 do
    local parent = math.floor(i / 2)
    if heap[parent].at <= heap[i].at then
      return
    end
    heap[parent], heap[i], i = heap[i], heap[parent], parent
  end
end

local function pop(self)
  local heap = self.heap
  local first, count = heap[1], #heap
  heap[1] = heap[count]
  heap[count] = nil
  count = count - 1
  local i = 1
  while true do
    local least = i
    for child = 2 * i, 2 * i + 1 do
      if child <= count and heap[child].at < heap[least].at then
        least = child
      end
    end
    if least == i then
      return first
    end
    heap[least], heap[i], i = heap[i], heap[least], least
  end
end

---------------------------------------------------------------- hosts

local function link_of(address)
  return bed.interface { addresses = { bed.address(address, 16) } }
end

local function on_send(self, host, sent)
  local to, port = sent.to:match("^(.*):(%d+)$")
  self.packets, self.bytes = self.packets + 1, self.bytes + #sent.packet
  local from =
    { address = host.address, port = sent.socket.options.share and 5353 or 40000, to = to }
  from.to_port = tonumber(port)
  if to == GROUP then
    for _, one in ipairs(self.hosts) do
      push(self, self.now + LATENCY, one, sent.packet, from)
    end
  elseif self.by_address[to] then
    push(self, self.now + LATENCY, self.by_address[to], sent.packet, from)
  end
end

local function arm(self, world, at)
  world.armed = at
  push(self, at, world.owner)
end

local function wake_at(world, at)
  world.due = at or false
  if at and (not world.armed or at < world.armed) then
    arm(world.crowd, world, math.max(at, world.time))
  end
end

--- Adds a host.
---@return table
function methods:add()
  local number = #self.hosts + 1
  local address = ("10.98.%d.%d"):format(math.floor(number / 250), number % 250 + 1)
  local world = virtual.new { seed = number, start = self.now }
  local host = { number = number, address = address, world = world, work = 0 }
  world.crowd, world.owner, world.armed = self, host, false
  world.name = "h" .. number
  world.links = { link_of(address) }
  world.wake_at = wake_at
  world.sent = setmetatable({}, { __newindex = function() end })
  world.lines = setmetatable({}, { __newindex = function() end })
  function world.on_send(sent)
    on_send(self, host, sent)
  end
  host.scheduler = schedulers.new(world)
  host.engine = engine.new { world = world, scheduler = host.scheduler }
  self.hosts[number], self.by_address[address] = host, host
  return host
end

--- Takes the first host away, as if it had never been: what it held is garbage then.
function methods:drop_first()
  local host = table.remove(self.hosts, 1)
  self.by_address[host.address] = nil
  local kept = {}
  for _, event in ipairs(self.heap) do
    if event.host ~= host then
      kept[#kept + 1] = event
    end
  end
  -- in the order of time a list is a heap as well
  table.sort(kept, function(a, b)
    return a.at < b.at
  end)
  self.heap = kept
end

---------------------------------------------------------------- time

local function receive(host, event)
  local from, meant = event.from, {}
  for socket in pairs(host.world.sockets) do
    local is_ipv4 = socket.options.bind:find("0.0.0.0", 1, true)
    if is_ipv4 and (from.to_port == 5353) == (socket.options.share or false) then
      meant[#meant + 1] = socket
    end
  end
  for _, socket in ipairs(meant) do
    socket.on_datagram(event.packet, from.address, from.port, 2, from.to, 255)
  end
end

local function happen(host, event)
  local began = os.clock()
  host.world.time = event.at
  if event.packet then
    receive(host, event)
  end
  host.world.host:run(event.at)
  host.work = host.work + os.clock() - began
end

-- A wake-up may have been put off since it was asked for, or brought forward.
local function wake(self, host, event)
  local world = host.world
  if world.armed ~= event.at then
    return
  end
  world.armed = false
  if world.due and world.due <= event.at then
    happen(host, event)
  elseif world.due then
    arm(self, world, world.due)
  end
end

--- Lets `ms` pass everywhere.
---@param ms number
function methods:advance(ms)
  local stop = self.now + ms
  while self.heap[1] and self.heap[1].at <= stop do
    local event = pop(self)
    self.now = event.at
    if event.packet then
      happen(event.host, event)
    else
      wake(self, event.host, event)
    end
  end
  self.now = stop
  for _, host in ipairs(self.hosts) do
    host.world.time = stop
  end
end

return crowd
