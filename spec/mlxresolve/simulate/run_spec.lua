local sim_bed = require("support.sim_bed")

local function policy(body, more)
  return ([[
    local mlx = require("mlxresolve")
    return mlx.policy {
      deadline = "1s",
      strategies = { mlx.use { name = "mine", %s } },
      %s
    }]]):format(body, more or "")
end

local function problems(timeline, text, more)
  return sim_bed.texts(sim_bed.run(timeline, { policy = text, more = more }))
end

local ASK = '{ at = "1s", ask = "mini2.local", expect = "anything" },'

describe("mlxresolve.simulate.run", function()
  it("runs a policy with the built-in plugins from beginning to end", function()
    local outcome = sim_bed.run([[
      { at = "1s", ask = "mini2.local" },
      { at = "5s", readdress = "mini2/eth0", to = { "192.0.2.3/24" } },
      { at = "8s", ask = "mini2.local", exactly = { "192.0.2.3" } }]])
    assert.same({}, outcome.problems)
    assert.equal(2, outcome.asked)
    assert.is_true(outcome.packets > 10)
    assert.is_nil(outcome.timeline)
  end)

  it("gives the same timeline for the same seed, another for another", function()
    local function timeline(seed)
      local outcome = sim_bed.run(
        '{ at = "1s", ask = "mini2.local" }, { at = "2s", flap = "mini1/eth0" }',
        { seed = seed, with_timeline = true }
      )
      local lines = {}
      for i, entry in ipairs(outcome.timeline) do
        lines[i] = ("%.6f %s"):format(entry.at, entry.text)
      end
      return table.concat(lines, "\n")
    end
    local first = timeline(1)
    assert.equal(first, timeline(1))
    assert.are_not.equal(first, timeline(2))
    for _, text in ipairs {
      "ask mini2.local. A",
      "mini1 > 224.0.0.251 on desk: query A mini2.local. AAAA mini2.local.",
      "mini2.local. A 192.0.2.2 (120 s)",
      "answer mini2.local.: 192.0.2.2",
      "step flap mini1/eth0",
      "kernel: link_changed eth0",
    } do
      assert.is_truthy(first:find(text, 1, true), text .. " is not in\n" .. first)
    end
  end)

  it("tells of a storm of packets", function()
    local text = policy([[ resolve = function(self, query, ctx)
      local socket = ctx:udp { bind = "0.0.0.0:0" }
      for _ = 1, 20 do socket:send("x", "192.0.2.2:9") end
      return query:nodata(1)
    end ]])
    assert.same({}, problems(ASK, text))
    assert.same(
      { "a storm: mini1 sent 11 packets within a second" },
      problems(ASK, text, "packets = 10,")
    )
  end)

  it("tells of plugins that raise errors", function()
    local texts = problems(ASK, policy('resolve = function() error("broken") end'))
    assert.equal(1, #texts)
    assert.is_truthy(texts[1]:find("logged error: plugin mine: .*broken"), texts[1])
  end)

  it("ends well though a question is under way and the machine asleep", function()
    assert.same(
      {},
      problems(
        [[
      { at = "1s", keep_asking = "mini2.local", every = "10ms", till = "20s" },
      { at = "5s", sleep = "mini1" }]],
        policy(
          [[
      resolve = function(self, query, ctx) ctx:sleep(300) return nil, "no", "ENOTFOUND" end ]]
        ),
        'ends = "6s",'
      )
    )
  end)

  it("tells of what a resolver leaves open", function()
    local closed = require("mlxresolve.mdns.sockets")
    local saved = closed.open
    closed.open = function(...)
      local sockets = saved(...)
      getmetatable(sockets).__index = setmetatable({ close = function() end }, {
        __index = getmetatable(sockets),
      })
      return sockets
    end
    finally(function()
      closed.open = saved
    end)
    local texts = sim_bed.texts(sim_bed.run('{ at = "1s", ask = "mini2.local" }'))
    assert.equal(1, #texts)
    assert.is_truthy(texts[1]:find("^left open after the end: %d sockets"), texts[1])
  end)

  it("gives the mistakes of a policy instead of an outcome", function()
    assert.has_error(function()
      sim_bed.run(ASK, { policy = "return 1" })
    end)
  end)
end)
