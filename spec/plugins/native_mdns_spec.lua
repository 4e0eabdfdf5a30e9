local bed = require("support.bed")
local cjson = require("cjson")
local mlx = require("mlxresolve")

local AVAHI, RESOLVED = "/run/avahi-daemon/socket", "/run/systemd/resolve/io.systemd.Resolve"

describe("plugin native_mdns", function()
  local opened

  local function open(options)
    opened = bed.open {
      mlx.use("native_mdns", options),
      bed.strategy("other", function(query)
        return query:answer { a = "192.0.2.99", aaaa = "2001:db8::99" }
      end),
    }
  end

  -- Avahi: what it says to each command; nothing means that it keeps silent for long.
  local function avahi(replies)
    opened.world.targets[AVAHI] = function(data, incoming)
      local reply = replies[data:match("IPV%d")]
      incoming[1] = reply and reply .. "\n" or nil
      opened.world.is_silent = not reply
    end
  end

  local function resolved(reply)
    opened.world.targets[RESOLVED] = function(data, incoming)
      local request = cjson.decode(data:sub(1, -2))
      incoming[1] = cjson.encode(reply(request.parameters)) .. "\0"
    end
  end

  it("asks avahi-daemon", function()
    open()
    avahi { IPV4 = "+ 2 0 mini2.local 192.0.2.7", IPV6 = "-15 Timeout reached" }
    local result = opened:ask("mini2.local", "A")
    assert.equal("192.0.2.7", result.addresses[1].address)
    assert.equal("native_mdns", result.addresses[1].strategy)
    assert.equal(30, result.addresses[1].ttl)
  end)

  it("asks systemd-resolved where avahi-daemon is not", function()
    open()
    resolved(function(parameters)
      local address = { 192, 0, 2, 7 }
      if parameters.family == 10 then
        address = { 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7 }
      end
      local entry = { ifindex = 2, family = parameters.family, address = address }
      return { parameters = { addresses = { entry }, name = parameters.name } }
    end)
    assert.equal("192.0.2.7", opened:address("mini2.local", "A"))
    assert.equal("2001:db8::7", opened:address("mini2.local", "AAAA"))
  end)

  it("keeps the interface of a link-local address", function()
    open()
    local interface = { index = 3, name = "eth1", kind = "ethernet", up = true, addresses = {} }
    opened.world.links = { interface }
    avahi { IPV6 = "+ 3 1 mini2.local fe80::7" }
    local result = opened:ask("mini2.local", "AAAA")
    assert.equal("eth1", result.addresses[1].interface)
  end)

  it("takes a family for absent soon after the other has answered", function()
    open()
    avahi { IPV4 = "+ 2 0 mini2.local 192.0.2.7", IPV6 = "-15 Timeout reached" }
    local stall = opened.world.targets[AVAHI]
    opened.world.targets[AVAHI] = function(data, incoming)
      if data:find("IPV6", 1, true) then
        return incoming
      end
      return stall(data, incoming)
    end
    local result = opened:ask("mini2.local", "AAAA")
    assert.equal("nodata", result.status)
    assert.is_true(result.ms >= 50 and result.ms < 100, result.ms)
  end)

  it("is nobody's answer where the system has no responder", function()
    open()
    local result = opened:ask("mini2.local", "A", { trace = true })
    assert.equal("other", result.addresses[1].strategy)
    assert.equal("pass", result.trace[1].result)
  end)

  it("lets the next strategy answer when the responder found nobody", function()
    open()
    avahi { IPV4 = "-15 Timeout reached", IPV6 = "-15 Timeout reached" }
    local result = opened:ask("mini2.local", "A", { trace = true })
    assert.equal("other", result.addresses[1].strategy)
    assert.equal("silent", result.trace[1].result)
  end)

  it("says what went wrong when the responder talks nonsense", function()
    open()
    avahi { IPV4 = "hello", IPV6 = "hello" }
    local result = opened:ask("mini2.local", "A", { trace = true })
    assert.equal("failed", result.trace[1].result)
    assert.matches("avahi%-daemon said 'hello'", result.trace[1].detail)
  end)

  it("says so when asking ends in an error", function()
    open()
    opened.world.connect = function()
      error("no connections here")
    end
    local result = opened:ask("mini2.local", "A", { trace = true })
    assert.equal("other", result.addresses[1].strategy)
    assert.equal("failed", result.trace[1].result)
    assert.matches("no connections here", result.trace[1].detail)
  end)

  it("leaves other types and other zones alone", function()
    open()
    local asked = 0
    opened.world.targets[AVAHI] = function()
      asked = asked + 1
    end
    opened:ask("mini2.local", "TXT")
    opened:ask("example.org", "A")
    assert.equal(0, asked)
  end)

  it("asks whom the policy lists", function()
    open { responders = { "resolved" }, resolved = "/tmp/other" }
    local asked = {}
    for _, path in ipairs { AVAHI, RESOLVED, "/tmp/other" } do
      opened.world.targets[path] = function()
        asked[path] = true
      end
    end
    opened:ask("mini2.local", "A")
    assert.same({ ["/tmp/other"] = true }, asked)
  end)
end)
