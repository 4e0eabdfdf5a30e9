local core = require("mlxresolve.core")
local dns_client = require("support.dns_client")
local front_rig = require("support.front")

local A, HOUR = 1, 3600e3

describe("mlxresolve.core.front: answers that are due", function()
  local rig

  before_each(function()
    rig = front_rig.open()
  end)

  after_each(function()
    rig:close()
  end)

  local function ask(name)
    return rig:ask(front_rig.query(name))
  end

  it("hands the first late hit to the brain, once, and answers it all the same", function()
    rig:put("late.test.", "A", { "192.0.2.1" }, 280e3) -- of 300 s
    for _ = 1, 3 do
      local reply = ask("late.test.")
      assert.equal("192.0.2.1", reply.answers[1].data)
    end
    rig:work()
    assert.same({ { slot = 0, name = "late.test.", type = A } }, rig.pending)
    assert.equal(0, rig.front:stats().misses)
    assert.equal(0, rig.front:stats().pending)
    assert.equal(0, rig.front:stats().dropped)
  end)

  it("says nothing of hits that come earlier", function()
    rig:put("early.test.", "A", { "192.0.2.1" }, 200e3)
    assert.is_not_nil(ask("early.test."))
    rig:work()
    assert.same({}, rig.pending)
  end)

  it("hands the first hit of what nobody asked for any more to the brain, once", function()
    rig:put("idle.test.", "A", { "192.0.2.1" }, 10e3)
    assert.equal(1, rig.cache:mark(core.now(), { name = "idle.test." }, { idle = true }))
    for _ = 1, 3 do
      assert.equal("192.0.2.1", ask("idle.test.").answers[1].data)
    end
    rig:work()
    assert.same({ { slot = 0, name = "idle.test.", type = A } }, rig.pending)
  end)

  it("never runs out of records", function()
    rig:close()
    rig = front_rig.open { max_pending = 4 }
    for i = 1, 40 do
      local name = ("n%d.test."):format(i)
      rig:put(name, "A", { "192.0.2.1" }, 280e3)
      assert.is_not_nil(ask(name))
      assert.is_true(rig:await_pending(i))
      assert.equal(name, rig.pending[i].name)
    end
  end)

  it("lent a name that was due, and gave its record away when replies made a full batch", function()
    rig:close()
    rig = front_rig.open { max_pending = 4 }
    local socket = dns_client.udp(rig.endpoint)
    local queries, batch = 0, {}
    local function send(name)
      queries = queries + 1
      socket:send(front_rig.query(name))
      assert(rig:await_stat("queries", queries))
    end
    local answer = assert(core.answer.build("full.test.", "A", { "192.0.2.1" }, 300))
    for _ = 1, 64 do
      send("full.test.")
      assert.equal(1, rig.front:step(core.now(), batch))
      rig.front:answer(batch[1], answer)
    end
    rig:put("due.test.", "A", { "192.0.2.1" }, 280e3)
    send("due.test.")
    send("known.test.")
    rig:put("known.test.", "A", { "192.0.2.2" })
    assert.equal(1, rig.front:step(core.now(), batch))
    assert.equal("due.test.", batch[2])
    for i = 1, 4 do
      send(("n%d.test."):format(i))
    end
    assert.equal(1, rig.front:stats().refused) -- one record of four is still lent
    socket:close()
  end)

  it("goes the same way over TCP", function()
    rig:put("late.test.", "A", { "192.0.2.1" }, 280e3)
    local socket = dns_client.tcp(rig.endpoint)
    socket:ask(front_rig.query("late.test."))
    local reply = assert(core.wire.decode((socket:receive(2))))
    socket:close()
    assert.equal("192.0.2.1", reply.answers[1].data)
    assert.is_true(rig:await_pending(1))
    assert.equal(0, rig.pending[1].slot)
  end)

  it("tells each reader of the cache only once per answer", function()
    local answer = assert(core.answer.build("a.test.", "A", { "192.0.2.1" }, 10))
    local cache = rig.cache
    local function is_due(at)
      return (select(7, cache:get("a.test.", A, at)))
    end
    cache:put(answer, HOUR)
    assert.same({ false, true, false }, {
      is_due(HOUR + 8900),
      is_due(HOUR + 9100),
      is_due(HOUR + 9200),
    })
    cache:put(answer, HOUR + 9300)
    assert.is_true(is_due(HOUR + 18400))
    cache:put(assert(core.answer.build("a.test.", "A", { "192.0.2.1" }, 9)), HOUR)
    assert.is_false(is_due(HOUR + 8500))
  end)
end)
