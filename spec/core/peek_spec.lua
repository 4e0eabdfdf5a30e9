local core = require("mlxresolve.core")

local answer = core.answer
local A, AAAA, CNAME, SRV, TXT, ANY = 1, 28, 5, 33, 16, 255

describe("the cache: peek", function()
  local cache

  before_each(function()
    cache = assert(core.cache.new { size = 1024 * 1024 })
  end)

  local function put(packet, note)
    assert(cache:put(assert(packet), 0, note))
  end

  it("tells the first record as text", function()
    put(answer.build("a.test.", "A", { "192.0.2.1", "192.0.2.2" }, 60))
    put(answer.build("a.test.", "AAAA", { "2001:db8::1" }, 60))
    put(answer.build("a.test.", "SRV", { "0 5 50051 b.test." }, 60))
    put(answer.build("a.test.", "TXT", { [["one" "two"]] }, 60))
    assert.same({ "192.0.2.1", 60, false, 0 }, { cache:peek("a.test.", A, 0) })
    assert.same({ "2001:db8::1", 50, false, 0 }, { cache:peek("A.TEST", AAAA, 10e3) })
    assert.equal("0 5 50051 b.test.", (cache:peek("a.test.", SRV, 0)))
    assert.equal([["one" "two"]], (cache:peek("a.test.", TXT, 0)))
  end)

  it("writes IPv4 addresses of any digits", function()
    for _, address in ipairs { "0.0.0.0", "1.10.100.200", "255.255.255.255", "9.99.109.90" } do
      put(answer.build("a.test.", "A", { address }, 60))
      assert.equal(address, (cache:peek("a.test.", A, 0)))
    end
  end)

  it("looks behind aliases", function()
    local target = answer.build("b.test.", "A", { "192.0.2.1" }, 60)
    put(answer.alias(target, "a.test.", 60))
    assert.equal("192.0.2.1", (cache:peek("a.test.", A, 0)))
    assert.is_nil((cache:peek("a.test.", CNAME, 0)))
  end)

  it("is false for denials, nil for what is not known or has run out", function()
    put(answer.deny("no.test.", "A", "nxdomain", 60))
    put(answer.deny("no.test.", "AAAA", "nodata", 60))
    assert.same({ false, 60, false, 0 }, { cache:peek("no.test.", A, 0) })
    assert.same({ false, 60, false, 0 }, { cache:peek("no.test.", AAAA, 0) })
    assert.equal(0, select("#", cache:peek("other.test.", A, 0)))
    assert.equal(0, select("#", cache:peek("no.test.", A, 61e3)))
    assert.equal(0, select("#", cache:peek("a..b", A, 0)))
    assert.equal(0, select("#", cache:peek(("x"):rep(64), ANY, 0)))
  end)

  it("names the interface of link-local addresses only", function()
    put(answer.build("a.test.", "AAAA", { "fe80::1" }, 60), { interface = 7 })
    put(answer.build("b.test.", "AAAA", { "2001:db8::1" }, 60), { interface = 7 })
    assert.same({ "fe80::1", 60, false, 7 }, { cache:peek("a.test.", AAAA, 0) })
    assert.same({ "2001:db8::1", 60, false, 0 }, { cache:peek("b.test.", AAAA, 0) })
  end)

  it("says once that an answer is due", function()
    put(answer.build("a.test.", "A", { "192.0.2.1" }, 60))
    assert.is_true((select(3, cache:peek("a.test.", A, 55e3))))
    assert.is_false((select(3, cache:peek("a.test.", A, 55e3))))
  end)

  it("raises for what is no type or time", function()
    assert.has_error(function()
      cache:peek("a.test.", 65536, 0)
    end)
    assert.has_error(function()
      cache:peek("a.test.", A, "soon")
    end)
  end)
end)
