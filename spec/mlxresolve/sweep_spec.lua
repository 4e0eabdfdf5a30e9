local bed = require("support.bed")
local lan = require("support.virtual_lan")

describe("mlxresolve.sweep", function()
  local b, got

  -- Sweeps within a strategy; `check(address, ctx)`.
  local function sweep(options, check, prepare)
    options.family = options.family or "ipv4"
    b = bed.open({
      bed.strategy("sweeper", function(query, ctx)
        got = {
          ctx:sweep(options, function(address)
            return check(address, ctx)
          end),
        }
        return query:nodata(0)
      end),
    }, { deadline = "60s" })
    b.world.links = { lan.link(2, "eth0", { "10.0.0.1/24" }) }
    if prepare then
      prepare(b.world)
    end
    b:ask("x.test")
    return unpack(got, 1, 3)
  end

  local function neighbours(n)
    return function(world)
      for i = 1, n do
        table.insert(world.neighbour_table, lan.neighbour(2, "10.0.0." .. i + 1))
      end
    end
  end

  it("returns the address that was accepted, its interface and a report", function()
    local address, interface, report = sweep({}, function(address)
      return address == "10.0.0.3"
    end, neighbours(2))
    assert.equal("10.0.0.3", address)
    assert.equal(2, interface)
    assert.equal("2 candidates, 0 refused, 1 unknown", report)
  end)

  it("checks at most eight at a time", function()
    local now, most, calls = 0, 0, 0
    sweep({}, function(_, ctx)
      now, calls = now + 1, calls + 1
      most = math.max(most, now)
      ctx:sleep(10)
      now = now - 1
    end, neighbours(30))
    assert.equal(8, most)
    assert.equal(30, calls)
  end)

  it("tells three reasons at most", function()
    local _, report, code = sweep({}, function(address)
      return nil, "not " .. address
    end, neighbours(5))
    assert.equal(
      "5 candidates, 5 refused, 0 unknown; 10.0.0.2: not 10.0.0.2; 10.0.0.3: not 10.0.0.3; "
        .. "10.0.0.4: not 10.0.0.4",
      report
    )
    assert.equal("ENOTFOUND", code)
  end)

  it("goes on though a check raises an error, and is not sure then", function()
    local function check(address)
      assert(address ~= "10.0.0.2", "boom")
      return address == "10.0.0.4"
    end
    assert.equal("10.0.0.4", (sweep({}, check, neighbours(3))))
    assert.matches("boom", b.world.lines[1])
    assert.equal("ETIMEOUT", select(3, sweep({}, check, neighbours(2))))
  end)

  it("checks who appears in the table while it knocks", function()
    local checked = {}
    local address = sweep({ networks = { "10.0.0.0/29" } }, function(address)
      checked[#checked + 1] = address
      return address == "10.0.0.77"
    end, function(world)
      lan.attach(world, { ["10.0.0.4"] = "02:00:00:00:00:04" })
    end)
    assert.is_nil(address)
    assert.same({ "10.0.0.4" }, checked)
  end)

  it("does not knock at those who are known", function()
    sweep({ networks = { "10.0.0.0/28" } }, function() end, neighbours(5))
    assert.equal(9, #b.world.sent)
  end)

  it("holds its bounds whatever it is told", function()
    sweep({ networks = { "10.0.0.0/8" }, rate = 1e9, limit = 1e9 }, function() end, function(world)
      world.links = { lan.link(2, "eth0", { "10.0.0.1/8" }) }
    end)
    local first, last = b.world.sent[1], b.world.sent[#b.world.sent]
    assert.equal(1022, #b.world.sent)
    assert.is_true(last.at - first.at >= 1021 * 1000 / 64)
  end)

  it("knocks where it is told", function()
    sweep({ networks = { "10.0.0.0/29" }, port = 7 }, function() end)
    assert.matches(":7$", b.world.sent[1].to)
  end)

  it("does not knock for IPv6 or for one machine", function()
    for _, options in ipairs {
      { networks = "attached", family = "ipv6" },
      { networks = "attached", address = "10.0.0.5" },
      { networks = "attached", mac = "02:00:00:00:00:05" },
    } do
      sweep(options, function() end)
      assert.same({}, b.world.sent)
    end
  end)

  it("says why it could not knock", function()
    local _, report = sweep({ networks = "attached" }, function() end, function(world)
      world.refuse_udp = function()
        return "EMFILE"
      end
    end)
    assert.matches(
      "^0 candidates, 0 refused, 0 unknown, 0 of 253 addresses knocked at; 0.0.0.0:0",
      report
    )
  end)

  it("needs no pause after waiting for its turn in vain", function()
    local code, report
    b = bed.open({
      bed.strategy("sweeper", function(query, ctx)
        if query.name == "b.test." then
          ctx:sleep(100)
        end
        local _, message, reason = ctx:sweep(
          { family = "ipv4", networks = "attached", key = query.name },
          function() end
        )
        if query.name == "b.test." then
          report, code = message, reason
        end
        return query:nodata(0)
      end),
    }, { deadline = "2s" })
    b.world.links = { lan.link(2, "eth0", { "10.0.0.1/24" }) }
    for _, name in ipairs { "a.test", "b.test" } do
      b.resolver:resolve(name, { types = { "A" } }, function() end)
    end
    b.world:advance(1960)
    assert.equal("ETIMEOUT", code)
    assert.equal("waited for another scan", report)
    assert.is_nil(b.resolver.sweeps.failed["b.test."])
    assert.is_table(b.resolver.sweeps.failed["a.test."])
  end)
end)
