local bed = require("support.bed")
local core = require("mlxresolve.core")
local mlx = require("mlxresolve")
local sim_bed = require("support.sim_bed")

describe("plugin verify", function()
  local POLICY = [[
    local mlx = require("mlxresolve")
    local use = mlx.use
    return mlx.policy {
      cache = { stale = "1d" },
      strategies = { use("mdns", { zones = { "local" } }) },
      reactions = { use("verify", { %s }) },
    }]]

  local function run(timeline, options)
    return sim_bed.run(timeline, {
      policy = POLICY:format(options or ""),
      with_timeline = true,
      seed = 3,
    })
  end

  -- Entries of a timeline that match, from `first` to `last` s.
  local function count(outcome, pattern, first, last)
    local n = 0
    for _, entry in ipairs(outcome.timeline) do
      local is_within = entry.at >= (first or 0) * 1000 and entry.at < (last or math.huge) * 1000
      n = n + (is_within and entry.text:find(pattern) and 1 or 0)
    end
    return n
  end

  it("finds a host that moved without a word before anybody asks", function()
    local outcome = run([[
      { at = "1s", ask = "mini2.local" },
      { at = "10s", readdress = "mini2/eth0", to = { "192.0.2.22/24" }, announce = false },
      { at = "12s", ask = "mini2.local", expect = "right" }]])
    assert.same({}, sim_bed.texts(outcome))
    assert.equal(1, count(outcome, "^answer mini2.local.: 192.0.2.22 %(0 ms, cached%)"))
  end)

  it("asks each host alone, once in each interval", function()
    local outcome = run([[
      { at = "1s", ask = "mini2.local" },
      { at = "30s", ask = "mini2.local" }]])
    assert.equal(20, count(outcome, "^mini1 > 192.0.2.2 .* query A", 5, 25))
    assert.equal(0, count(outcome, "^mini1 > 224.0.0.251", 5, 25))
  end)

  it("sends nothing about a name that nobody has asked for within a minute", function()
    local outcome = run([[
      { at = "1s", ask = "mini2.local" },
      { at = "200s", ask = "mini2.local" }]])
    assert.is_true(count(outcome, "^mini1 > .* query", 30, 40) > 0)
    assert.equal(0, count(outcome, "^mini1 > .* query", 90, 199))
  end)

  it("asks the link once about a host that is gone, and then ever more seldom", function()
    local outcome = run([[
      { at = "1s", ask = "mini2.local" },
      { at = "5s", off = "mini2" },
      { at = "60s", ask = "mini2.local", expect = "nothing" }]])
    assert.is_true(count(outcome, "^mini1 > 224.0.0.251", 5, 9) >= 1)
    assert.is_true(count(outcome, "^mini1 > ", 9, 59) <= 30)
  end)

  it("keeps a name whose host is silent while the link loses packets", function()
    local outcome = run([[
      { at = "1s", ask = "mini2.local" },
      { at = "5s", change = "desk", loss = 0.2 },
      { at = "50s", change = "desk", loss = 0 },
      { at = "55s", ask = "mini2.local", expect = "right" }]])
    assert.same({}, sim_bed.texts(outcome))
  end)

  describe("with hosts that answer as they are told", function()
    local b, said, resolved

    local function open(options, fields)
      resolved, said = {}, {}
      fields = fields or {}
      fields.reactions = { mlx.use("verify", options) }
      b = bed.open({
        bed.strategy("s", function(query)
          table.insert(resolved, query.name .. query.type)
          if query.type == "A" then
            return query:answer({ a = said.policy or "192.0.2.1" }, 600)
          end
        end),
      }, fields)
      b.world.servers["192.0.2.1:5353"] = function(name)
        if not said.host then
          return nil, "no answer", "ETIMEOUT", 300
        end
        return core.answer.build(name, "A", { said.host }, 10), "answer", 10
      end
    end

    local function state()
      local entry = b.resolver.health:of("a.local.", "192.0.2.1")
      return entry and entry.state
    end

    it("notes what it has found alive", function()
      open()
      said.host = "192.0.2.1"
      b:ask("a.local")
      b.world:advance(1500)
      assert.equal("verified", state())
    end)

    it("leaves an address dead that somebody met so, though its host speaks", function()
      open()
      said.host = "192.0.2.1"
      b:ask("a.local")
      b.resolver.health:mark("a.local.", "192.0.2.1", "dead", "refused")
      b.world:advance(3000)
      assert.equal("dead", state())
    end)

    it("goes by the probe, too", function()
      local alive = true
      open {
        probe = mlx.use {
          name = "probe",
          probe = function(_, endpoint)
            assert.same({ "a.local.", "192.0.2.1" }, { endpoint.name, endpoint.address })
            if alive then
              return true
            end
            return nil, "no service", "ECONNREFUSED"
          end,
        },
      }
      said.host = "192.0.2.1"
      b:ask("a.local")
      b.world:advance(1500)
      assert.equal("verified", state())
      alive = false
      b.world:advance(2500)
      assert.equal("dead", state())
      alive = true
      b.world:advance(10e3)
      assert.equal("verified", state())
    end)

    it("makes nothing of a probe that cannot tell", function()
      open {
        probe = mlx.use {
          name = "probe",
          probe = function()
            return nil, "not allowed", "EACCES"
          end,
        },
      }
      said.host = "192.0.2.1"
      b:ask("a.local")
      local before = #resolved
      b.world:advance(20e3)
      assert.same({ "verified", before }, { state(), #resolved })
    end)

    it("leaves hosts alone while this machine has no network", function()
      open()
      b:ask("a.local")
      function b.world.exchange()
        return nil, "network is unreachable", "ENETUNREACH"
      end
      local before = #resolved
      b.world:advance(20e3)
      assert.same({ before }, { #resolved })
      assert.is_nil(state())
    end)

    it("asks a host that does not speak mDNS less and less", function()
      open()
      b:ask("a.local")
      b.world:advance(59e3)
      assert.is_true(#b.world.asked <= 8, #b.world.asked .. " questions")
    end)

    it("begins anew with another network", function()
      open()
      b:ask("a.local")
      b.world:advance(20e3)
      local before = #b.world.asked
      b.world:network { { type = "link_changed", index = 2, interface = "eth0", up = true } }
      b.world:advance(1100)
      assert.is_true(#b.world.asked > before)
    end)

    it("keeps within its budget, and gives everybody a turn", function()
      open { budget = 8 }
      said.host = "192.0.2.1"
      for i = 1, 12 do
        b:ask(("n%02d.local"):format(i))
      end
      b.world:advance(1000)
      b.world.asked = {}
      b.world:advance(3000)
      local asked = {}
      for _, one in ipairs(b.world.asked) do
        asked[one.name] = true
      end
      assert.equal(12, #b.world.asked)
      for i = 1, 12 do
        assert.is_true(asked[("n%02d.local."):format(i)] or false, "n" .. i)
      end
    end)

    -- Probes were not counted: a budget of 8 let 4 hosts be probed, in 20 packets.
    it("counts what a probe sends", function()
      local probed = 0
      open {
        budget = 8,
        probe = mlx.use {
          name = "probe",
          probe = function()
            probed = probed + 1
            return true
          end,
        },
      }
      said.host = "192.0.2.1"
      for i = 1, 12 do
        b:ask(("n%02d.local"):format(i))
      end
      b.world:advance(1000)
      probed = 0
      b.world:advance(10000)
      assert.is_true(probed >= 14 and probed <= 18, probed)
    end)

    it("finds the peers' addresses before anybody asks", function()
      open(nil, { peers = { "a.local:50051" } })
      said.host = "192.0.2.1"
      b.world:advance(3000)
      assert.equal("192.0.2.1", (b.resolver:peek("a.local")))
      assert.equal("verified", state())
    end)

    it("does not wake the machine while no name is in use", function()
      open()
      b.world:advance(1000)
      assert.is_false(b.world.due)
    end)
  end)
end)
