local core = require("mlxresolve.core")
local queries = require("mlxresolve.query")

describe("mlxresolve.query", function()
  it("does not deny a name for a misspelt type", function()
    local asked = queries.new("a.example.", 1, false, false)
    local ok, problem = pcall(asked.answer, asked, { aa = "192.0.2.1" })
    assert.is_false(ok)
    assert.matches("'aa' is no record type", problem)
    assert.equal("nodata", asked:answer({ aaaa = "2001:db8::1" }).status)
    assert.equal("nodata", asked:answer({ TXT = '"x"', TYPE65280 = "x" }).status)
    assert.equal("nodata", asked:answer({}).status)
  end)

  it("says what a time to live is", function()
    local asked = queries.new("a.example.", 1, false, false)
    for _, ttl in ipairs { -5, 0 / 0, math.huge, 2 ^ 31, "5m", {} } do
      for word, arguments in pairs {
        answer = { "192.0.2.1", ttl },
        nxdomain = { ttl },
        nodata = { ttl },
      } do
        local ok, problem = pcall(asked[word], asked, unpack(arguments))
        assert.is_false(ok)
        assert.matches("query:" .. word .. ": expected a time to live in seconds", problem)
      end
    end
    assert.equal(0, asked:answer("192.0.2.1", 0).ttl)
  end)

  local function new(name, type_name, flight)
    return queries.new(name, queries.type_numbers[type_name or "A"], false, flight)
  end

  it("knows what is under a zone, by whole labels", function()
    local query = new("mini2.local.")
    assert.is_true(query:under("local."))
    assert.is_true(query:under("mini2.local."))
    assert.is_true(query:under("."))
    assert.is_false(query:under("cal."))
    assert.is_false(new("notlocal."):under("local."))
    assert.is_false(new("local\\.local."):under("other."))
  end)

  it("answers with data of its own type, given as text, list or table by type", function()
    assert.same({ "192.0.2.1" }, new("a.", "A"):answer("192.0.2.1"):data())
    assert.same({ "192.0.2.1", "192.0.2.2" }, new("a."):answer({ "192.0.2.1", "192.0.2.2" }):data())
    local both = { a = "192.0.2.1", AAAA = { "2001:db8::1" } }
    assert.same({ "192.0.2.1" }, new("a.", "A"):answer(both):data())
    assert.same({ "2001:db8::1" }, new("a.", "AAAA"):answer(both):data())
    assert.equal("nodata", new("a.", "TXT"):answer(both).status)
  end)

  it("raises at the plugin's line for data that is none of its type", function()
    local ok, problem = pcall(function()
      new("a."):answer("not an address")
    end)
    assert.is_false(ok)
    assert.matches("query_spec.lua:%d+: query:answer: A of a%.", problem)
    assert.has_error(function()
      new("a."):answer(42)
    end)
  end)

  it("denies", function()
    assert.equal("nxdomain", new("a."):nxdomain(5).status)
    assert.equal("nodata", new("a."):nodata(5).status)
    assert.equal(5, new("a."):nodata(5).ttl)
  end)

  it("makes the same question for another name or type", function()
    local other = new("a.example."):with("Mini2.Local", "AAAA")
    assert.equal("mini2.local.", other.name)
    assert.equal("AAAA", other.type)
    assert.equal("A", new("a."):with("b."):with(nil, "A").type)
    assert.has_error(function()
      new("a."):with("b.", "NONSENSE")
    end)
  end)

  it("makes the flight private when the client is read", function()
    local flight = {
      client = function()
        return "127.0.0.1:9"
      end,
    }
    local query = new("a.", "A", flight)
    assert.is_nil(flight.is_private)
    assert.equal("127.0.0.1:9", query.client)
    assert.is_true(flight.is_private)
  end)

  it("knows types without a mnemonic", function()
    assert.equal("TYPE65280", queries.type_names[65280])
    assert.equal(65280, queries.type_numbers.TYPE65280)
    assert.is_false(queries.type_numbers.NONSENSE)
    assert.equal(core.wire.type_number("HTTPS"), queries.type_numbers.HTTPS)
  end)
end)
