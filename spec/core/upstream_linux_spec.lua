local faults = require("support.faults")
local netns = require("support.netns")

-- Asks 160 questions in one flush, over 64 ports, and prints how many sends it took at most, and
-- how many questions arrived whole.
local FLUSH = [[
  local core = require "mlxresolve.core"
  local dns_client = require "support.dns_client"
  local dns_server = require "support.dns_server"
  local ip, mtu = ...
  assert(os.execute("ip link set lo mtu " .. (mtu or 65536)) == 0)

  local function sends()
    local v4 = io.open("/proc/net/snmp"):read("*a"):match("\nUdp: %d+ %d+ %d+ (%d+)")
    local v6 = io.open("/proc/net/snmp6"):read("*a"):match("Udp6OutDatagrams%s+(%d+)")
    return v4 + v6
  end

  local expected, arrived, now = {}, 0, core.now()
  local server = dns_server.udp(function(query)
    local question = core.wire.decode(query).questions[1]
    arrived = arrived + (expected[question.name] and 1 or 0)
    expected[question.name] = nil
  end, 0, ip)
  local upstream = assert(core.upstream.open { fresh_rate = 1 })
  local number = assert(upstream:server(server.address))
  for i = 1, 160 do
    local form = i <= 120 and "n%03d.a-name-of-length.test." or "longer%03d.a-name-of-length.test."
    local name = form:format(i)
    expected[name] = true
    assert(upstream:ask(number, name, 1, 5000, now))
  end
  local before = sends()
  upstream:flush(now)
  local took = sends() - before
  dns_client.wait(function() return arrived == 160 end, 5)
  print(took == 160 and "one by one" or took <= 65 + 40 and "at once" or took, arrived)
  upstream:close()
  server:close()
  dns_client.wait(function() end, 0)
]]

-- Asks 160 questions of one length over 64 ports on a system that knows no UDP_SEGMENT.
local OLD_SYSTEM = [[
  local core = require "mlxresolve.core"
  local dns_client = require "support.dns_client"
  local dns_server = require "support.dns_server"
  ffi.C.mlxt_age()
  local whole, now = 0, core.now()
  local server = dns_server.udp(function(query)
    whole = whole + (core.wire.decode(query) and 1 or 0)
  end)
  local upstream = assert(core.upstream.open { fresh_rate = 1 })
  local number = assert(upstream:server(server.address))
  for i = 1, 160 do
    assert(upstream:ask(number, ("n%03d.test."):format(i), 1, 5000, now))
  end
  upstream:flush(now)
  dns_client.wait(function() return whole == 160 end, 2)
  print(whole, #server.queries)
  upstream:close()
  server:close()
  dns_client.wait(function() end, 0)
]]

local function flush(...)
  return netns.check(FLUSH, { args = { ... } })
end

describe("mlxresolve.core.upstream: sending", function()
  it("sends questions of one length from one port at once", function()
    if not netns.available() then
      return pending("namespaces cannot be made here")
    end
    assert.equal("at once\t160\n", flush("127.0.0.1"))
    assert.equal("at once\t160\n", flush("::1"))
  end)

  it("sends them one by one where the system refuses", function()
    if not netns.available() then
      return pending("namespaces cannot be made here")
    end
    -- each is longer than a packet may be: the system makes fragments of one question, not of many
    assert.equal("one by one\t160\n", flush("127.0.0.1", "68"))
  end)

  it("sends no questions as one datagram where the system passes over the request", function()
    if faults.missing() then
      return pending(faults.missing())
    end
    assert.equal("160\t160\n", faults.check(OLD_SYSTEM))
  end)
end)
