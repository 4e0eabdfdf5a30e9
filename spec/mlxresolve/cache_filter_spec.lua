local bed = require("support.bed")
local cache_filter = require("mlxresolve.cache_filter")

describe("mlxresolve.cache_filter", function()
  it("takes no misspelt field for everything", function()
    for text, filter in pairs {
      ["unknown field 'nmae' of a filter (did you mean 'name'?)"] = { nmae = "a." },
      ["unknown field '1' of a filter"] = { "a." },
      ["expected a filter such as"] = "a.",
    } do
      local ok, problem = pcall(cache_filter.translate, {}, filter)
      assert.is_false(ok)
      assert.is_truthy(problem:find(text, 1, true), problem)
    end
  end)

  local b

  before_each(function()
    b = bed.open {
      bed.strategy("lan", function(query)
        if query:under("lan.") then
          local answer = query:answer({ a = "192.0.2.1", aaaa = "2001:db8::1" }, 60)
          answer.interface = 2
          return answer
        end
      end),
      bed.strategy("world", function(query)
        return query:answer({ a = "198.51.100.1" }, 60)
      end),
    }
    b.world.links = { { name = "eth0", index = 2, up = true, addresses = {} } }
    b:ask("one.lan")
    b:ask("one.lan", "AAAA")
    b:ask("two.lan")
    b.world:advance(20e3)
    b:ask("example.org")
  end)

  --- Names and types of a list, in order.
  local function names(filter)
    local list = {}
    for _, entry in ipairs(assert(b.resolver:list(filter))) do
      list[#list + 1] = entry.name .. " " .. entry.type
    end
    table.sort(list)
    return list
  end

  it("tells what is known of an entry", function()
    local entries, has_more = b.resolver:list { name = "one.lan", type = "A" }
    assert.same({
      {
        name = "one.lan.",
        type = "A",
        status = "answer",
        ttl = 40,
        age = 20,
        idle = 20,
        stale = false,
        suspect = false,
        withheld = false,
        index = 2,
        is_held = false,
        strategy = "lan",
        interface = "eth0",
        data = { "192.0.2.1" },
      },
    }, entries)
    assert.is_false(has_more)
  end)

  it("finds entries by name, zone, type, interface, strategy and age", function()
    assert.equal(4, #names())
    assert.same({ "one.lan. A", "one.lan. AAAA" }, names { name = "One.LAN" })
    assert.same({ "one.lan. A", "one.lan. AAAA", "two.lan. A" }, names { suffix = "lan" })
    assert.same({ "one.lan. AAAA" }, names { type = "AAAA" })
    assert.same({ "example.org. A" }, names { strategy = "world" })
    assert.equal(3, #names { interface = "eth0" })
    assert.equal(3, #names { older_than = 20 })
    assert.same({ "two.lan. A" }, names { suffix = "lan", name = "two.lan", older_than = 1 })
    assert.same({}, names { older_than = 21 })
  end)

  it("says whether there are more than were asked for", function()
    local entries, has_more = b.resolver:list({}, 3)
    assert.equal(3, #entries)
    assert.is_true(has_more)
    entries, has_more = b.resolver:list({}, 4)
    assert.equal(4, #entries)
    assert.is_false(has_more)
  end)

  it("says what a filter names that is not there, and what may be meant", function()
    local _, message, code = b.resolver:list { strategy = "nobody" }
    assert.same({ "no strategy 'nobody'", "ENOENT" }, { message, code })
    _, message = b.resolver:list { strategy = "wrold" }
    assert.equal("no strategy 'wrold' (did you mean 'world'?)", message)
    _, message, code = b.resolver:list { interface = "eth9" }
    assert.same({ "no interface 'eth9' (did you mean 'eth0'?)", "ENODEV" }, { message, code })
    assert.is_nil((b.resolver:flush { suffix = ("x"):rep(64) }))
  end)

  it("flushes by the same filters", function()
    assert.equal(1, b.resolver:flush { type = "AAAA" })
    assert.equal(2, b.resolver:flush { interface = "eth0", older_than = 20 })
    assert.same({ "example.org. A" }, names())
  end)

  it("means what was asked for a purpose, or for none", function()
    local fingerprint = require("mlxresolve.policy.fingerprint")
    local core = require("mlxresolve.core")
    local packet = core.answer.build("two.lan.", "A", { "192.0.2.9" }, 60)
    local note = { purpose = fingerprint.text("ssh") }
    b.resolver.cache:put(packet, b.world:now(), note)
    assert.same({ "192.0.2.9" }, b.resolver:list({ purpose = "ssh" })[1].data)
    assert.equal(1, #b.resolver:list { purpose = "ssh" })
    assert.equal(4, #b.resolver:list { purpose = false })
    assert.equal(5, #b.resolver:list())
    assert.equal(1, b.resolver:flush { purpose = "ssh" })
    assert.equal(4, #b.resolver:list())
  end)

  it("does not count as a hit", function()
    local before = b.resolver.cache:stats()
    b.resolver:list()
    assert.same(before, b.resolver.cache:stats())
  end)
end)
