local fake = require("support.fake")

local text = [[
# a comment
127.0.0.1	localhost
192.0.2.10  Gpu1.Example gpu1   # the first
192.0.2.11  gpu1
2001:db8::10 gpu1.example
fe80::1%lo0 scoped
192.0.2.10  late
300.1.1.1   bad
nonsense
::1
192.0.2.12 a..b ok
]]

local function hosts_with(content, options)
  local hosts, context, world = fake.instance("hosts", options)
  world.files["/etc/hosts"] = content
  return hosts, context, world
end

describe("plugins.hosts", function()
  local hosts, context = hosts_with(text)

  local function data(name, type)
    local answer = hosts:resolve(fake.query(name, type), context)
    return answer and answer.data
  end

  it("answers names and aliases, in any case", function()
    assert.same({ "192.0.2.10" }, data("gpu1.example"))
    assert.same({ "127.0.0.1" }, data("LOCALHOST"))
    assert.equal(5, hosts:resolve(fake.query("localhost"), context).ttl)
  end)

  it("tells the log of a file that cannot be read, once", function()
    local two, seen = hosts_with("192.0.2.1 a", '{ paths = { "/etc/hosts", "/etc/hsots" } }')
    for _ = 1, 2 do
      assert.is_truthy(two:resolve(fake.query("a"), seen))
    end
    assert.equal(1, #seen.logged)
    assert.matches("^warn: /etc/hsots: ", seen.logged[1])
  end)

  it("gathers the addresses of all lines of a name", function()
    assert.same({ "192.0.2.10", "192.0.2.11" }, data("gpu1"))
    assert.same({ "2001:db8::10" }, data("gpu1.example", "AAAA"))
  end)

  it("says that there is nothing of the other family", function()
    assert.equal("nodata", hosts:resolve(fake.query("localhost", "AAAA"), context).status)
  end)

  it("covers HTTPS records, which carry addresses, and no further types", function()
    assert.equal("nodata", hosts:resolve(fake.query("gpu1", "HTTPS"), context).status)
    assert.is_nil(data("gpu1", "TXT"))
  end)

  it("says that it knows a name when it passes for the type alone", function()
    local function is_known(name, type)
      local query = fake.query(name, type)
      hosts:resolve(query, context)
      return query.is_known or false
    end
    assert.is_true(is_known("gpu1", "TXT"))
    assert.is_true(is_known("10.2.0.192.in-addr.arpa", "TXT"))
    assert.is_false(is_known("gpu2", "TXT"))
    assert.is_false(is_known("gpu2", "A"))
  end)

  it("answers reverse names with the first name of the address", function()
    assert.same({ "gpu1.example." }, data("10.2.0.192.in-addr.arpa", "PTR"))
    assert.is_nil(data("99.2.0.192.in-addr.arpa", "PTR"))
  end)

  it("leaves scopes out of records", function()
    assert.same({ "fe80::1" }, data("scoped", "AAAA"))
  end)

  it("passes over what it cannot read", function()
    assert.is_nil(data("bad"))
    assert.is_nil(data("a..b"))
    assert.same({ "192.0.2.12" }, data("ok"))
    assert.is_nil(data("unknown"))
  end)

  it("reads a file again when it has changed", function()
    local own, ctx, world = hosts_with("192.0.2.1 one\n")
    assert.same({ "192.0.2.1" }, own:resolve(fake.query("one"), ctx).data)
    world.files["/etc/hosts"] = "192.0.2.2 two\r\n"
    world:advance(1000)
    assert.is_nil(own:resolve(fake.query("one"), ctx))
    assert.same({ "192.0.2.2" }, own:resolve(fake.query("two"), ctx).data)
    world.files["/etc/hosts"] = nil
    world:advance(1000)
    assert.is_nil(own:resolve(fake.query("two"), ctx))
  end)

  it("looks at its files at most once a second", function()
    local own, ctx = hosts_with("192.0.2.1 one\n")
    local looks, stamp = 0, ctx.file_stamp
    function ctx.file_stamp(...)
      looks = looks + 1
      return stamp(...)
    end
    for _ = 1, 100 do
      own:resolve(fake.query("one"), ctx)
    end
    assert.equal(1, looks)
  end)

  it("reads several files", function()
    local own, ctx, world = fake.instance("hosts", '{ paths = { "/a", "/b" }, ttl = "1m" }')
    world.files["/a"], world.files["/b"] = "192.0.2.1 x", "192.0.2.2 x"
    local answer = own:resolve(fake.query("x"), ctx)
    assert.same({ "192.0.2.1", "192.0.2.2" }, answer.data)
    assert.equal(60, answer.ttl)
  end)
end)
