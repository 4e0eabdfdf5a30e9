--- A world with a virtual clock and scripted answers: nothing leaves the process, and an hour
--- passes in no time. Time moves only in `advance` and `settle`.

local virtual = {}
local methods = {}
local mt = { __name = "mlxresolve.world.virtual", __index = methods }

---@class mlxresolve.VirtualWorld: mlxresolve.World
---@field files table<string, string>        path → text
---@field environment table<string, string>
---@field servers table<string, function>    address → fn(name, type number, world) → see `exchange`
---@field names table<string, string[]>      what getaddrinfo knows: canonical name → addresses
---@field links mlxresolve.Interface[]
---@field neighbour_table mlxresolve.Neighbour[]
---@field lines string[]                     what was logged, "level: text"
---@field sent table[]                       datagrams: { packet, to, interface, socket, at }
---@field asked table[]                      exchanges: { server, name, type, at }
---@param options { seed: integer?, start: number? }?
---@return mlxresolve.VirtualWorld
function virtual.new(options)
  options = options or {}
  return setmetatable({
    host = false,
    time = options.start or 1000,
    started = options.start or 1000,
    epoch = 1750000000,
    state = options.seed or 1,
    due = false,
    operations = {},
    last_operation = 0,
    files = {},
    stamps = {},
    environment = {},
    servers = {},
    targets = {},
    names = {},
    links = {},
    neighbour_table = {},
    lines = {},
    sent = {},
    asked = {},
    sockets = {},
    watchers = {},
    name = "here",
  }, mt)
end

---------------------------------------------------------------- time and chance

function methods:now()
  return self.time
end

function methods:date()
  return self.epoch + (self.time - self.started) / 1000
end

--- Park and Miller's generator: the same seed gives the same run everywhere.
function methods:random(n)
  self.state = (self.state * 48271) % 2147483647
  local fraction = self.state / 2147483647
  return n and math.floor(fraction * n) + 1 or fraction
end

function methods:wake_at(at)
  self.due = at or false
end

--- When something happens next: a wake-up of the host or the end of an operation.
local function next_event(self)
  local at, number = self.due, false
  for id, operation in pairs(self.operations) do
    local is_earlier = not at or operation.at < at
    if is_earlier or (number and operation.at == at and id < number) then
      at, number = operation.at, id
    end
  end
  return at, number
end

local function happen(self, at, number)
  self.time = math.max(self.time, at)
  if number then
    local operation = self.operations[number]
    self.operations[number] = nil
    operation.waiter:wake(operation.run(self))
  end
  self.due = false
  self.host:run(self.time)
end

--- Lets `ms` pass, and everything happen in it.
---@param ms number
function methods:advance(ms)
  local stop = self.time + ms
  for _ = 1, 1e6 do
    local at, number = next_event(self)
    if not at or at > stop then
      self.time = stop
      return
    end
    happen(self, at, number)
  end
  error("the virtual world does not come to rest", 2)
end

--- Lets time pass until `is_done()` is true or nothing more will happen; returns the ms that
--- passed.
---@param is_done (fun(): boolean)?
---@param most number?  ms; an hour when absent
function methods:settle(is_done, most)
  local start = self.time
  local stop = start + (most or 3600e3)
  for _ = 1, 1e6 do
    if is_done and is_done() then
      return self.time - start
    end
    local at, number = next_event(self)
    if not at or at > stop then
      return self.time - start
    end
    happen(self, at, number)
  end
  error("the virtual world does not come to rest", 2)
end

--- Wakes `waiter` after `delay` ms with what `run(world)` returns.
local function begin(self, waiter, delay, run)
  self.last_operation = self.last_operation + 1
  self.operations[self.last_operation] = {
    waiter = waiter,
    at = self.time + (delay or 0),
    run = run,
  }
  return self.last_operation
end

function methods:cancel(_, operation)
  self.operations[operation] = nil
end

---------------------------------------------------------------- questions

