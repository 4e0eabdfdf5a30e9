local netns = require("support.netns")

-- Answers questions that have come from two clients, in one flush, and prints how many sends it
-- took and how many of the replies arrived.
local FLUSH = [[
  local core = require "mlxresolve.core"
  local dns_client = require "support.dns_client"
  local front_rig = require "support.front"
  local listen, asked, mtu = ...
  assert(os.execute("ip link set lo mtu " .. (mtu or 65536)) == 0)
  local rig = front_rig.open { listen = { listen } }
  local endpoint = asked .. rig.endpoint:match(":%d+$")
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

  for _ = 1, 2 do
    rig.pending = {}
    for i, client in ipairs(clients) do
      for id, name in ipairs(names_of(i)) do
        client:send(front_rig.query(name, "A", { id = id }))
      end
    end
    assert(rig:await_pending(48))
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
  end)

  it("sends them one by one where the system refuses", function()
    if not available() then
      return
    end
    -- each is longer than a packet may be: the system makes fragments of one reply, not of many
    local singly = ("48 sends, 48 replies, 0 dropped\n"):rep(2)
    assert.equal(singly, flush("127.0.0.1:0", "127.0.0.1", "100"))
  end)
end)
