--- The networks that this machine is on, and what follows when it leaves one: an address of that
--- network which was heard on it cannot be right any more, and is withheld at once. It is kept, and
--- given back as suspect when the network returns. Also: whether there is any network at all.

local type_of = require("mlxresolve.address").type
local core = require("mlxresolve.core")
local networks = require("mlxresolve.onlink.networks")
local prune = require("mlxresolve.prune")
local query = require("mlxresolve.query")

-- Networks left are remembered, since a responder of the system may go on telling of them.
local MAX_LEFT = 32
local REMEMBERED = 600e3 -- ms
local PAGE = 500 -- entries

local NUMBERS = { A = query.type_numbers.A, AAAA = query.type_numbers.AAAA }

---@class mlxresolve.Onlink
---@field is_offline boolean  no interface but loopback is up and has an address, and one had
---  before: who never had a network does with what is on this machine, however slow that is
---@field left_count integer  networks left that are remembered
local Onlink = { __name = "mlxresolve.onlink" }
Onlink.__index = Onlink

local onlink = {}

---@param runtime table
---@return mlxresolve.Onlink
function onlink.new(runtime)
  local self = setmetatable({
    runtime = runtime,
    present = {},
    left = {},
    left_count = 0,
    is_offline = false,
    has_been_online = false,
  }, Onlink)
  self.interfaces = runtime.world:interfaces() or {}
  self.present, self.has_been_online = networks.present(self.interfaces)
  return self
end

---------------------------------------------------------------- which addresses are wrong

--- Is an address, heard on an interface (0: unknown), of this network (false: any) and of none that
--- is here?
local function is_wrong(self, address, index, network)
  if network.network and not core.address.is_within(address, network.network) then
    return false
  elseif network.is_link_local then
    return index == network.index
  end
  for _, here in pairs(self.present) do
    if core.address.is_within(address, here.network) then
      return false
    end
  end
  return true
end

-- Nobody tells where the system heard what it says of names of the link. What others say may lead
-- to a network over a router, or is the operator's own word.
local function is_heard_there(name, index, step, network)
  if index ~= 0 then
    return index == network.index
  end
  return step and step.is_native and query.is_under(name, "local.") or false
end