--- A server is a function (name, type, world) that returns the packet of a canonical answer,
--- its status and TTL, and optionally a delay in ms; or nil, message, code, delay. Where there
--- is none, there is silence.
function methods:exchange(waiter, server, name, type, timeout)
  self.asked[#self.asked + 1] = { server = server, name = name, type = type, at = self.time }
  local answer = self.servers[server] or self.servers[(server:gsub(":53$", ""))]
  if not answer then
    return begin(self, waiter, timeout, function()
      return nil, "no answer from " .. server, "ETIMEOUT"
    end)
  end
  local packet, status, ttl, delay = answer(name, type, self)
  delay = delay or 1
  if delay >= timeout then
    return begin(self, waiter, timeout, function()
      return nil, "no answer from " .. server, "ETIMEOUT"
    end)
  end
  return begin(self, waiter, delay, function()
    return packet, status, ttl, packet and delay or nil
  end)
end

function methods:native(waiter, name, family, deadline)
  local known = self.names[name]
  if known == "stuck" then
    return begin(self, waiter, deadline - self.time, function()
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
  return begin(self, waiter, 1, function()
    if #found == 0 then
      return nil, "name or service not known", "ENOTFOUND"
    end
    return found
  end)
end

function methods:dns_sd(waiter)
  return begin(self, waiter, 0, function()
    return nil, "no dns_sd here", "ENOTSUP"
  end)
end

---------------------------------------------------------------- streams

local stream_mt = {
  __name = "mlxresolve.world.virtual.stream",
  __index = {
    read = function(self, waiter)
      return begin(self.world, waiter, 1, function()
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
--- to `incoming` what is to be read.
function methods:connect(waiter, target)
  local on_write = self.targets[target]
  return begin(self, waiter, 1, function()
    if not on_write then
      local code = target:sub(1, 1) == "/" and "ENOENT" or "ECONNREFUSED"
      return nil, target .. ": nobody listens", code
    end
    return setmetatable({ world = self, incoming = {}, on_write = on_write }, stream_mt)
  end)
end

---------------------------------------------------------------- datagrams and interfaces

local socket_mt = {
  __name = "mlxresolve.world.virtual.socket",
  __index = {
    send = function(self, packet, to, interface)
      local world = self.world
      local sent = { packet = packet, to = to, interface = interface, socket = self }
      sent.at = world.time
      world.sent[#world.sent + 1] = sent
      if world.on_send then
        world.on_send(sent)
      end
      return true
    end,
    join = function(self, group, interface)
      self.groups[group .. "%" .. interface] = true
      return true
    end,
    leave = function(self, group, interface)
      self.groups[group .. "%" .. interface] = nil
      return true
    end,
    address = function(self)
      return self.options.bind
    end,
    close = function(self)
      self.is_closed = true
      self.world.sockets[self] = nil
    end,
  },
}

function methods:udp(options, on_datagram)
  local refused = self.refuse_udp and self.refuse_udp(options)
  if refused then
    return nil, options.bind .. ": address already in use", refused
  end
  local socket = setmetatable({
    world = self,
    options = options,
    on_datagram = on_datagram,
    groups = {},
    is_closed = false,
  }, socket_mt)
  self.sockets[socket] = true
  return socket
end

--- Hands a datagram to a socket after `delay` ms.
function methods:deliver(socket, delay, data, from, port, interface, to, hops)
  begin(self, { wake = function() end }, delay, function()
    if not socket.is_closed then
      socket.on_datagram(data, from, port, interface or 0, to or false, hops or 255)
    end
  end)
end

function methods:interfaces()
  return self.links
end

function methods:neighbours()
  return self.neighbour_table
end

function methods:watch_network(on_events)
  local watcher = { on_events = on_events }
  self.watchers[#self.watchers + 1] = watcher
  function watcher.close()
    watcher.on_events = false
  end
  return watcher
end

--- Reports network events, as core.netif does, at once.
---@param events table[]
function methods:network(events)
  for _, watcher in ipairs(self.watchers) do
    if watcher.on_events then
      watcher.on_events(events)
    end
  end
  self:advance(0)
end

---------------------------------------------------------------- files and the rest

function methods:read_file(path)
  local text = self.files[path]
  if not text then
    return nil, path .. ": no such file", "ENOENT"
  end
  return text
end

function methods:file_stamp(path)
  local text = self.files[path]
  return text and ("%d:%s"):format(#text, text) or nil
end

function methods:list_folder(path)
  local found = {}
  for file in pairs(self.files) do
    local folder, entry = file:match("^(.*)/([^/]*)$")
    if folder == path then
      found[#found + 1] = entry
    end
  end
  table.sort(found)
  return found
end

function methods:env(name)
  return self.environment[name]
end

function methods:hostname()
  return self.name
end

function methods:log(level, text)
  self.lines[#self.lines + 1] = level .. ": " .. text
end

function methods:close() -- luacheck: ignore 212
end

return virtual
