local faults = require("support.faults")
local netns = require("support.netns")

-- Answers questions that have come from two clients, in one flush, and prints how many sends it
-- took and how many of the replies arrived; twice. In the first round a third client asks from
-- `lost`, which cannot be reached any more when it is answered; before them all one that listens at
-- `other` too is asked there.
local FLUSH = [[
  local core = require "mlxresolve.core"
  local dns_client = require "support.dns_client"
  local front_rig = require "support.front"
  local listen, asked, mtu, lost, other = ...
  assert(os.execute("ip link set lo mtu " .. (mtu or 65536)) == 0)
  local rig = front_rig.open { listen = { listen, other } }
  local endpoint = asked .. rig.endpoint:match(":%d+$")
  if other then
    rig:put("other.test.", "A", { "192.0.2.1" })
    local client = dns_client.udp("[::1]" .. rig.front:addresses()[2]:match(":%d+$"))
    client:send(front_rig.query("other.test."))
    assert(client:receive())
  end
  local clients = { dns_client.udp(endpoint), dns_client.udp(endpoint) }

  local function sends()
    local v4 = io.open("/proc/net/snmp"):read("*a"):match("\nUdp: %d+ %d+ %d+ (%d+)")
    local v6 = io.open("/proc/net/snmp6"):read("*a"):match("Udp6OutDatagrams%s+(%d+)")
    return v4 + v6
  end

  -- 30 short and 10 long names of the first client, 8 short ones of the second
  local function names_of(client)
    local names = {}
    for id = 1, client == 1 and 40 or 8 do
      local form = id <= 30 and "n%d%02d.test." or "longer-%d-%02d.test."
      names[id] = form:format(client, id)
    end
    return names
  end

  local function is_right(client, reply, names)
    local name = names[reply.id]
    names[reply.id] = nil
    return name and reply.answers[1].name == name and #reply.answers == 4
      and reply.answers[1].data == ("192.0.%d.%d"):format(client, reply.id)
  end

  for round = 1, 2 do
    local is_one_lost = lost and lost ~= "" and round == 1
    rig.pending = {}
    for i, client in ipairs(clients) do
      for id, name in ipairs(names_of(i)) do
        client:send(front_rig.query(name, "A", { id = id }))
      end
    end
    if is_one_lost then
      local client = dns_client.udp(endpoint, lost)
      client:send(front_rig.query("n301.test."))
      client:send(front_rig.query("n302.test."))
    end
    assert(rig:await_pending(is_one_lost and 50 or 48))
    if is_one_lost then
      assert(os.execute("ip route add unreachable " .. lost .. " table local") == 0)
    end
    for _, miss in ipairs(rig.pending) do
      local client, id = miss.name:match("(%d)%-?(%d%d)")
      local first = ("192.0.%d.%d"):format(client, id)
      rig:reply(miss.slot, miss.name, miss.type, { first, "192.0.2.2", "192.0.2.3", "192.0.2.4" })
    end
    local before = sends()
    rig.front:flush()
    local took, arrived = sends() - before, 0
    for i, client in ipairs(clients) do
      local names = names_of(i)
      for _ = 1, #names do
        local packet = client:receive(2)
        arrived = arrived + (packet and is_right(i, core.wire.decode(packet), names) and 1 or 0)
      end
    end
    print(took .. " sends, " .. arrived .. " replies, " .. rig.front:stats().dropped .. " dropped")
  end
  rig:close()
]]

local function flush(...)
  return netns.check(FLUSH, { args = { ... } })
end

-- Three replies of one length to one client, on a system that knows no UDP_SEGMENT.
local OLD_SYSTEM = [[
  local core = require "mlxresolve.core"
  local dns_client = require "support.dns_client"
  local front_rig = require "support.front"
  ffi.C.mlxt_age()
  local rig = front_rig.open()
  local client = dns_client.udp(rig.endpoint)
  for id = 1, 3 do
    client:send(front_rig.query("n" .. id .. ".test.", "A", { id = id }))
  end
  assert(rig:await_pending(3))
  for _, miss in ipairs(rig.pending) do
    rig:reply(miss.slot, miss.name, miss.type, { "192.0.2." .. miss.name:match("%d") })
  end
  rig.front:flush()
  for _ = 1, 3 do
    local reply = assert(core.wire.decode(assert(client:receive(2), "a reply is missing")))
    print(reply.id, reply.answers[1].data)
  end
  client:close()
  rig:close()
]]

