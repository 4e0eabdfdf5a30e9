--- A scenario's network out of namespaces: links are bridges, hosts namespaces, responders
--- avahi-daemons. The steps that can be done for real, by the kernel's own tools.
---
---   local stage = require("stage").build(scenario)
---   stage:take(step)        -- nil, why: cannot be done here

local lans = require("support.lan")
local schema = require("mlxresolve.simulate.schema")

local stage = {}
local methods = {}
local mt = { __name = "reality.stage", __index = methods }

local QUESTIONS = { ask = true, keep_asking = true, never = true, quiet = true }
-- There are no DNS servers here; names of the link do not depend on them.
local IGNORED = { server = true, write = true }
local FILTER = [[
nft -f - <<'END'
table inet mlxt {
  chain in {
    type filter hook input priority 0
RULES
  }
}
END
]]

local function sorted(map)
  local names = {}
  for name in pairs(map) do
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

---------------------------------------------------------------- what can be done

local cannot = {
  sleep = "nobody can be put to sleep",
  set_clock = "the clock is the machine's",
}

--- Does a step change the network?
---@return boolean
function stage.changes(step)
  return not (QUESTIONS[step.verb] or IGNORED[step.verb])
end

--- Why a scenario cannot be done for real; nil when it can.
---@param scenario mlxresolve.Scenario
---@return string|nil
function stage.obstacle(scenario)
  for _, name in ipairs(sorted(scenario.hosts)) do
    for _, interface in pairs(scenario.hosts[name].interfaces) do
      if interface.kind == "tunnel" then
        return "there are no tunnels"
      end
    end
  end
  for _, step in ipairs(scenario.timeline) do
    local why = cannot[step.verb] or (step.verb == "wake" and cannot.sleep)
    if not why and step.announce == false then
      why = "avahi cannot be kept from speaking"
    end
    if why then
      return why
    end
  end
end

---------------------------------------------------------------- building

local function shell(self, text, ...)
  local command = text:format(...)
  if self.lan:switch(command) ~= 0 then
    error("this failed: " .. command, 2)
  end
end

