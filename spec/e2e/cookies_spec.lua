--- DNS cookies with a real peer, which refuses those that have forgotten its part.

local daemons = require("support.daemon")
local knot = require("support.knot")
local lan = require("support.lan")

describe("DNS cookies", function()
  local net, dns, daemon

  setup(function()
    net = lan.open { "master", "dns1" }
    dns =
      knot.start(net, "dns1", "example.test", "www 60 IN A 192.0.2.80\n*.many 60 IN A 192.0.2.9\n")
  end)
  teardown(function()
    net:close()
  end)
  after_each(function()
    daemon:stop()
  end)

  local function start(cookies)
    daemon = daemons.start(
      net,
      "master",
      ([[strategies = { use("dns", {
      zones = { "test" }, servers = { "10.99.0.12" }, cookies = %s, attempt = "2s" }) }]]):format(
        cookies
      )
    )
  end

  --- How much the counters have grown.
  local function since(before)
    local grown = {}
    for name, value in pairs(dns:stats()) do
      grown[name] = value - (before[name] or 0)
    end
    return grown
  end

  it("are got from a server and shown to it [RFC 7873 5: cookies]", function()
    start("true")
    local before = dns:stats()
    local reply = daemon:dig("www.example.test", "A")
    assert.same({ "192.0.2.80" }, reply.answers)
    for i = 1, 5 do
      assert.same({ "192.0.2.9" }, daemon:dig(i .. ".many.example.test", "A").answers)
    end
    local grown = since(before)
    assert.equal(7, grown["mod-cookies.presence"]) -- the first was asked twice
    assert.equal(7, grown["mod-stats.request-protocol[udp4]"])
    assert.is_nil(grown["mod-stats.request-protocol[tcp4]"])
  end)

  it("are not sent where the policy does not want them", function()
    start("false")
    local before = dns:stats()
    assert.same({ "192.0.2.80" }, daemon:dig("www.example.test", "A").answers)
    assert.equal(0, since(before)["mod-cookies.presence"] or 0)
  end)
end)