-- Two replies of one length to each of three clients, while the first call that sends fails.
local FAILURE = [[
  local core = require "mlxresolve.core"
  local dns_client = require "support.dns_client"
  local front_rig = require "support.front"
  local rig = front_rig.open()
  local clients = {}
  for i = 1, 3 do
    clients[i] = dns_client.udp(rig.endpoint)
    clients[i]:send(front_rig.query(("a%d.test."):format(i), "A", { id = i }))
    clients[i]:send(front_rig.query(("b%d.test."):format(i), "A", { id = i }))
  end
  assert(rig:await_pending(6))
  for _, miss in ipairs(rig.pending) do
    rig:reply(miss.slot, miss.name, miss.type, { "192.0.2.1" })
  end
  fail("sendmmsg", CODE, 1)
  rig.front:flush()
  assert(1 == fail())
  local stats, arrived = rig.front:stats(), 0
  for i, client in ipairs(clients) do
    for _ = 1, stats.replies / #clients do
      local reply = assert(core.wire.decode(assert(client:receive())))
      assert(reply.id == i and reply.questions[1].name:find(i, 1, true))
      arrived = arrived + 1
    end
    client:close()
  end
  print(arrived .. " replies, " .. stats.dropped .. " dropped, " .. stats.pending .. " pending")
  rig:close()
]]

describe("mlxresolve.core.front: sending", function()
  local function available()
    return netns.available() or pending("namespaces cannot be made here")
  end

  it("sends replies of one length to one client at once", function()
    if not available() then
      return
    end
    local at_once = ("3 sends, 48 replies, 0 dropped\n"):rep(2)
    assert.equal(at_once, flush("127.0.0.1:0", "127.0.0.1"))
    assert.equal(at_once, flush("[::1]:0", "[::1]"))
  end)

  it("names the address that was asked for all of them", function()
    if not available() then
      return
    end
    local at_once = ("3 sends, 48 replies, 0 dropped\n"):rep(2)
    assert.equal(at_once, flush("0.0.0.0:0", "127.0.0.9"))
    assert.equal(at_once, flush("[::]:0", "[::1]"))
    assert.equal(at_once, flush("0.0.0.0:0", "127.0.0.9", "65536", "", "[::]:0"))
  end)

  it("sends them one by one where the system refuses", function()
    if not available() then
      return
    end
    -- each is longer than a packet may be: the system makes fragments of one reply, not of many
    local singly = ("48 sends, 48 replies, 0 dropped\n"):rep(2)
    assert.equal(singly, flush("127.0.0.1:0", "127.0.0.1", "100"))
  end)

  it(
    "sends no replies as one datagram where the system passes over the request for parts",
    function()
      if faults.missing() then
        return pending(faults.missing())
      end
      assert.equal("1\t192.0.2.1\n2\t192.0.2.2\n3\t192.0.2.3\n", faults.check(OLD_SYSTEM))
    end
  )

  it("sends at once to others after a client who cannot be reached", function()
    if not available() then
      return
    end
    local at_once = ("3 sends, 48 replies, 2 dropped\n"):rep(2)
    assert.equal(at_once, flush("127.0.0.1:0", "127.0.0.1", "65536", "127.0.0.77"))
  end)

  it("loses no reply but to a full buffer, and counts what it lost", function()
    if faults.missing() then
      return pending(faults.missing())
    end
    local outcomes = { EINTR = "6 replies, 0", EPERM = "6 replies, 0", EAGAIN = "0 replies, 6" }
    for code, outcome in pairs(outcomes) do
      local out = faults.check((FAILURE:gsub("CODE", ("%q"):format(code))))
      assert.equal(outcome .. " dropped, 0 pending\n", out, code)
    end
  end)
end)