local function set_addresses(self, interface, texts)
  local ns, name = interface.netns, interface.name
  local words = { ("ip -n %s addr flush dev %s scope global"):format(ns, name) }
  for _, text in ipairs(texts) do
    local is_ipv6 = text:find(":", 1, true)
    local more = is_ipv6 and "nodad" or "brd +"
    words[#words + 1] = ("ip -n %s addr add %s %s dev %s"):format(ns, text, more, name)
  end
  words[#words + 1] = ("ip -n %s route replace 224.0.0.0/4 dev %s 2>/dev/null || true"):format(
    ns,
    name
  )
  interface.addresses = texts
  shell(self, "%s", table.concat(words, " && "))
end

local function set_gateway(self, interface, gateway)
  if gateway then
    local text = "ip -n %s route replace default via %s dev %s"
    shell(self, text, interface.netns, gateway, interface.name)
  end
end

local function add_interface(self, host, name, given)
  self.ports = self.ports + 1
  local interface = {
    host = host,
    name = name,
    netns = self.lan.hosts[host].netns,
    port = "q" .. self.ports,
    link = given.link,
    is_up = given.up,
  }
  self.interfaces[host .. "/" .. name] = interface
  local ns = interface.netns
  shell(self, "ip link add %s type veth peer name %s netns %s", interface.port, name, ns)
  shell(self, "echo 1 >/proc/sys/net/ipv6/conf/%s/disable_ipv6", interface.port)
  shell(self, "ip netns exec %s sysctl -qw net.ipv6.conf.%s.accept_dad=0", ns, name)
  shell(self, "ip link set %s master br-%s", interface.port, given.link)
  shell(self, "ip -n %s link set %s up", ns, name)
  shell(self, "ip link set %s %s", interface.port, given.up and "up" or "down")
  set_addresses(self, interface, given.addresses)
  set_gateway(self, interface, given.gateway)
end

local function join(self, name, ends)
  self.bridges[name] = name .. "0"
  shell(self, "ip link add %s0 type veth peer name %s1", name, name)
  for i, link in ipairs(ends) do
    local port = name .. (i - 1)
    shell(self, "echo 1 >/proc/sys/net/ipv6/conf/%s/disable_ipv6", port)
    shell(self, "ip link set %s master br-%s up", port, link)
  end
end

local function start_responder(self, name)
  local given = self.scenario.hosts[name]
  if given.responder ~= "none" then
    local services = {}
    for i, service in ipairs(given.services) do
      services[i] = { name = service.instance or name, type = service.type, port = service.port }
    end
    self.daemons[name] = self.lan:avahi(name, given.name or name, { services = services })
  end
end

--- Builds everything, and waits until the responders have said who they are.
---@param scenario mlxresolve.Scenario
function stage.build(scenario)
  local names = sorted(scenario.hosts)
  local self = setmetatable({
    scenario = scenario,
    lan = lans.open(names, { ipv6 = false }),
    interfaces = {},
    bridges = {},
    daemons = {},
    ports = 0,
    links = {},
    groups = {},
  }, mt)
  for _, link in ipairs(sorted(scenario.links)) do
    self.links[link] = { loss = 0, multicast_loss = 0 }
    shell(self, "ip link add br-%s type bridge mcast_snooping 0 forward_delay 0 stp_state 0", link)
    shell(self, "ip link set br-%s up", link)
  end
  for i, name in ipairs(names) do
    local ns = self.lan.hosts[name].netns
    shell(
      self,
      "ip link del p%d; ip netns exec %s sysctl -qw %s %s",
      i,
      ns,
      "net.ipv6.conf.all.disable_ipv6=0",
      "net.ipv6.conf.default.disable_ipv6=0"
    )
    for _, interface in ipairs(sorted(scenario.hosts[name].interfaces)) do
      add_interface(self, name, interface, scenario.hosts[name].interfaces[interface])
    end
    if scenario.hosts[name].forwards then
      shell(self, "ip netns exec %s sysctl -qw net.ipv4.ip_forward=1", ns)
    end
  end
  for _, name in ipairs(sorted(scenario.bridges)) do
    join(self, name, scenario.bridges[name])
  end
  for _, link in ipairs(sorted(scenario.links)) do
    methods.change(self, setmetatable({ change = link }, { __index = scenario.links[link] }))
  end
  for _, name in ipairs(names) do
    if scenario.hosts[name].on then
      start_responder(self, name)
    end
  end
  return self
end

---------------------------------------------------------------- steps

local function set_port(self, interface, is_up)
  interface.is_up = is_up
  shell(self, "ip link set %s %s", interface.port, is_up and "up" or "down")
end

local function set_cable(self, text, is_up)
  if self.bridges[text] then
    return shell(self, "ip link set %s %s", self.bridges[text], is_up and "up" or "down")
  end
  set_port(self, self.interfaces[text], is_up)
end

function methods:unplug(step)
  set_cable(self, step.unplug, false)
end

function methods:plug(step)
  local interface = self.interfaces[step.plug]
  if step.link then
    set_port(self, interface, false)
    shell(self, "ip link set %s master br-%s", interface.port, step.link)
    interface.link = step.link
  end
  set_cable(self, step.plug, true)
end

-- In the background: it would hold up the steps that come after.
function methods:flap(step)
  local port = self.interfaces[step.flap].port
  local turn = "ip link set %s down; sleep %g; ip link set %s up; sleep %g"
  local once = turn:format(port, step.every / 1000, port, step.every / 1000)
  shell(self, "(for i in $(seq %d); do %s; done) &", step.times, once)
end

function methods:readdress(step)
  local interface = self.interfaces[step.readdress]
  set_addresses(self, interface, step.to)
  set_gateway(self, interface, step.gateway)
end

local function ports_of(self, host)
  local list = {}
  for _, interface in pairs(self.interfaces) do
    if interface.host == host then
      list[#list + 1] = interface
    end
  end
  return list
end

function methods:off(step)
  local daemon = self.daemons[step.off]
  self.daemons[step.off] = nil
  if daemon and step.goodbye then
    daemon:stop()
  end
  for _, interface in ipairs(ports_of(self, step.off)) do
    set_port(self, interface, false)
  end
  if daemon and not step.goodbye then
    daemon:signal("KILL")
  end
end

-- Ready as the simulated one is: its responder begins to probe now.
function methods:on(step)
  for _, interface in ipairs(ports_of(self, step.on)) do
    set_port(self, interface, true)
  end
  start_responder(self, step.on)
end

---------------------------------------------------------------- what gets lost

local function mac_of(self, interface)
  interface.mac = interface.mac
    or self.lan
      :exec(interface.host, { "cat", ("/sys/class/net/%s/address"):format(interface.name) }).out
      :match("%S+")
  return interface.mac
end

local function rules_for(self, interface)
  local rules, link = {}, self.links[interface.link]
  local function add(text, ...)
    rules[#rules + 1] = "    " .. text:format(...)
  end
  for field, what in pairs { loss = "", multicast_loss = "meta pkttype multicast " } do
    if link[field] > 0 then
      local share = math.floor(link[field] * 1000 + 0.5)
      local luck = share < 1000 and ("numgen random mod 1000 < %d "):format(share) or ""
      add("iifname %s %s%sdrop", interface.name, what, luck)
    end
  end
  local groups = self.groups[interface.link]
  for _, other in pairs(self.interfaces) do
    local is_apart = groups and groups[other.host] ~= groups[interface.host]
    if other.link == interface.link and other ~= interface and is_apart then
      add("iifname %s ether saddr %s drop", interface.name, mac_of(self, other))
    end
  end
  return table.concat(rules, "\n")
end

local function filter(self, link)
  for _, interface in pairs(self.interfaces) do
    if interface.link == link then
      local enter = "ip netns exec " .. interface.netns .. " "
      local text = FILTER:gsub("RULES", (rules_for(self, interface):gsub("%%", "%%%%")))
      shell(self, "%snft delete table inet mlxt 2>/dev/null; %s%s", enter, enter, text)
    end
  end
end

function methods:change(step)
  local link = self.links[step.change]
  local has_losses = link.loss + link.multicast_loss > 0
  link.loss = step.loss or link.loss
  link.multicast_loss = step.multicast_loss or link.multicast_loss
  if has_losses or link.loss + link.multicast_loss > 0 then
    filter(self, step.change)
  end
  if step.isolated ~= nil then
    for _, interface in pairs(self.interfaces) do
      local host = self.scenario.hosts[interface.host]
      if interface.link == step.change and not host.interfaces[interface.name].infrastructure then
        local word = step.isolated and "on" or "off"
        shell(self, "bridge link set dev %s isolated %s", interface.port, word)
      end
    end
  end
end

function methods:partition(step)
  self.groups[step.partition] = {}
  for number, group in ipairs(step.groups) do
    for _, host in ipairs(group) do
      self.groups[step.partition][host] = number
    end
  end
  filter(self, step.partition)
end

function methods:heal(step)
  self.groups[step.heal] = nil
  filter(self, step.heal)
end

---------------------------------------------------------------- use

--- Does what a step says; questions are somebody else's.
function methods:take(step)
  if stage.changes(step) then
    self[step.verb](self, step)
  end
end

--- Which addresses a name has now, as far as this side knows: those of the host that it is called
--- after, where no host calls itself otherwise.
---@return table<string, table<string, boolean>>
function methods:truth()
  local truth = {}
  for _, interface in pairs(self.interfaces) do
    local given = self.scenario.hosts[interface.host]
    local name = (given.name or interface.host):lower() .. ".local."
    truth[name] = truth[name] or {}
    for _, text in ipairs(interface.addresses) do
      truth[name][text:match("^[^/]+")] = interface.is_up
    end
  end
  return truth
end

function methods:close()
  self.lan:close()
end

for _, verb in ipairs(schema.verbs) do
  local is_known = QUESTIONS[verb] or IGNORED[verb] or cannot[verb] or methods[verb]
  assert(is_known or verb == "wake", verb)
end

return stage
