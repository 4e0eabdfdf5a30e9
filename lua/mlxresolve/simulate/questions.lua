--- The questions of a scenario, and what their answers are held against: what is expected, and
--- what must hold for every answer whatever is expected.

local without_scope = require("mlxresolve.address").without_scope
local core = require("mlxresolve.core")
local prefixes = require("mlxresolve.simulate.prefixes")
local reach = require("mlxresolve.world.sim.reach")
local routes = require("mlxresolve.world.sim.routes")

local TOLERANCE = 1 -- ms past the deadline
local GRACE = 200 -- ms after which no address of a network that is gone may be told

local questions = {}
local methods = {}
local mt = { __name = "mlxresolve.simulate.questions", __index = methods }

---@param run table  { world, truth, resolver, fail(text), note(text) }
function questions.new(run)
  return setmetatable({
    run = run,
    world = run.scene.world,
    truth = run.scene.truth,
    prefixes = prefixes.watch(run.scene.world),
    forbidden = {},
    open = 0,
    asked = 0,
    waits = {},
  }, mt)
end

---------------------------------------------------------------- what must always hold

local function check_wait(self, one, ms)
  if ms > self.run.resolver.deadline + TOLERANCE then
    self.run:fail("%s was answered after %.0f ms, past the deadline", one.name, ms)
  end
end

local function is_loopback(address)
  return address == "::1" or address:find("^127%.") ~= nil
end

local function check_truth(self, one, addresses)
  for _, address in ipairs(addresses) do
    if not self.truth:ever_held(one.name, address) then
      local text = is_loopback(address) and "%s was said to have %s, an invented loopback"
        or "%s was said to have %s, which it never had"
      self.run:fail(text, one.name, address)
    end
  end
end

local leads_there

-- On a link of this machine: it may have said so itself just now, before there is a way to it.
local function is_near(self, one, address)
  local label = one.name:match("^([^.]+)%.")
  for _, interface in ipairs(self.world.me.interfaces) do
    local holder = interface.is_up and reach.holder(interface.link, address)
    if holder and reach.can_pass(interface, holder) and holder.host.label == label then
      return true
    end
  end
  return false
end

-- Unless a router leads there still, or the host is here.
local function check_withheld(self, one, addresses)
  for _, address in ipairs(one.name:find("%.local%.$") and addresses or {}) do
    local ms = self.prefixes:gone_for(without_scope(address))
    local may_be = ms and (leads_there(self, one, address) or is_near(self, one, address))
    if ms and ms > GRACE and not may_be then
      local text = "%s was said to have %s, but this machine left that network %.0f ms ago"
      self.run:fail(text, one.name, address, ms)
    end
  end
end

local function check_forbidden(self, one, addresses)
  local now = self.world.clock.time
  for _, rule in ipairs(self.forbidden) do
    if rule.name == one.name and now >= rule.from and now <= rule.till then
      for _, address in ipairs(addresses) do
        if without_scope(address) == rule.address then
          self.run:fail("%s was said to have %s, which is forbidden now", one.name, address)
        end
      end
    end
  end
end

--- From now until `till` no answer for the name may hold the address.
function methods:forbid(name, address, till)
  self.forbidden[#self.forbidden + 1] = {
    name = assert(core.name.canonical(name)),
    address = assert(core.address.parse(address)).address,
    from = self.world.clock.time,
    till = till,
  }
end

---------------------------------------------------------------- what is expected

