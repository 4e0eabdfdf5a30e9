--- The program while its machine sleeps and its wall clock is set.

local clocks = require("support.clocks")
local daemons = require("support.daemon")
local lan = require("support.lan")

local TTL = 300

-- Counts how often it was asked, in its answer.
local POLICY = ([[
  cache = { max_ttl = "1d", persist = %%s },
  strategies = {
    use {
      name = "counter",
      resolve = function(self, query)
        self.asked = (self.asked or 0) + 1
        return query:answer({ a = "192.0.2." .. self.asked }, %d)
      end,
    },
  }]]):format(TTL)

describe("a machine whose clock is set", function()
  local net, machine, daemon

  setup(function()
    if not clocks.missing() then
      net, machine = lan.open { "master" }, clocks.new()
    end
  end)
  teardown(function()
    if net then
      net:close()
      machine:close()
    end
  end)

  local function start(persist)
    machine:sleep(0)
    machine:set(0)
    daemon = daemons.start(net, "master", POLICY:format(persist or "nil"), {
      env = machine:environment(),
    })
    assert.same({ "192.0.2.1" }, daemon:dig("a.example", "A").answers)
  end

  local function cpu()
    local run = net:exec("master", { "cat", ("/proc/%d/stat"):format(daemon.pid) })
    local user, system = run.out:match("%) " .. ("%S+ "):rep(11) .. "(%d+) (%d+)")
    return (tonumber(user) + tonumber(system)) / 100
  end

  after_each(function()
    if daemon then
      daemon:stop()
    end
  end)

  local JUMPS = {
    ["an hour forwards"] = 3600e3,
    ["two hours back"] = -7200e3,
    ["ten years forwards"] = 10 * 365 * 86400e3,
  }
  for name, ms in pairs(JUMPS) do
    for _, persist in ipairs { "nil", "cache" } do
      it(("keeps what it knows, and answers, %s: persist %s"):format(name, persist), function()
        if not net then
          return pending(clocks.missing())
        end
        local path = persist ~= "nil" and ("%q"):format(net:folder() .. "/" .. ms) or "nil"
        start(path)
        machine:set(ms)
        net:exec("master", { "sleep", "0.2" })
        local before = cpu()
        for _ = 1, 5 do
          local reply = daemon:dig("a.example", "A")
          assert.same({ "192.0.2.1" }, reply.answers)
          assert.is_true(reply.ttls[1] > TTL - 60, reply.ttls[1])
          assert.is_true(reply.ms < 1000, reply.ms)
        end
        assert.same({ "192.0.2.2" }, daemon:dig("b" .. ms .. ".example", "A").answers)
        net:exec("master", { "sleep", "0.5" })
        assert.is_true(cpu() - before < 0.25, cpu() - before)
      end)
    end
  end

  it("counts the time that the machine slept as time that passed", function()
    if not net then
      return pending(clocks.missing())
    end
    start()
    machine:sleep((TTL - 100) * 1000)
    assert.is_true(daemon:dig("a.example", "A").ttls[1] <= 100)
    machine:sleep((TTL + 100) * 1000)
    assert.same({ "192.0.2.2" }, daemon:dig("a.example", "A").answers)
  end)
end)
