--- What the simulated machine asks: DNS servers, through the core's own machine for one exchange,
--- so that what is tested is what runs; and getaddrinfo, from a table.

local core = require("mlxresolve.core")
local routes = require("mlxresolve.world.sim.routes")

local RCODES = { "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED" }
local TCP_ONLY, NO_EDNS, NO_RECURSION = 1, 2, 4
local MDNS = 5353

---@class mlxresolve.SimWorld
local lookups = {}

---------------------------------------------------------------- exchanges

local Exchange = {}
Exchange.__index = Exchange

-- Results have the shape of the real world's.
function Exchange:finish(answer, status, ttl, rcode)
  local world = self.world
  if self.timer then
    world.clock:cancel(self.timer)
  end
  self.is_over = true
  self:close()
  local ok, message, code = self.machine:result()
  if not ok then
    return world:complete(self.number, nil, ("%s: %s"):format(self.server, message), code)
  elseif status == "failure" then
    local name = RCODES[rcode] or "rcode " .. tostring(rcode)
    local reason = "E" .. name:gsub("%s", ""):upper()
    return world:complete(self.number, nil, ("%s said %s"):format(self.server, name), reason)
  end
  world:complete(self.number, answer, status, ttl, world:now() - self.started)
end

local function on_time(exchange)
  exchange.timer = false
  exchange:act(exchange.machine:time(exchange.world:now()))
end

function Exchange:fail(code)
  if not self.is_over then
    self:act(self.machine:fail(code, self.world:now()))
  end
end

--- A message arrived for the port that this was asked from.
function Exchange:message(from, packet)
  if not self.is_over and self.world.operations[self.number] then
    self:act(self.machine:message(from, packet, self.world:now()))
  end
end

function Exchange:close()
  if self.socket then
    self.socket:close()
    self.socket = false
  end
end

-- A responder is asked from a port of its own, as by any other program that is no responder
-- (RFC 6762 section 6.7).
local function ask_responder(self, query, path)
  self:close()
  local bind = self.address:find(":", 1, true) and "[::]:0" or "0.0.0.0:0"
  self.socket = self.world:udp({ bind = bind }, function(data)
    self:message(self.server, data)
  end)
  self.socket:send(query, self.server, path.legs[1].from.index)
end

function Exchange:send(is_tcp)
  local world = self.world
  local path, code = routes.to(world.me, self.address)
  if not path then
    world.clock:after(0, self.fail, self, code)
    return
  end
  local query = self.machine:query()
  if self.port == MDNS and path.legs[#path.legs].to and path.legs[#path.legs].to.host.responder then
    return ask_responder(self, query, path)
  end
  world:meet(path.legs[1])
  world.net:note_packet(world.me, path.legs[1].from.link, self.server, query)
  local function reply(packet, from)
    local last = path.legs[#path.legs]
    world.net:note_packet(last.to.host, last.from.link, world.me.name, packet)
    routes.send(world.net, path, true, function()
      self:message(from or self.server, packet)
    end)
  end
  local function refuse()
    routes.send(world.net, path, true, function()
      self:fail("ECONNREFUSED")
    end)
  end
  routes.send(world.net, path, false, function()
    local server = path.legs[#path.legs].to.host.server
    if server then
      server:ask(query, is_tcp, reply, refuse)
    else
      refuse()
    end
  end)
end

function Exchange:act(action, answer, status, ttl, rcode)
  local world = self.world
  if not world.operations[self.number] then
    return
  elseif action == "done" then
    return self:finish(answer, status, ttl, rcode)
  elseif action == "send_udp" or action == "send_tcp" then
    self:send(action == "send_tcp")
  end
  if self.timer then
    world.clock:cancel(self.timer)
  end
  local ms = math.max(0, self.machine:deadline() - world:now())
  self.timer = world.clock:after(ms, on_time, self)
  world.operations[self.number].event = self.timer
end

local function has(flags, flag)
  return flags % (flag * 2) >= flag
end

local function with_port(server)
  local parsed = core.address.parse(server)
  if not parsed then
    return nil
  end
  local form, port = parsed.family == "ipv6" and "[%s]:%d" or "%s:%d", parsed.port or 53
  return form:format(parsed.address, port), parsed.address, port
end

function lookups:exchange(waiter, server, name, type, timeout, flags)
  flags = flags or 0
  local endpoint, address, port = with_port(server)
  if not endpoint then
    return nil, server .. ": no address", "ETEXT"
  end
  local started, action = core.exchange.new(endpoint, name, core.wire.type_name(type), {
    timeout = math.max(1, math.floor(timeout)),
    tcp = has(flags, TCP_ONLY),
    udp_size = has(flags, NO_EDNS) and 0 or nil,
    recurse = not has(flags, NO_RECURSION),
    id = self.chance:draw(65536) - 1,
  }, self:now())
  if not started then
    return nil, action, "EINVAL"
  end
  local exchange = setmetatable({
    world = self,
    server = endpoint,
    address = address,
    port = port,
    socket = false,
    machine = started,
    started = self:now(),
    number = self:new_operation(waiter),
    timer = false,
    is_over = false,
  }, Exchange)
  self.operations[exchange.number].exchange = exchange
  exchange:act(action)
  return exchange.number
end

---------------------------------------------------------------- getaddrinfo and dns_sd

function lookups:native(waiter, name, family, deadline)
  local known = self.names[name] or {}
  if known == "stuck" then
    return self:begin(waiter, math.max(0, deadline - self:now()), function()
      return nil, "nobody answered in time", "ETIMEOUT"
    end)
  end
  local found = {}
  for _, address in ipairs(known) do
    if family == 0 or (family == 6) == (address:find(":", 1, true) ~= nil) then
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

function lookups:dns_sd() -- luacheck: ignore 212
  return nil, "there is no dns_sd here", "ENOTSUP"
end

---------------------------------------------------------------- echoes

--- Every host that is awake and can be reached echoes; where a packet is lost there is silence.
function lookups:echo(waiter, address)
  local path, code = routes.to(self.me, address)
  if not path then
    return nil, address .. ": network is unreachable", code
  end
  local number, started = self:new_operation(waiter), self:now()
  self:meet(path.legs[1])
  self.net:note_packet(self.me, path.legs[1].from.link, address, "echo")
  routes.send(self.net, path, false, function()
    routes.send(self.net, path, true, function()
      self:complete(number, self:now() - started)
    end)
  end)
  return number
end

---------------------------------------------------------------- programs

function lookups:run(_, argv) -- luacheck: ignore 212
  return nil, argv[1] .. ": no such program in a simulated world", "ENOENT"
end

return lookups
