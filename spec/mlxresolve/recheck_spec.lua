local bed = require("support.bed")
local mdns_bed = require("support.mdns_bed")
local mlx = require("mlxresolve")
local recheck = require("mlxresolve.recheck")

describe("mlxresolve.recheck", function()
  local b

  --- A strategy that says what `says` holds: a list of addresses, "nxdomain", or false for failure.
  local function open(fields)
    local source = bed.strategy("source", function(query, ctx)
      ctx:sleep(20)
      if b.says == "nxdomain" then
        return query:nxdomain(60)
      elseif not b.says then
        return nil, "the server is gone", "ETIMEOUT"
      end
      return query:answer({ a = b.says }, 60)
    end)
    b = bed.open({ source }, fields)
    b.source = source
    b.says = { "192.0.2.1" }
    assert.equal("192.0.2.1", b:address("a.example"))
    return b
  end

  local function run(options, name)
    local result = {}
    b.resolver.scheduler:spawn(function()
      local started = b.world:now()
      result.verdict, result.reason, result.code =
        recheck.run(b.resolver, name or "a.example.", options)
      result.ms = b.world:now() - started
    end)
    return result
  end

  local function settle(result)
    b.world:settle(function()
      return result.ms
    end)
    return result
  end

  local function entry(name)
    return b.resolver:list({ name = name or "a.example", type = "A" })[1]
  end

  local function state(address)
    local known = b.resolver.health:of("a.example.", address)
    return known and known.state
  end

  it("keeps what is still said, and clears the doubt", function()
    open()
    b.resolver.plugin_cache:suspect({ name = "a.example" }, "eth0 was lost")
    assert.is_true(entry().suspect)
    assert.equal("suspect", state("192.0.2.1"))
    local result = settle(run())
    assert.same({ "keep", "source says it again" }, { result.verdict, result.reason })
    assert.is_false(entry().suspect)
    assert.equal("verified", state("192.0.2.1"))
  end)

  it("puts what is said now in place of the old before anybody asks", function()
    open()
    b.says = { "192.0.2.9" }
    local result = settle(run { address = "192.0.2.1" })
    assert.same({ "move", "now at 192.0.2.9" }, { result.verdict, result.reason })
    assert.same({ "192.0.2.9" }, entry().data)
    assert.is_nil(state("192.0.2.1"))
    local calls = b.source.calls
    assert.equal("192.0.2.9", b:address("a.example"))
    assert.equal(calls, b.source.calls)
  end)

  it("moves when one of several addresses is gone", function()
    open()
    b.says = { "192.0.2.1", "192.0.2.2" }
    settle(run())
    b.says = { "192.0.2.2" }
    assert.equal("move", settle(run()).verdict)
    assert.equal("keep", settle(run { address = "192.0.2.2" }).verdict)
  end)

  it("drops what is said no more, and reports it", function()
    open()
    b.says = "nxdomain"
    local result = settle(run())
    assert.same({ "drop", "nobody knows it any more" }, { result.verdict, result.reason })
    assert.equal("nxdomain", b:address("a.example"))
    assert.same({ "info: a.example.: dropped: nobody knows it any more" }, b.world.lines)
  end)

  it("comes to no verdict where nobody can be asked, and the answer stays", function()
    open()
    b.resolver.plugin_cache:suspect { name = "a.example" }
    b.says = false
    local result = settle(run())
    assert.is_nil(result.verdict)
    assert.equal("EAGAIN", result.code)
    assert.matches("the server is gone", result.reason)
    assert.same({ "192.0.2.1" }, entry().data)
    assert.is_true(entry().suspect)
  end)

  it("looks once, however many want to know", function()
    open()
    local before = b.source.calls
    local first, second = run(), run()
    settle(first)
    assert.same({ "keep", "keep" }, { first.verdict, second.verdict })
    assert.equal(before + 1, b.source.calls)
    assert.same({}, b.resolver.rechecks)
  end)

  it("does not lose a second address that is reported while the first is looked into", function()
    open()
    b.says = { "192.0.2.1", "192.0.2.2", "192.0.2.3" }
    settle(run())
    b.resolver:report_failure("a.example", "192.0.2.1")
    b.world:advance(5)
    b.resolver:report_failure("a.example", "192.0.2.2")
    local asked = run { address = "192.0.2.2" }
    assert.equal("dead", state("192.0.2.2"))
    assert.equal("move", settle(asked).verdict)
    assert.same({}, { state("192.0.2.1"), state("192.0.2.2") })
    assert.same({}, b.resolver.rechecks)
    b.world:advance(61e3)
    assert.equal(3, #b:ask("a.example").addresses)
  end)

  it("does not lose an address that is reported just before the look at another", function()
    open()
    b.says = { "192.0.2.1", "192.0.2.2", "192.0.2.3" }
    settle(run())
    local before = b.source.calls
    b.resolver:report_failure("a.example", "192.0.2.1")
    b.resolver:report_failure("a.example", "192.0.2.2")
    b.world:advance(1000)
    assert.same({}, { state("192.0.2.1"), state("192.0.2.2") })
    assert.equal(before + 1, b.source.calls)
  end)

  it("looks no more often because the name is asked for meanwhile", function()
    open()
    b.says = { "192.0.2.1", "192.0.2.2" }
    settle(run())
    local before = b.source.calls
    b.resolver:report_failure("a.example", "192.0.2.1")
    b.world:advance(5)
    recheck.start(b.resolver, "a.example.")
    b.world:advance(1000)
    assert.equal(before + 1, b.source.calls)
  end)

  it("does not leave one of several addresses suspect when another moves", function()
    open()
    b.says = { "192.0.2.1", "192.0.2.2" }
    settle(run())
    b.resolver:report_failure("a.example")
    b.says = { "192.0.2.2" }
    b.world:advance(1000)
    assert.same({ nil, "verified" }, { state("192.0.2.1"), state("192.0.2.2") })
  end)

  it("tells who waits for its turn that the resolver ends", function()
    open()
    local first = run { address = "192.0.2.1" }
    b.world:advance(1)
    local second = run { address = "192.0.2.9" }
    b.world:advance(1)
    b.resolver:close()
    b.world:settle()
    assert.same({ "EAGAIN", "EAGAIN" }, { first.code, second.code })
    assert.equal(0, b.resolver.scheduler.live)
  end)

  it("ends with the resolver", function()
    open()
    local result = run()
    b.world:advance(1)
    b.resolver:close()
    b.world:settle()
    assert.same({ nil, "a.example.: cancelled" }, { result.verdict, result.reason })
    assert.equal(0, b.resolver.scheduler.live)
  end)

  it("goes on when the first who wanted to know has left", function()
    open()
    local scheduler = b.resolver.scheduler
    local task = scheduler:handle(scheduler:spawn(recheck.run, b.resolver, "a.example."))
    b.world:advance(1)
    local second = run()
    b.world:advance(1)
    task:close()
    assert.equal("keep", settle(second).verdict)
  end)

  describe("with a probe", function()
    local probed

    local function probe(alive)
      probed = {}
      return {
        probe = function(_, endpoint)
          probed[#probed + 1] = ("%s %s %s"):format(
            endpoint.name,
            endpoint.address,
            tostring(endpoint.port)
          )
          if alive then
            return true
          end
          return nil, "connection refused", "ECONNREFUSED"
        end,
      }
    end

    it("asks it for the addresses in doubt, with the peer's port", function()
      open { peers = { "a.example:50051" } }
      settle(run { probe = probe(true) })
      assert.same({ "a.example. 192.0.2.1 50051" }, probed)
      settle(run { probe = probe(true), port = 80, address = "192.0.2.1" })
      assert.same({ "a.example. 192.0.2.1 80" }, probed)
    end)

    it("keeps an address that answers though nobody says it", function()
      open()
      b.says = false
      local result = settle(run { probe = probe(true) })
      assert.equal("keep", result.verdict)
      assert.equal("192.0.2.1 answers, though nobody says it", result.reason)
      assert.is_false(entry().suspect)
    end)

    it("notes that an address is dead though it is said", function()
      open()
      assert.equal("keep", settle(run { probe = probe(false) }).verdict)
      assert.equal("dead", state("192.0.2.1"))
      assert.equal("connection refused", b.resolver.health:of("a.example.", "192.0.2.1").reason)
    end)
  end)

  describe("of a name of the link", function()
    local link

    before_each(function()
      b = bed.open { mlx.use("mdns") }
      link = mdns_bed.attach(b.world)
      link:answer("mini2.local.", { { type = "A", data = "192.0.2.7" } })
      assert.equal("192.0.2.7", b:address("mini2.local"))
      b.world.on_send = nil
    end)

    it("keeps what its host says again", function()
      link:answer("mini2.local.", { { type = "A", data = "192.0.2.7" } })
      local result = settle(run(nil, "mini2.local."))
      assert.same({ "keep", "its host says it again" }, { result.verdict, result.reason })
      assert.is_true(result.ms < 200, result.ms)
    end)

    it("does not believe what it has heard itself before", function()
      local result = settle(run(nil, "mini2.local."))
      assert.same({ "drop", "its host is silent" }, { result.verdict, result.reason })
      assert.is_nil(entry("mini2.local"))
    end)

    it("finds where it went", function()
      b.world:advance(5000)
      link:answer("mini2.local.", { { type = "A", data = "192.0.2.99" } }, { from = "192.0.2.99" })
      assert.equal("move", settle(run(nil, "mini2.local.")).verdict)
      assert.same({ "192.0.2.99" }, entry("mini2.local").data)
    end)

    it("lets what ran out be served where the policy says so", function()
      b = bed.open({ mlx.use("mdns") }, { cache = { stale = "1h" } })
      link = mdns_bed.attach(b.world)
      link:answer("mini2.local.", { { type = "A", data = "192.0.2.7" } })
      b:address("mini2.local")
      b.world.on_send = nil
      assert.equal("drop", settle(run(nil, "mini2.local.")).verdict)
      local result = b:ask("mini2.local")
      assert.same({ "192.0.2.7", true }, { result.addresses[1].address, result.stale })
    end)
  end)

  it("is how what became suspect is asked for when somebody is given it", function()
    open()
    b.resolver.plugin_cache:suspect { name = "a.example" }
    b.says = { "192.0.2.9" }
    local result = b:ask("a.example")
    assert.same({ "192.0.2.1", true }, { result.addresses[1].address, result.suspect })
    b.world:advance(100)
    result = b:ask("a.example")
    assert.same({ "192.0.2.9", false }, { result.addresses[1].address, result.suspect })
  end)
end)
