--- What the steps of a scenario do to its network.

---@class mlxresolve.SimScene
local changes = {}

--- An interface by its name in scenarios, "mini2/eth0".
---@param text string
---@return mlxresolve.SimInterface|nil
function changes:interface(text)
  local host, name = text:match("^([^/]+)/(.+)$")
  for _, interface in ipairs(self.world.net.by_name[host].interfaces) do
    if interface.name == name then
      return interface
    end
  end
end

---------------------------------------------------------------- cables

-- A tunnel comes and goes with its cable.
local function set_presence(self, interface, is_up)
  interface.is_up, interface.is_there = is_up, is_up
  self:tell_truth(interface.host)
  if interface.host.is_machine then
    self.world:presence_changed(interface)
  end
end

local function set_carrier(self, interface, is_up, announces)
  if interface.is_up == is_up then
    return
  elseif interface.kind == "tunnel" then
    return set_presence(self, interface, is_up)
  end
  interface.is_up = is_up
  local host = interface.host
  if host.is_machine then
    self.world:carrier_changed(interface)
  elseif host.responder then
    host.responder:carrier_changed(interface, announces)
  end
end

--- The name of a bridge, or of an interface.
local function set_cable(self, text, is_up, announces)
  if self.world.net.bridges[text] then
    return self.world.net:set_bridge(text, is_up)
  end
  set_carrier(self, self:interface(text), is_up, announces)
end

function changes:unplug(step)
  set_cable(self, step.unplug, false)
end

function changes:plug(step)
  local interface = step.link and self:interface(step.plug)
  if interface and step.link ~= interface.link.name then
    set_carrier(self, interface, false)
    self.world.net:connect(interface, step.link)
  end
  set_cable(self, step.plug, true, step.announce)
end

function changes:flap(step)
  local interface, clock = self:interface(step.flap), self.world.clock
  for i = 1, step.times do
    clock:after((2 * i - 2) * step.every, set_carrier, self, interface, false)
    clock:after((2 * i - 1) * step.every, function()
      set_carrier(self, interface, true, step.announce)
    end)
  end
end

---------------------------------------------------------------- addresses

local function minus(entries, others)
  local has, gone = {}, {}
  for _, entry in ipairs(others) do
    has[entry.address] = true
  end
  for _, entry in ipairs(entries) do
    if not has[entry.address] then
      gone[#gone + 1] = entry
    end
  end
  return gone
end

function changes:readdress(step)
  local interface = self:interface(step.readdress)
  local host = interface.host
  local before = { addresses = interface.addresses, gateway = interface.gateway }
  self.world.net:set_addresses(interface, step.to)
  if step.gateway ~= nil then
    interface.gateway = step.gateway
  end
  if host.is_machine then
    return self.world:addresses_changed(interface, before)
  elseif host.responder then
    if step.goodbye then
      host.responder:say_goodbye(interface, minus(before.addresses, interface.addresses))
    end
    if step.announce ~= false then
      host.responder:renew(interface)
    end
  end
end

---------------------------------------------------------------- hosts

local function each_interface(host, fn)
  for _, interface in ipairs(host.responder and host.interfaces or {}) do
    fn(host.responder, interface)
  end
end

function changes:sleep(step)
  local host = self.world.net.by_name[step.sleep]
  if host.is_machine then
    return self.world:fall_asleep()
  end
  host.is_asleep = true
end

function changes:wake(step)
  local host = self.world.net.by_name[step.wake]
  if host.is_machine then
    return self.world:wake_up()
  end
  host.is_asleep = false
  if step.announce ~= false then
    each_interface(host, function(responder, interface)
      responder:renew(interface)
    end)
  end
end

function changes:off(step)
  local host = self.world.net.by_name[step.off]
  each_interface(host, function(responder, interface)
    if step.goodbye then
      responder:say_goodbye(interface, interface.addresses)
    end
    responder:leave(interface)
  end)
  -- What is said last has to leave before the power is off.
  self.world.clock:after(10, function()
    host.is_on = false
    if host.responder then
      host.responder:forget()
    end
    self:tell_truth(host)
  end)
end

function changes:on(step)
  local host = self.world.net.by_name[step.on]
  host.is_on = true
  each_interface(host, function(responder, interface)
    if step.announce ~= false then
      responder:claim(interface)
    else
      responder.claimed = responder.records.label
      responder:place(interface).is_ready = true
    end
  end)
  self:tell_truth(host)
end

function changes:set_clock(step)
  self.world:set_clock(step.jump)
end

---------------------------------------------------------------- links, servers, files

local LINK_FIELDS = {
  "delay",
  "jitter",
  "loss",
  "multicast_loss",
  "duplicate",
  "reorder",
  "isolated",
  "snooping",
}

function changes:change(step)
  local link = self.world.net.links[step.change]
  for _, field in ipairs(LINK_FIELDS) do
    if step[field] ~= nil then
      link[field] = step[field]
    end
  end
end

function changes:partition(step)
  local groups = {}
  for number, group in ipairs(step.groups) do
    for _, name in ipairs(group) do
      groups[name] = number
    end
  end
  self.world.net.links[step.partition].groups = groups
end

function changes:heal(step)
  self.world.net.links[step.heal].groups = false
end

function changes:server(step)
  local server = self.world.net.by_name[step.server].server
  server.mode = step.mode or server.mode
  if step.records then
    server:set_records(step.records)
  end
end

function changes:write(step)
  self.world.files[step.write] = step.text
end

return changes
