local control_bed = require("support.control_bed")

describe("mlxresolve.control.cache_routes", function()
  local resolver, ask
  local assert_refused = control_bed.assert_refused

  before_each(function()
    local _
    _, resolver, _, ask = control_bed.new()
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
      return nil, "no strategy 'x'", "ENOENT"
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
end)
