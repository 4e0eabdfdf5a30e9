local answers = require("mlxresolve.mdns.answers")
local bed = require("support.mdns_bed")
local core = require("mlxresolve.core")

describe("mlxresolve.mdns.answers", function()
  local link, engine, scope

  before_each(function()
    link = bed.new { links = { bed.interface(), bed.wifi() } }
    link:ask("warm-up.local.", "A", { timeout = 10 })
    link.world:settle()
    engine = link.engine
    scope = { key = "/46", names = false, ipv4 = true, ipv6 = true }
  end)

  local function put(type, data, fields)
    local record = { name = "a.local.", type = type, data = data, ttl = 120, cache_flush = true }
    for key, value in pairs(fields or {}) do
      record[key] = value
    end
    engine.store:put(record, record.interface or 2, link.scheduler:now())
  end

  it("are canonical packets with the interface of the first", function()
    put("A", "192.0.2.7")
    put("A", "198.51.100.7", { interface = 3 })
    local known = answers.recall(engine, "a.local.", "A", scope)
    assert.same({ "192.0.2.7", "198.51.100.7" }, (core.answer.data(known.packet)))
    assert.equal(2, known.interface)
    assert.equal("answer", core.answer.read(known.packet))
  end)

  it("are denials where NSEC lists other types only", function()
    put("NSEC", "a.local. A", { ttl = 60 })
    local known = answers.recall(engine, "a.local.", "AAAA", scope)
    assert.equal("nodata", known.status)
    assert.equal(60, known.ttl)
    local status, ttl = core.answer.read(known.packet)
    assert.equal("nodata", status)
    assert.equal(60, ttl)
  end)

  it("point at the target of an alias, but not when the alias itself is asked for", function()
    put("CNAME", "b.local.")
    assert.equal("b.local.", answers.recall(engine, "a.local.", "A", scope).alias)
    local known = answers.recall(engine, "a.local.", "CNAME", scope)
    assert.same({ "b.local." }, (core.answer.data(known.packet)))
  end)

  it("are nothing for what was not heard, or elsewhere", function()
    assert.is_nil(answers.recall(engine, "a.local.", "A", scope))
    put("A", "198.51.100.7", { interface = 3 })
    scope.names = { eth0 = true }
    assert.is_nil(answers.recall(engine, "a.local.", "A", scope))
    assert.is_false(answers.is_known(engine, "a.local.", "A", scope))
  end)

  it("tell from when on a silence counts", function()
    local now = link.scheduler:now()
    engine.store:deny("a.local.", "AAAA", 2, now + 50, 10, now)
    assert.is_nil(answers.recall(engine, "a.local.", "AAAA", scope))
    assert.equal(now + 50, answers.verdict(engine, "a.local.", "AAAA", scope))
    assert.is_nil(answers.verdict(engine, "a.local.", "A", scope))
    link.world:advance(50)
    assert.equal("nodata", answers.recall(engine, "a.local.", "AAAA", scope).status)
    assert.is_nil(answers.verdict(engine, "a.local.", "AAAA", scope))
  end)
end)