--- The positions of the addresses that may be right; nil when all may.
local function right_ones(self, addresses, index, network)
  local right = {}
  for i, address in ipairs(addresses) do
    if not is_wrong(self, address, index, network) then
      right[#right + 1] = i
    end
  end
  return #right < #addresses and right or nil
end

---------------------------------------------------------------- withholding

local function withhold_entry(self, entry, network)
  local runtime, now = self.runtime, self.runtime.world:now()
  local step = runtime.chain.by_hash[entry.strategy]
  local is_meant = NUMBERS[entry.type] and entry.status == "answer" and not entry.withheld
  if not is_meant or not is_heard_there(entry.name, entry.interface, step, network) then
    return false
  end
  local packet, age = runtime.cache:copy(entry.name, NUMBERS[entry.type], now, entry.purpose)
  local addresses = packet and core.answer.data(packet) or {}
  local right = right_ones(self, addresses, entry.interface, network)
  if not right then
    return false
  elseif #right > 0 and prune.shorten(runtime, entry, packet, age, right) then
    return true
  end
  local filter = { name = entry.name, type = entry.type, purpose = entry.purpose }
  return runtime.cache:mark(now, filter, { withheld = true }) > 0
end

-- Heard on nobody knows which interface.
local function withhold_unbound(self, entry, network)
  return entry.interface == 0 and withhold_entry(self, entry, network)
end

-- Page by page: a limit would leave the rest as it was. What is changed on the way keeps its place,
-- or stands as it should where it is met again.
local function each_entry(self, filter, fn, network)
  local cache, now, count = self.runtime.cache, self.runtime.world:now(), 0
  filter.from = 0
  repeat
    local rows, following = cache:list(now, filter, PAGE)
    for _, entry in ipairs(rows) do
      count = count + (fn(self, entry, network) and 1 or 0)
    end
    filter.from = following
  until not following
  return count
end

--- Withholds what a network that was left makes wrong; how many entries that concerned.
local function withhold(self, network)
  return each_entry(self, { interface = network.index }, withhold_entry, network)
    + each_entry(self, { suffix = "local." }, withhold_unbound, network)
end

local function give_back_entry(self, entry, network)
  local runtime, now = self.runtime, self.runtime.world:now()
  local number = NUMBERS[entry.type]
  local packet = number and runtime.cache:copy(entry.name, number, now, entry.purpose)
  for _, address in ipairs(packet and core.answer.data(packet) or {}) do
    if core.address.is_within(address, network.network) then
      local filter = { name = entry.name, type = entry.type, purpose = entry.purpose }
      runtime.cache:mark(now, filter, { withheld = false, suspect = true })
      return true
    end
  end
  return false
end

--- What was withheld for this network serves again, in doubt.
local function give_back(self, network)
  each_entry(self, { withheld = true }, give_back_entry, network)
end

--- After a start with what an earlier process has heard: it is in doubt, and withheld where this
--- machine is on no network that it fits.
---@return integer withheld
function Onlink:review()
  local runtime = self.runtime
  local now, withheld = runtime.world:now(), 0
  for _, interface in ipairs(self.interfaces) do
    if interface.kind ~= "loopback" then
      runtime.cache:mark(now, { interface = interface.index }, { suspect = true })
      withheld = withheld + withhold(self, { index = interface.index, network = false })
    end
  end
  runtime.doubted_at = now
  return withheld
end

---------------------------------------------------------------- keeping up

local function remember(self, key, network, now)
  if not self.left[key] then
    if self.left_count >= MAX_LEFT then
      self.left, self.left_count = {}, 0
    end
    self.left_count = self.left_count + 1
  end
  network.left_at = now
  self.left[key] = network
end

local function forget(self, key)
  if self.left[key] then
    self.left[key] = nil
    self.left_count = self.left_count - 1
  end
end

--- Looks at the interfaces anew, and withholds and gives back what follows. The networks that were
--- left and that came, and how many entries are withheld now that were not before.
---@param interfaces mlxresolve.Interface[]
---@param restless table<integer, boolean>|nil  indexes of those whose link comes and goes
---@return mlxresolve.OnlinkNetwork[] left, mlxresolve.OnlinkNetwork[] come, integer withheld
function Onlink:update(interfaces, restless)
  local now = self.runtime.world:now()
  local before = self.present
  local here, is_online = networks.present(interfaces)
  if restless then
    networks.hold(before, here, restless)
  end
  self.has_been_online = self.has_been_online or is_online
  self.present, self.is_offline = here, self.has_been_online and not is_online
  self.interfaces = interfaces
  local left, come, withheld = {}, {}, 0
  for i, gone in ipairs(networks.missing(before, here)) do
    left[i] = gone.network
    remember(self, gone.key, gone.network, now)
    withheld = withheld + withhold(self, gone.network)
  end
  for i, new in ipairs(networks.missing(here, before)) do
    come[i] = new.network
    forget(self, new.key)
    give_back(self, new.network)
  end
  return left, come, withheld
end

-- What a host says on the link now may be reached over a router, if there is one.
local function is_routed(self, step, type)
  if step.node.plugin_name ~= "mdns" then
    return false
  end
  for _, interface in ipairs(self.interfaces) do
    for _, gateway in ipairs(interface.up and interface.gateways or {}) do
      local family = type_of(gateway)
      if family == type then
        return true
      end
    end
  end
  return false
end

--- An answer without the addresses that cannot be right, as a network was left not long ago: the
--- answer itself when there are none, nil when nothing is left of it.
---@param answer mlxresolve.Answer
---@param step mlxresolve.Step  whose answer it is
---@param type string
---@return mlxresolve.Answer|nil
function Onlink:strip(answer, step, type)
  if not NUMBERS[type] or answer.status ~= "answer" or is_routed(self, step, type) then
    return answer
  end
  local now = self.runtime.world:now()
  for key, network in pairs(self.left) do
    if now - network.left_at > REMEMBERED then
      forget(self, key)
    elseif is_heard_there(answer.name, answer.interface or 0, step, network) then
      local right = right_ones(self, answer:data(), answer.interface or 0, network)
      if right and #right == 0 then
        return nil
      end
      answer = right and answer:reorder(right) or answer
    end
  end
  return answer
end

return onlink
