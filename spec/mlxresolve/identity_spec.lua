local bed = require("support.bed")
local mlx = require("mlxresolve")

describe("mlxresolve.identity", function()
  local b, who, said, asked, remembered

  -- `who[address]` is the name of who answers there; silence without one.
  local function check(extra)
    local plugin = {
      name = "check",
      identify = function(_, name, address, ctx)
        asked[#asked + 1] = address
        ctx:sleep(20)
        if who[address] == name then
          return true
        elseif who[address] then
          return nil, "is called " .. who[address], "EIDENTITY"
        end
      end,
    }
    for key, value in pairs(extra or {}) do
      plugin[key] = value
    end
    return mlx.use(plugin)
  end

  local function open(fields, pins)
    who, said, asked, remembered = {}, { "192.0.2.1" }, {}, {}
    fields = fields or {}
    fields.pins = pins or { ["mini2.local"] = { check() } }
    fields.deadline = fields.deadline or "4s"
    b = bed.open({
      bed.strategy("s", function(query)
        if query.type == "A" and said then
          return query:answer({ a = said }, 60)
        end
        return nil, "nobody answered", "ETIMEOUT"
      end),
    }, fields)
  end

  local function state(address)
    local entry = b.resolver.health:of("mini2.local.", address)
    return entry and entry.state, entry and entry.reason
  end

  it("is off without pins, and takes everything for granted", function()
    open(nil, {})
    assert.is_false(b.resolver.identity.is_on)
    assert.equal("192.0.2.1", b:address("mini2.local"))
    assert.same({}, asked)
  end)

  it("finds the checks of a name, or of the longest zone around it", function()
    open(nil, { ["local"] = { check() }, ["Mini2.Local"] = { check { name = "other" } } })
    local identity = b.resolver.identity
    assert.equal("other", identity:checks("mini2.local.")[1].name)
    assert.equal("check", identity:checks("mini3.local.")[1].name)
    assert.is_nil(identity:checks("mini3.example."))
  end)

  it("gives a new answer at once, and has it proved in the background, once", function()
    open()
    who["192.0.2.1"] = "mini2.local."
    local started = b.world:now()
    assert.equal("192.0.2.1", b:address("mini2.local"))
    assert.is_true(b.world:now() - started < 20)
    b.world:advance(1000)
    b.resolver:flush {}
    b:address("mini2.local")
    b.world:advance(1000)
    assert.same({ "192.0.2.1" }, asked)
    local proof = b.resolver.identity:list()[1]
    assert.same({ "192.0.2.1", "for", "check" }, { proof.address, proof.outcome, proof.reason })
  end)

  it("asks 32 hosts for proof at a time, however many names are pinned", function()
    open(nil, { ["local"] = { check() } })
    for i = 1, 100 do
      b.resolver.identity:look(("n%d.local."):format(i), { "192.0.2.1" })
    end
    b.world:advance(1)
    assert.equal(32, #asked)
    b.world:advance(1000)
    b.resolver.identity:look("n100.local.", { "192.0.2.1" })
    b.world:advance(1000)
    assert.equal(33, #asked)
  end)

  it("leaves names that are not pinned alone", function()
    open()
    assert.equal("192.0.2.1", b:address("mini3.local"))
    b.world:advance(1000)
    assert.same({}, asked)
  end)

  it("gives no address at which another host answers, and says who that is", function()
    open()
    who["192.0.2.1"] = "printer.local."
    assert.equal("192.0.2.1", b:address("mini2.local"))
    b.world:advance(1000)
    assert.same(
      { "dead", "another host answers: is called printer.local." },
      { state("192.0.2.1") }
    )
    assert.is_truthy(
      table.concat(b.world.lines, "\n"):find("warn: mini2.local.: 192.0.2.1", 1, true)
    )
    local result, message, code = b:ask("mini2.local")
    assert.is_nil(result)
    assert.equal("EIDENTITY", code)
    assert.equal("another host answers at 192.0.2.1: is called printer.local.", message)
  end)

  it("gives the other addresses when another host has one of them", function()
    open()
    said = { "192.0.2.1", "192.0.2.2" }
    who["192.0.2.1"], who["192.0.2.2"] = "printer.local.", "mini2.local."
    b:address("mini2.local")
    b.world:advance(1000)
    local result = b:ask("mini2.local")
    assert.same({ 1, "192.0.2.2" }, { #result.addresses, result.addresses[1].address })
  end)

  it("asks for proof again after two minutes, and believes who is back", function()
    open()
    who["192.0.2.1"] = "printer.local."
    b:address("mini2.local")
    b.world:advance(1000)
    who["192.0.2.1"] = "mini2.local."
    b.world:advance(121e3)
    assert.equal("192.0.2.1", b:address("mini2.local"))
    b.world:advance(1000)
    assert.equal("for", b.resolver.identity:list()[1].outcome)
  end)

  it("asks for proof at once where another network card turns up behind an address", function()
    open()
    who["192.0.2.1"] = "mini2.local."
    local function meet(mac)
      local event = { type = "neighbour_changed", index = 2, interface = "eth0", mac = mac }
      event.address = "192.0.2.1"
      b.world:network { event }
    end
    meet("02:00:00:00:00:01")
    b:address("mini2.local")
    b.world:advance(1000)
    who["192.0.2.1"] = "printer.local."
    meet("02:00:00:00:00:02")
    b.world:advance(100)
    assert.equal("dead", (state("192.0.2.1")))
    assert.equal("EIDENTITY", b:address("mini2.local"))
  end)

  it("asks for proof anew where there is a doubt", function()
    open()
    who["192.0.2.1"] = "mini2.local."
    b:address("mini2.local")
    b.world:advance(1000)
    b.resolver.scheduler:spawn(function()
      require("mlxresolve.recheck").run(b.resolver, "mini2.local.", {})
    end)
    b.world:advance(1000)
    assert.same({ "192.0.2.1", "192.0.2.1" }, asked)
  end)

  it("tells those who watch the name", function()
    open()
    who["192.0.2.1"] = "mini2.local."
    local events = {}
    b.resolver:watch("mini2.local", function(event)
      events[#events + 1] = event.kind .. " " .. event.address
    end)
    b.world:advance(1000)
    who["192.0.2.1"] = "printer.local."
    b.world:advance(400e3)
    assert.same({ "added 192.0.2.1", "gone 192.0.2.1" }, { events[1], events[2] })
  end)

  describe("of what ran out", function()
    local function run_out(fields)
      fields = fields or {}
      fields.cache = fields.cache or { stale = "1d", max_ttl = "1m" }
      open(fields)
      who["192.0.2.1"] = "mini2.local."
      b:address("mini2.local")
      b.world:advance(400e3)
      said, asked = false, {}
    end

    it("gives what is proved", function()
      run_out()
      local result = b:ask("mini2.local")
      assert.same({ true, "192.0.2.1" }, { result.stale, result.addresses[1].address })
      assert.same({ "192.0.2.1" }, asked)
    end)

    it("gives nothing at which another host answers", function()
      run_out()
      who["192.0.2.1"] = "printer.local."
      assert.is_nil((b:ask("mini2.local")))
    end)

    it("gives nothing that its host has not proved to be right", function()
      run_out()
      who = {}
      assert.is_nil((b:ask("mini2.local")))
      assert.is_nil((b:ask("mini2.local")))
    end)

    it(
      "gives nothing unproved at once, even where the policy gives stale answers at once",
      function()
        run_out { cache = { stale = "1d", stale_mode = "immediate", max_ttl = "1m" } }
        who["192.0.2.1"] = "printer.local."
        assert.is_nil((b:ask("mini2.local")))
      end
    )
  end)

  describe("of what is in doubt", function()
    local function recheck()
      local verdict, reason
      b.resolver.scheduler:spawn(function()
        verdict, reason = require("mlxresolve.recheck").run(b.resolver, "mini2.local.", {})
      end)
      b.world:settle(function()
        return reason ~= nil
      end)
      return verdict, reason
    end

    before_each(function()
      open()
      who["192.0.2.1"] = "mini2.local."
      b:address("mini2.local")
      b.world:advance(400e3)
    end)

    it("keeps what is proved", function()
      assert.equal("keep", (recheck()))
    end)

    it("drops what another host has", function()
      who["192.0.2.1"] = "printer.local."
      local verdict, reason = recheck()
      assert.equal("drop", verdict)
      assert.equal("another host answers at 192.0.2.1: is called printer.local.", reason)
      assert.is_nil((b.resolver.cache:get("mini2.local.", 1, b.world:now())))
    end)

    it("is not sure of what nobody proves", function()
      who = {}
      local verdict, reason = recheck()
      assert.is_nil(verdict)
      assert.equal("mini2.local.: its host has not proved who it is", reason)
    end)
  end)

  it("has a host that is met for the first time remembered, when it is said anew", function()
    open(nil, {
      ["local"] = {
        check {
          identify = function(_, name)
            return remembered[name]
          end,
          learn = function(_, name, address)
            remembered[name] = address
            return true
          end,
        },
      },
    })
    b.resolver.identity:look("mini3.local.", { "192.0.2.9" })
    b:address("mini2.local")
    b.world:advance(1000)
    assert.same({ ["mini2.local."] = "192.0.2.1" }, remembered)
  end)

  it("makes nothing of a check that raises, or takes too long", function()
    open(nil, {
      ["mini2.local"] = {
        check {
          identify = function()
            error("oops")
          end,
        },
      },
      ["mini3.local"] = {
        check {
          name = "slow",
          identify = function(_, _, _, ctx)
            ctx:sleep(60e3)
          end,
        },
      },
    })
    assert.equal("192.0.2.1", b:address("mini2.local"))
    assert.equal("192.0.2.1", b:address("mini3.local"))
    b.world:advance(7e3)
    for _, proof in ipairs(b.resolver.identity:list()) do
      assert.equal("none", proof.outcome)
    end
    assert.equal(2, #b.resolver.identity:list())
  end)
end)
