local control = require("mlxresolve.control")
local json = require("mlxresolve.json")
local virtual = require("mlxresolve.world.virtual")

describe("mlxresolve.control", function()
  local world, resolver, api

  before_each(function()
    world = virtual.new()
    resolver = { world = world, asked = {} }
    function resolver.resolve(self, name, options, callback)
      self.asked[#self.asked + 1] = { name = name, options = options }
      self.callback = callback
    end
    function resolver.status()
      return { strategies = { { name = "hosts" } } }
    end
    function resolver.flush(self, filter)
      self.filter = filter
      return 3
    end
    function resolver.reload()
      return true
    end
    api = control.new {
      resolver = resolver,
      about = function()
        return { pid = 812 }
      end,
    }
  end)

  --- The status and the value of the reply, if there is one yet.
  local function ask(method, target, body)
    local path, query = target:match("^([^?]*)%??(.*)$")
    local reply = {}
    api:handle(
      { method = method, path = path, query = query, body = body or "" },
      function(status, value)
        assert.is_nil(reply.status, "replied twice")
        reply.status, reply.value = status, value
      end
    )
    return reply
  end

  local function assert_refused(reply, status, code, text)
    assert.are.equal(status, reply.status)
    assert.are.equal(code, reply.value.code)
    assert.is_truthy(reply.value.error:find(text, 1, true), reply.value.error)
  end

  it("resolves both families unless types are named", function()
    ask("GET", "/v1/query?name=Mini2.local")
    ask("GET", "/v1/query?name=a.&type=srv&type=TXT&timeout=2s&trace=1&fresh=1")
    assert.are.equal("mini2.local.", resolver.asked[1].name)
    assert.are.same({ "A", "AAAA" }, resolver.asked[1].options.types)
    assert.is_nil(resolver.asked[1].options.timeout)
    local options = resolver.asked[2].options
    assert.are.same({ "SRV", "TXT" }, options.types)
    assert.are.equal(2000, options.timeout)
    assert.is_true(options.trace)
    assert.is_true(options.fresh)
  end)

  it("replies when the resolver does", function()
    local reply = ask("GET", "/v1/query?name=a.")
    assert.is_nil(reply.status)
    resolver.callback { name = "a.", status = "nodata", addresses = {}, records = {}, ms = 1 }
    assert.are.equal(200, reply.status)
    assert.are.equal("nodata", reply.value.status)
  end)

  it("replies to a failed resolution with its status", function()
    local reply = ask("GET", "/v1/query?name=a.")
    resolver.callback(nil, "nobody answered in time", "ETIMEOUT")
    assert.are.equal(200, reply.status)
    assert.are.equal("timeout", reply.value.status)
    assert.are.equal("ETIMEOUT", reply.value.code)
  end)

  it("decodes names, and refuses those that are none", function()
    ask("GET", "/v1/query?name=a%5C032b.local")
    assert.are.equal([[a\032b.local.]], resolver.asked[1].name)
    assert_refused(ask("GET", "/v1/query?name=a..b"), 400, "ETEXT", "'a..b' is no host name")
    assert_refused(ask("GET", "/v1/query"), 400, "EINVAL", "which name")
    assert_refused(ask("GET", "/v1/query?name=a&name=b"), 400, "EINVAL", "which name")
  end)

  it("says what is wrong with a parameter", function()
    local many = "&type=A"
    assert_refused(ask("GET", "/v1/query?name=a&tpye=A"), 400, "EINVAL", "did you mean 'type'?")
    assert_refused(ask("GET", "/v1/query?name=a&type=B"), 400, "ETEXT", "'B' is no record type")
    assert_refused(ask("GET", "/v1/query?name=a" .. many:rep(9)), 400, "EINVAL", "at most 8")
    for _, timeout in ipairs { "x", "0", "-1", "61s", "", "nan" } do
      local reply = ask("GET", "/v1/query?name=a&timeout=" .. timeout)
      assert_refused(reply, 400, "EINVAL", "expected a duration")
    end
    assert.are.equal(0, #resolver.asked)
  end)

  it("adds to the status what only the daemon knows", function()
    local reply = ask("GET", "/v1/status")
    assert.are.equal(200, reply.status)
    assert.are.same({ pid = 812, strategies = { { name = "hosts" } } }, reply.value)
  end)

  it("flushes what is named, or everything", function()
    local reply = ask("POST", "/v1/cache/flush", '{"name":"Mini2.local"}')
    assert.are.same({ flushed = 3 }, reply.value)
    assert.are.same({ name = "mini2.local." }, resolver.filter)
    ask("POST", "/v1/cache/flush", "")
    assert.are.same({}, resolver.filter)
  end)

  it("dumps page by page, and loads", function()
    function resolver.dump(_, filter, from)
      resolver.dumped = { filter, from }
      return {}, from == 0 and 4294967301 or nil
    end
    function resolver.load(_, entries)
      return #entries, 1, "no strategy 'x'"
    end
    local reply = ask("GET", "/v1/cache/dump?suffix=Local")
    assert.are.same({ entries = {}, next = 4294967301 }, reply.value)
    assert.are.same({ { suffix = "local." }, 0 }, resolver.dumped)
    reply = ask("GET", "/v1/cache/dump?from=4294967301")
    assert.is_false(reply.value.next)
    assert.are.equal(4294967301, resolver.dumped[2])
    assert_refused(ask("GET", "/v1/cache/dump?from=x"), 400, "EINVAL", "from")
    reply = ask("POST", "/v1/cache/load", '{"entries":[{},{}]}')
    assert.are.same({ taken = 2, left_out = 1, why = "no strategy 'x'" }, reply.value)
    assert_refused(
      ask("POST", "/v1/cache/load", '{"entries":7}'),
      400,
      "EINVAL",
      "expected a table"
    )
  end)

  it("takes reports of addresses that are dead", function()
    function resolver.report_failure(_, name, address)
      resolver.reported = { name, address }
      return name ~= "bad" and 1 or nil, "'bad' is no host name", "ETEXT"
    end
    local body = '{"name":"mini2.local","address":"192.0.2.7"}'
    assert.are.same({ doubted = 1 }, ask("POST", "/v1/failure", body).value)
    assert.are.same({ "mini2.local", "192.0.2.7" }, resolver.reported)
    assert_refused(ask("POST", "/v1/failure", '{"name":"bad"}'), 400, "ETEXT", "no host name")
    assert_refused(ask("POST", "/v1/failure", ""), 400, "EINVAL", "which name")
    assert_refused(ask("POST", "/v1/failure", '{"nam":"x"}'), 400, "EINVAL", "unknown field")
  end)

  it("reads all that a filter can say", function()
    local body =
      '{"suffix":"Local","type":"aaaa","interface":"eth0","strategy":"mdns","older_than":"10m"}'
    ask("POST", "/v1/cache/flush", body)
    assert.are.same({
      suffix = "local.",
      type = "AAAA",
      interface = "eth0",
      strategy = "mdns",
      older_than = 600,
    }, resolver.filter)
  end)

  it("lists what a filter means, and says whether there is more", function()
    local limits = {}
    function resolver.list(self, filter, limit)
      self.filter, limits[#limits + 1] = filter, limit
      return { { name = "a.local." } }, true
    end
    local reply = ask("GET", "/v1/cache?suffix=local&older_than=90&limit=5")
    assert.are.same({ entries = { { name = "a.local." } }, more = true }, reply.value)
    assert.are.same({ suffix = "local.", older_than = 90 }, resolver.filter)
    ask("GET", "/v1/cache")
    ask("GET", "/v1/cache?limit=999999999")
    assert.are.same({ 5, 1000, 10000 }, limits)
    assert.are.same({}, resolver.filter)
  end)

  it("refuses filters that mean nothing", function()
    function resolver.list()
      return nil, 'no strategy "x"', "ENOENT"
    end
    assert_refused(ask("GET", "/v1/cache?strategy=x"), 400, "ENOENT", "no strategy")
    assert_refused(ask("GET", "/v1/cache?type=BEE"), 400, "ETEXT", "'BEE' is no record type")
    assert_refused(ask("GET", "/v1/cache?older_than=soon"), 400, "EINVAL", "'10m'")
    assert_refused(ask("GET", "/v1/cache?limit=x"), 400, "EINVAL", "whole number")
    assert_refused(ask("GET", "/v1/cache?limit=nan"), 400, "EINVAL", "whole number")
    assert_refused(ask("GET", "/v1/cache?sufix=a"), 400, "EINVAL", "did you mean 'suffix'?")
  end)

  it("flushes nothing when the body is wrong", function()
    local cases = {
      { "{", "EFORMAT", "no JSON" },
      { "[1]", "EINVAL", "unknown field '1'" },
      { '"all"', "EFORMAT", "expected an object" },
      { '{"nmae":"a"}', "EINVAL", "did you mean 'name'?" },
      { '{"name":1}', "EINVAL", "name: expected a string, got a number" },
      { '{"name":"a..b"}', "ETEXT", "'a..b' is no host name" },
    }
    for _, case in ipairs(cases) do
      assert_refused(ask("POST", "/v1/cache/flush", case[1]), 400, case[2], case[3])
    end
    assert.is_nil(resolver.filter)
  end)

  it("reloads, and passes on the mistakes that prevent it", function()
    assert.are.same({ reloaded = true }, ask("POST", "/v1/reload").value)
    function resolver.reload()
      return nil, "policy.lua:1:1: error: …", "EPOLICY"
    end
    assert_refused(ask("POST", "/v1/reload"), 409, "EPOLICY", "policy.lua:1:1")
  end)

  it("tells the tries of the latest queries", function()
    function resolver.traces(_, limit)
      return { limit }
    end
    assert.are.same({ traces = { 5 } }, ask("GET", "/v1/trace?limit=5").value)
    assert.are.same({ traces = { 100 } }, ask("GET", "/v1/trace?limit=5000").value)
    assert_refused(ask("GET", "/v1/trace?limit=0"), 400, "EINVAL", "whole number")
    assert_refused(ask("GET", "/v1/trace?limit=1.5"), 400, "EINVAL", "whole number")
  end)

  it("refuses unknown paths and wrong methods", function()
    assert_refused(ask("GET", "/v1/stauts"), 404, "ENOENT", "did you mean '/v1/status'?")
    assert_refused(ask("GET", "/"), 404, "ENOENT", "no such path")
    assert_refused(ask("GET", "/v1/reload"), 405, "EINVAL", "expected POST, got GET")
    assert_refused(ask("POST", "/v1/query?name=a"), 405, "EINVAL", "expected GET")
  end)

  it("survives a defect behind a route", function()
    function resolver.status()
      error("boom")
    end
    assert_refused(ask("GET", "/v1/status"), 500, "EINTERNAL", "defect")
    assert.is_truthy(world.lines[1]:find("boom", 1, true))
  end)

  it("serves JSON with an end of line", function()
    local replies = {}
    function world.http(_, options, on_request)
      assert.are.same({ path = "/run/s" }, options)
      world.on_request = on_request
      return {
        reply = function(_, ...)
          replies[#replies + 1] = { ... }
        end,
      }
    end
    assert.is_truthy(api:serve(world, "/run/s"))
    world.on_request(7, "GET", "/v1/nothing", "", "")
    local slot, status, content_type, body = unpack(replies[1])
    assert.are.same({ 7, 404, "application/json" }, { slot, status, content_type })
    assert.are.equal("ENOENT", json.decode(body).code)
    assert.are.equal("\n", body:sub(-1))
  end)

  it("puts its socket where only this user can", function()
    local path = control.default_path(world, 0)
    assert.are.equal(jit.os == "OSX" and "/var/run/mlxresolve.sock" or "/run/mlxresolve.sock", path)
    world.environment = { XDG_RUNTIME_DIR = "/run/user/1000/", HOME = "/home/u" }
    assert.are.equal("/run/user/1000/mlxresolve.sock", control.default_path(world, 1000))
    world.environment = { HOME = "/home/u" }
    assert.are.equal("/home/u/.mlxresolve.sock", control.default_path(world, 1000))
    world.environment = {}
    local _, message, code = control.default_path(world, 1000)
    assert.are.equal("ENOENT", code)
    assert.is_truthy(message:find("--control", 1, true))
  end)
end)
