local sim_bed = require("support.sim_bed")

-- A policy of one strategy in place, and reactions that are not.
local function policy(resolve)
  return ([[
    local mlx = require("mlxresolve")
    return mlx.policy {
      deadline = "1s",
      cache = { size = "64KiB" },
      strategies = { mlx.use { name = "mine", resolve = function(self, query, ctx) %s end } },
    }]]):format(resolve)
end

local function run(timeline, resolve)
  return sim_bed.run(timeline, { policy = policy(resolve), more = 'spread = "0s",' })
end

local function problems(timeline, resolve)
  return sim_bed.texts(run(timeline, resolve))
end

local RIGHT = 'return query:answer({ a = "192.0.2.2" }, 0)'

describe("mlxresolve.simulate.questions", function()
  it("takes a right answer, once", function()
    local outcome = run('{ at = "1s", ask = "mini2.local" }', RIGHT)
    assert.same({}, outcome.problems)
    assert.equal(1, outcome.asked)
  end)

  it("tells of an address that a name never had, whatever was expected", function()
    assert.same(
      { "mini2.local. was said to have 192.0.2.66, which it never had" },
      problems(
        '{ at = "1s", ask = "mini2.local", expect = "anything" }',
        'return query:answer({ a = "192.0.2.66" }, 0)'
      )
    )
  end)

  it("tells of a loopback address that nobody has", function()
    assert.same(
      { "mini2.local. was said to have 127.0.0.1, an invented loopback" },
      problems(
        '{ at = "1s", ask = "mini2.local", expect = "anything" }',
        'return query:answer({ a = "127.0.0.1" }, 0)'
      )
    )
  end)

  it("tells of an address in a network that the machine has left", function()
    local timeline = [[
      { at = "1s", readdress = "mini1/eth0", to = { "198.51.100.1/24" } },
      { at = "1.1s", ask = "mini2.local", expect = "anything" },
      { at = "1.15s", unplug = "mini2/eth0" },
      { at = "1.2s", ask = "mini2.local", expect = "anything" },
      { at = "1.21s", ask = "mini2.local", expect = "anything" }]]
    assert.same(
      { "mini2.local. was said to have 192.0.2.2, but this machine left that network 210 ms ago" },
      problems(timeline, RIGHT)
    )
  end)

  it("tells of an address that a name has no more", function()
    local timeline = [[
      { at = "1s", readdress = "mini2/eth0", to = { "192.0.2.3/24" } },
      { at = "2s", ask = "mini2.local" }]]
    assert.same(
      { "mini2.local.: it has 192.0.2.3 fe80::2:2; got 192.0.2.2" },
      problems(timeline, RIGHT)
    )
  end)

  it("tells of an address that leads nowhere", function()
    local timeline = '{ at = "1s", unplug = "mini2/eth0" }, { at = "2s", ask = "mini2.local" }'
    assert.same(
      { "mini2.local.: none of these leads to it from here; got 192.0.2.2" },
      problems(timeline, RIGHT)
    )
  end)

  it("tells of silence, where an address is expected, and the other way round", function()
    assert.same(
      { "mini2.local.: expected an address; got nodata" },
      problems('{ at = "1s", ask = "mini2.local" }', "return query:nodata(1)")
    )
    assert.same(
      { "mini2.local.: expected no address; got 192.0.2.2" },
      problems('{ at = "1s", ask = "mini2.local", expect = "nothing" }', RIGHT)
    )
  end)

  it("compares with exactly what is named", function()
    local timeline = '{ at = "1s", ask = "mini2.local", exactly = { "192.0.2.2" } }'
    assert.same({}, problems(timeline, RIGHT))
    assert.same(
      { "mini2.local.: expected 192.0.2.2; got nxdomain" },
      problems(timeline, "return query:nxdomain(1)")
    )
  end)

  it("asks until it is right, and says when that is too late", function()
    local late = [[
      if ctx:now() < 103000 then return nil, "not yet", "ENOTFOUND" end
    ]] .. RIGHT
    local outcome = run('{ at = "1s", ask = "mini2.local", within = "5s" }', late)
    assert.same({}, outcome.problems)
    assert.is_true(outcome.asked > 1)
    local texts = problems('{ at = "1s", ask = "mini2.local", within = "1s" }', late)
    assert.equal(1, #texts)
    assert.is_truthy(texts[1]:find("^mini2.local. within 1 s: expected an address"), texts[1])
  end)

  it("tells of a right answer that came too late", function()
    local texts =
      problems('{ at = "1s", ask = "mini2.local", within = "300ms" }', "ctx:sleep(400) " .. RIGHT)
    assert.same({ "mini2.local.: right, but 100 ms too late; got 192.0.2.2" }, texts)
  end)

  it("notes how long after the change the answer was right", function()
    local outcome = run(
      [[
      { at = "1s", unplug = "mini2/eth0" },
      { at = "2s", plug = "mini2/eth0" },
      { at = "2.25s", ask = "mini2.local", within = "1s" }]],
      RIGHT
    )
    assert.same({ [3] = 250 }, outcome.waits)
  end)

  it("keeps asking until the time is over, and looks at every answer", function()
    local outcome =
      run('{ at = "1s", keep_asking = "mini2.local", every = "1s", till = "9s" }', RIGHT)
    assert.same({}, outcome.problems)
    assert.equal(9, outcome.asked)
    local texts = problems(
      [[
      { at = "1s", keep_asking = "mini2.local", every = "1s", expect = "nothing", till = "4s" }]],
      RIGHT
    )
    assert.equal(4, #texts)
  end)

  it("forbids an address from its time on, until its end", function()
    local timeline = [[
      { at = "5s", never = "192.0.2.2", of = "mini2.local", till = "7.5s" },
      { at = "1s", keep_asking = "mini2.local", every = "1s", till = "10s" }]]
    assert.same({
      "mini2.local. was said to have 192.0.2.2, which is forbidden now",
      "mini2.local. was said to have 192.0.2.2, which is forbidden now",
      "mini2.local. was said to have 192.0.2.2, which is forbidden now",
    }, problems(timeline, RIGHT))
  end)
end)
