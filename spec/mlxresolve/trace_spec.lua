local traces = require("mlxresolve.trace")

describe("mlxresolve.trace", function()
  local trace

  before_each(function()
    trace = traces.new()
    trace:add("hosts", "pass", 1000, 0)
    trace:add("mdns", "silent", 1000, 800, "no answer on eth0")
    trace:add("dns", "failed", 1800, 5, "192.0.2.53 said SERVFAIL")
  end)

  it("lists tries relative to the first", function()
    assert.same(
      { strategy = "mdns", result = "silent", at = 0, ms = 800, detail = "no answer on eth0" },
      trace:list()[2]
    )
    assert.equal(800, trace:list()[3].at)
  end)

  it("sums up what did not help, and nothing else", function()
    assert.equal("mdns: no answer on eth0; dns: 192.0.2.53 said SERVFAIL", trace:summary(300))
  end)

  it("keeps a summary within its bytes, whole parts only", function()
    assert.equal("mdns: no answer on eth0", trace:summary(30))
    assert.equal("", trace:summary(5))
  end)

  it("sums up in UTF-8, or clients would refuse the reply", function()
    trace:clear()
    trace:add("caf\233", "failed", 1000, 0, "no\255")
    assert.equal("caf\\233: no\\255", trace:summary(300))
  end)

  it("forgets when cleared", function()
    trace:clear()
    assert.same({}, trace:list())
    assert.equal("", trace:summary(100))
  end)
end)
