local bed = require("support.bed")
local mdns_bed = require("support.mdns_bed")
local mlx = require("mlxresolve")

local A = { type = "A", data = "192.0.2.7" }
local NSEC = { type = "NSEC", data = "mini2.local. A", additional = true }

describe("mlxresolve.subscribe", function()
  local opened, lines

  local function watch(name)
    lines = {}
    return assert(opened.resolver:watch(name, function(event)
      local was = event.was and event.was .. " > " or ""
      lines[#lines + 1] = ("%s %s%s %s"):format(event.kind, was, event.address, event.reason)
    end))
  end

  describe("follows a name of the link:", function()
    local link

    before_each(function()
      opened = bed.open { mlx.use("mdns") }
      link = mdns_bed.attach(opened.world)
      link:answer("mini2.local.", { A, NSEC })
      watch("mini2.local")
      opened.world:advance(3000)
      opened.world.on_send = nil
    end)

    local function hear(records)
      link:deliver(mdns_bed.response("mini2.local.", records))
    end

    it("where it is", function()
      assert.same({ "added 192.0.2.7 resolved" }, lines)
    end)

    it("where it goes, at once", function()
      hear { { type = "A", data = "192.0.2.99" } }
      opened.world:advance(1)
      assert.equal("moved 192.0.2.7 > 192.0.2.99 announced", lines[2])
      opened.world:advance(5000)
      assert.equal(2, #lines)
    end)

    it("its goodbye at once, and its end within 1.1 s", function()
      hear { { type = "A", data = "192.0.2.7", ttl = 0 } }
      opened.world:advance(1)
      assert.equal("suspect 192.0.2.7 goodbye", lines[2])
      opened.world:advance(1100)
      assert.equal("gone 192.0.2.7 goodbye", lines[3])
      opened.world:advance(60e3)
      assert.equal(3, #lines)
    end)

    it("that it is back, as soon as it says so", function()
      hear { { type = "A", data = "192.0.2.7", ttl = 0 } }
      opened.world:advance(30e3)
      hear { A }
      opened.world:advance(1)
      assert.equal("added 192.0.2.7 announced", lines[4])
    end)

    it("the family that comes late", function()
      hear { { type = "AAAA", data = "2001:db8::7" } }
      opened.world:advance(1)
      assert.equal("added 2001:db8::7 announced", lines[2])
    end)

    it("that it was met dead, and lives after all", function()
      assert.equal(1, opened.resolver:report_failure("mini2.local", "192.0.2.7"))
      opened.world:advance(1)
      assert.equal("suspect 192.0.2.7 failure", lines[2])
      hear { A }
      opened.world:advance(1)
      assert.equal("added 192.0.2.7 confirmed", lines[3])
    end)

    it("that it was met dead, and is", function()
      opened.resolver:report_failure("mini2.local", "192.0.2.7")
      opened.world:advance(10.1e3)
      assert.equal("gone 192.0.2.7 nxdomain", lines[3])
    end)
  end)

  describe("follows any other name", function()
    local known

    before_each(function()
      known = { ["a.test."] = "192.0.2.1" }
      local server = bed.server(known)
      opened = bed.open { mlx.use("dns", { zones = { "test" }, servers = { "192.0.2.53" } }) }
      opened.world.servers["192.0.2.53:53"] = server.answer
    end)

    it("when its answer has run out", function()
      watch("a.test")
      opened.world:advance(100)
      assert.same({ "added 192.0.2.1 resolved" }, lines)
      known["a.test."] = "192.0.2.2"
      opened.world:advance(61e3)
      assert.equal("moved 192.0.2.1 > 192.0.2.2 resolved", lines[2])
      known["a.test."] = nil
      opened.world:advance(61e3)
      assert.equal("gone 192.0.2.2 nxdomain", lines[3])
    end)

    it("and doubts it when nobody can be asked", function()
      watch("a.test")
      opened.world:advance(100)
      opened.world.servers["192.0.2.53:53"] = nil
      opened.world:advance(70e3)
      assert.matches("^suspect 192%.0%.2%.1 E", lines[2])
    end)

    it("no longer than somebody watches", function()
      local handle = watch("a.test")
      opened.world:advance(100)
      known["a.test."] = "192.0.2.2"
      handle:close()
      handle:close()
      opened.world:advance(3600e3)
      assert.same({ "added 192.0.2.1 resolved" }, lines)
    end)

    it("and nothing is called back when it is closed at once, or with the resolver", function()
      watch("a.test"):close()
      opened.world:advance(100)
      assert.same({}, lines)
      watch("a.test")
      opened.resolver:close()
      opened.world:advance(100)
      assert.same({}, lines)
    end)

    it("and a report without an address gets its verdict", function()
      watch("a.test")
      opened.world:advance(100)
      opened.resolver:report_failure("a.test")
      assert.equal("suspect", opened.resolver.health:of("a.test.", "192.0.2.1").state)
      opened.world:advance(1000)
      assert.equal("verified", opened.resolver.health:of("a.test.", "192.0.2.1").state)
      assert.same(
        { "suspect 192.0.2.1 failure", "added 192.0.2.1 dns says it again" },
        { lines[2], lines[3] }
      )
    end)

    it("and forgets what is reported dead", function()
      opened:ask("a.test")
      known["a.test."] = "192.0.2.2"
      assert.equal(0, opened.resolver:report_failure("a.test", "192.0.2.1"))
      assert.equal("192.0.2.2", opened:address("a.test"))
    end)
  end)

  it("knows an address that is reported dead however it is written", function()
    local addresses = { a = { "192.0.2.1", "192.0.2.2" }, aaaa = { "2001:db8::1", "2001:db8::2" } }
    opened = bed.open {
      bed.strategy("both", function(query)
        return query:answer(addresses)
      end),
    }
    opened:ask("a.test")
    opened:ask("a.test", "AAAA")
    for text, meant in pairs {
      ["192.0.2.1:50051"] = "192.0.2.1",
      ["[2001:DB8:0::1]:50051"] = "2001:db8::1",
    } do
      assert.equal(0, opened.resolver:report_failure("a.test", text))
      assert.equal("dead", opened.resolver.health:of("a.test.", meant).state)
    end
  end)

  it("refuses what is no name or no address", function()
    opened = bed.open { mlx.use("localhost") }
    local handle, _, code = opened.resolver:watch(("x"):rep(64), print)
    assert.is_nil(handle)
    assert.equal("ETEXT", code)
    local count, message = opened.resolver:report_failure("a.test", "nonsense")
    assert.is_nil(count)
    assert.equal("'nonsense' is no address", message)
  end)
end)
