local bed = require("support.bed")

describe("mlxresolve.result", function()
  local function ask(b, name, options)
    local got
    b.resolver:resolve(name, options, function(result, message, code, details)
      got = { result = result, message = message, code = code, details = details }
    end)
    b.world:settle(function()
      return got ~= nil
    end)
    return got
  end

  local function open()
    return bed.open {
      bed.strategy("known", function(query)
        if query.type == "MX" then
          return nil, "no route", "ENETUNREACH"
        end
        return query:answer({ a = { "192.0.2.1", "192.0.2.2" }, aaaa = "2001:db8::1" }, 60)
      end),
    }
  end

  it("makes the same lists for a cached answer as for a new one", function()
    local b = open()
    local first, second = ask(b, "a.example").result, ask(b, "a.example").result
    assert.is_false(first.cached)
    assert.is_true(second.cached)
    assert.same(first.addresses, second.addresses)
    assert.same(first.records, second.records)
    assert.same({
      address = "2001:db8::1",
      family = "ipv6",
      interface = false,
      ttl = 60,
      strategy = "known",
    }, second.addresses[3])
    local record = { name = "a.example.", type = "A", ttl = 60, data = "192.0.2.2" }
    assert.same(record, second.records[2])
  end)

  it("keeps what it was, however late it is read", function()
    local b = open()
    local result = ask(b, "a.example").result
    b.resolver:flush()
    b.world:advance(3600e3)
    assert.equal(3, #result.addresses)
    assert.equal(result.addresses, result.addresses)
  end)

  it("has no fields but those that are told of", function()
    local b = open()
    local result = ask(b, "a.example").result
    local fields = {}
    assert.is_table(result.addresses)
    assert.is_table(result.records)
    for name in pairs(result) do
      fields[#fields + 1] = name
    end
    table.sort(fields)
    assert.same(
      { "addresses", "cached", "ms", "name", "records", "stale", "status", "suspect", "type" },
      fields
    )
    assert.is_nil(result.adresses)
  end)

  it("takes more than two types", function()
    local b = open()
    local options = { types = { "A", "AAAA", "TXT", "MX", "a" }, trace = true }
    for _ = 1, 2 do
      local result = ask(b, "a.example", options).result
      assert.equal("A+AAAA+TXT+MX+A", result.type)
      assert.equal("answer", result.status)
      assert.equal(5, #result.addresses)
      local types = {}
      for i, try in ipairs(result.trace) do
        types[i] = try.type
      end
      assert.same({ "A", "AAAA", "TXT", "MX", "A" }, types)
    end
    assert.same({ "A", "AAAA", "TXT", "MX", "a" }, options.types)
  end)

  it("has empty lists when there was no answer", function()
    local got = ask(open(), "a.example", { type = "MX" })
    assert.is_nil(got.result)
    assert.equal("ENETUNREACH", got.code)
    assert.same({}, got.details.addresses)
    assert.same({}, got.details.records)
    assert.is_false(got.details.cached)
  end)

  it("tells of an error in one callback and calls the others", function()
    local b = open()
    ask(b, "a.example")
    local called = {}
    for i = 1, 3 do
      b.resolver:resolve("a.example", nil, function()
        called[#called + 1] = i
        assert(i ~= 2, "boom")
      end)
    end
    b.world:settle()
    assert.same({ 1, 2, 3 }, called)
    assert.matches("boom", b.world.lines[1])
  end)

  it("calls back those who ask within a callback, later", function()
    local b = open()
    ask(b, "a.example")
    local order = {}
    b.resolver:resolve("a.example", nil, function()
      b.resolver:resolve("a.example", nil, function()
        order[#order + 1] = "inner"
      end)
      order[#order + 1] = "outer"
    end)
    b.world:settle()
    assert.same({ "outer", "inner" }, order)
  end)
end)
