local control_bed = require("support.control_bed")

describe("mlxresolve.control.routes", function()
  local resolver, ask
  local assert_refused = control_bed.assert_refused

  before_each(function()
    local _
    _, resolver, _, ask = control_bed.new()
  end)

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
    assert_refused(ask("GET", "/v1/query?name=a&name=b"), 400, "EINVAL", "one at a time, got 2")
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
    assert.are.same({
      pid = 812,
      strategies = { { name = "hosts" } },
      streams = { open = 0, dropped = 0 },
    }, reply.value)
  end)

  it("takes reports of addresses that are dead", function()
    function resolver.report_failure(_, name, address)
      resolver.reported = { name, address }
      return address ~= "bad" and 1 or nil, "'bad' is no address", "ETEXT"
    end
    local body = '{"name":"mini2.local","address":"192.0.2.7"}'
    assert.are.same({ doubted = 1 }, ask("POST", "/v1/failure", body).value)
    assert.are.same({ "mini2.local.", "192.0.2.7" }, resolver.reported)
    body = '{"name":"mini2.local","address":"bad"}'
    assert_refused(ask("POST", "/v1/failure", body), 400, "ETEXT", "'bad' is no address")
    for _, name in ipairs { "", "a..b" } do
      local reply = ask("POST", "/v1/failure", ('{"name":"%s"}'):format(name))
      assert_refused(reply, 400, "ETEXT", ("'%s' is no host name"):format(name))
    end
    assert_refused(ask("POST", "/v1/failure", ""), 400, "EINVAL", "which name")
    assert_refused(ask("POST", "/v1/failure", '{"nam":"x"}'), 400, "EINVAL", "unknown field")
  end)

  it("does not take parameters in the address for 'everything'", function()
    for _, path in ipairs { "cache/flush", "pins/forget", "failure", "reload", "cache/load" } do
      local reply = ask("POST", "/v1/" .. path .. "?name=mini2.local")
      assert_refused(reply, 400, "EINVAL", "in the body, got parameters: ?name=mini2.local")
    end
    assert.is_nil(resolver.filter)
    assert_refused(ask("GET", "/v1/status?x=1"), 400, "EINVAL", "unknown parameter 'x'")
  end)

  it("reloads nothing for a request with a body that it does not know", function()
    function resolver.reload()
      error("must not be called")
    end
    assert_refused(ask("POST", "/v1/reload", '{"x":1}'), 400, "EINVAL", "unknown field 'x'")
    assert_refused(ask("POST", "/v1/reload", "x"), 400, "EFORMAT", "body")
  end)

  it("reloads, and passes on the mistakes that prevent it", function()
    assert.are.same({ reloaded = true, at_restart = {} }, ask("POST", "/v1/reload").value)
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
end)
