--- The packets of a run: told in its timeline, counted, and held against what hosts may send.

local core = require("mlxresolve.core")
local storms = require("mlxresolve.simulate.storm")

local packets = {}
local methods = {}
local mt = { __name = "mlxresolve.simulate.packets", __index = methods }

local function describe(data)
  local message = core.wire.decode(data)
  if not message then
    return #data .. " bytes"
  end
  local words = { message.response and "response" or "query" }
  for _, question in ipairs(message.response and {} or message.questions) do
    words[#words + 1] = question.type .. " " .. question.name
  end
  for _, list in ipairs { message.answers, message.additionals } do
    for _, record in ipairs(list) do
      words[#words + 1] = ("%s %s %s (%d s)"):format(
        record.name,
        record.type,
        record.data,
        record.ttl
      )
    end
  end
  return table.concat(words, " ")
end

local function check_quiet(self, host, link, to)
  local is_multicast = to:find("^22[4-9]%.") or to:find("^ff")
  if not is_multicast or not host.is_machine then
    return
  end
  for _, rule in ipairs(self.silent) do
    local is_meant = rule.interface.link == link and rule.interface.host == host
    if is_meant and self.run.world.clock.time <= rule.till then
      self.run:fail("multicast left on %s, where it is forbidden", rule.interface.name)
    end
  end
end

--- Watches all packets of a run.
---@param run table
---@param limit integer  packets a second that a host may send
function packets.watch(run, limit)
  local storm = storms.new(limit, function(host, count)
    run:fail("a storm: %s sent %d packets within a second", host.name, count)
  end)
  local self = setmetatable({ run = run, storm = storm, silent = {} }, mt)
  function run.world.net.on_packet(host, link, to, data)
    storm:count(host, run.world.clock.time)
    check_quiet(self, host, link, to)
    if run.timeline then
      run:note("%s > %s on %s: %s", host.name, to, link.name, describe(data))
    end
  end
  return self
end

--- From now on until `till` no multicast of the machine may leave over an interface.
---@param interface mlxresolve.SimInterface
---@param till number  ms, of the clock
function methods:silence(interface, till)
  self.silent[#self.silent + 1] = { interface = interface, till = till }
end

return packets