function leads_there(self, one, address)
  local plain = without_scope(address)
  local scope = address:match("%%(.*)$")
  local index = scope and self.run.resolver:interface_index(scope)
  local path = routes.find(self.world.me, plain, index)
  if not path or not routes.is_open(path) then
    return false
  end
  local label = one.name:match("^([^.]+)%.local%.$")
  return not label or path.legs[#path.legs].to.host.label == label
end

local function is_own(self, address)
  for _, interface in ipairs(self.world:interfaces()) do
    for _, entry in ipairs(interface.addresses) do
      if entry.address == address then
        return true
      end
    end
  end
end

local expected = {}

function expected.anything()
  return true
end

function expected.nothing(_, _, addresses)
  return #addresses == 0, "expected no address"
end

-- Addresses outside of the network that is simulated have to be the name's, and no more.
function expected.right(self, one, addresses)
  local leads = false
  local is_host = one.name:find("%.local%.$")
  for _, address in ipairs(addresses) do
    if not self.truth:holds(one.name, address) then
      return false, ("it has %s"):format(table.concat(self.truth:list(one.name), " "))
    end
    leads = leads or not is_host or is_own(self, address) or leads_there(self, one, address)
  end
  return leads, #addresses > 0 and "none of these leads to it from here" or "expected an address"
end

function expected.exactly(_, one, addresses)
  local got = {}
  for i, address in ipairs(addresses) do
    got[i] = without_scope(address)
  end
  table.sort(got)
  table.sort(one.exactly)
  local text = table.concat(one.exactly, " ")
  return table.concat(got, " ") == text, "expected " .. text
end

---------------------------------------------------------------- asking

local function describe(addresses, status, message)
  if #addresses > 0 then
    return table.concat(addresses, " ")
  end
  return status or message or "nothing"
end

local ask_once

local function again(self, one)
  self.world.clock:after(one.every, function()
    if self.run.is_over then
      self.open = self.open - 1
    else
      ask_once(self, one)
    end
  end)
end

local function judge(self, one, addresses, said)
  local ok, why = expected[one.expect](self, one, addresses)
  local now = self.world.clock.time
  if ok and one.is_done_when_right then
    self.waits[one.position] = now - one.since
    self.open = self.open - 1
    local late = one.till and now - one.till or 0
    if late > TOLERANCE then
      self.run:fail("%s: right, but %.0f ms too late; got %s", one.name, late, said)
    end
  elseif one.till and now < one.till then
    if not ok and not one.is_done_when_right then
      self.run:fail("%s: %s; got %s", one.name, why, said)
    end
    again(self, one)
  else
    self.open = self.open - 1
    if not ok then
      local late = one.within and (" within %g s"):format(one.within / 1000) or ""
      self.run:fail("%s%s: %s; got %s", one.name, late, why, said)
    end
  end
end

function ask_once(self, one)
  local started = self.world:now()
  self.asked = self.asked + 1
  self.run:note("ask %s %s", one.name, one.type)
  self.run.resolver:resolve(one.name, { types = { one.type } }, function(result, message, code)
    local ms = self.world:now() - started
    if code == "ECANCELED" and self.run.is_over then
      self.open = self.open - 1
      return
    end
    local addresses = {}
    for i, entry in ipairs(result and result.addresses or {}) do
      addresses[i] = entry.address
    end
    local said = describe(addresses, result and result.status, message)
    local how = result and (result.stale and ", stale" or result.cached and ", cached") or ""
    self.run:note("answer %s: %s (%.0f ms%s)", one.name, said, ms, how)
    check_wait(self, one, ms)
    check_truth(self, one, addresses)
    check_withheld(self, one, addresses)
    check_forbidden(self, one, addresses)
    judge(self, one, addresses, said)
  end)
end

local function new_question(self, step, name)
  local one = {
    name = assert(core.name.canonical(name)),
    type = step.type,
    every = step.every,
    exactly = step.exactly,
    within = step.within,
    position = step.position,
    is_done_when_right = step.ask ~= nil,
    till = step.within and self.world.clock.time + step.within or false,
  }
  one.expect = step.exactly and "exactly" or step.expect or (step.ask and "right" or "anything")
  self.open = self.open + 1
  return one
end

--- `ask`: once, or until it is right or `within` is over.
---@param since number  ms, of the clock: the change that it is about
function methods:ask(step, since)
  local one = new_question(self, step, step.ask)
  one.since = since
  ask_once(self, one)
end

--- `keep_asking`: again and again until `till`.
---@param till number  ms, of the clock
function methods:keep_asking(step, till)
  local one = new_question(self, step, step.keep_asking)
  one.till = till
  ask_once(self, one)
end

return questions
