local core = require("mlxresolve.core")
local dns_client = require("support.dns_client")
local front_rig = require("support.front")

local SERVFAIL, EDE_NOT_READY = 2, 14
local MOST = 64

describe("mlxresolve.core.front: what clients may have under way", function()
  local rig, sockets

  before_each(function()
    rig = front_rig.open { max_pending = MOST }
    sockets = {}
  end)
  after_each(function()
    for _, socket in ipairs(sockets) do
      socket:close()
    end
    rig:close()
  end)

  local function client(address)
    local socket = dns_client.udp(rig.endpoint, address)
    sockets[#sockets + 1] = socket
    return socket
  end

  --- Asks so much that none of it is cached; how many it was told to come again.
  local function ask(socket, count)
    local pending, refused = #rig.pending, 0
    for id = 1, count do
      local fields = { id = id, edns = { udp_size = 1232 } }
      socket:send(front_rig.query(("n%d.test."):format(id), "A", fields))
    end
    assert.is_true(dns_client.wait(
      function()
        local packet = table.remove(socket.arrived)
        local reply = packet and core.wire.decode(packet)
        if reply then
          assert.same({ SERVFAIL, EDE_NOT_READY }, { reply.rcode, reply.edns.ede[1].code })
          refused = refused + 1
        end
        return #rig.pending - pending + refused == count
      end,
      5,
      function()
        rig:work()
      end
    ))
    return refused
  end

  it("leaves the last quarter to those who have few", function()
    local greedy, modest = client("127.0.0.1"), client("127.0.0.2")
    assert.equal(MOST / 4 - 1, ask(greedy, MOST))
    assert.equal(0, ask(modest, MOST / 16))
    assert.equal(5, ask(greedy, 5))
  end)

  it("counts connections like datagrams", function()
    local stream = dns_client.tcp(rig.endpoint)
    sockets[1] = stream
    for _ = 1, MOST do
      stream:ask(front_rig.query("two.test."))
    end
    assert.is_true(rig:await_pending(MOST / 4 * 3 + 1))
    assert.equal(0, ask(client("127.0.0.2"), 1))
  end)

  it("gives back what was answered", function()
    local greedy = client("127.0.0.1")
    ask(greedy, MOST)
    for _, miss in ipairs(rig.pending) do
      rig:reply(miss.slot, miss.name, miss.type, { "192.0.2.2" })
    end
    rig.front:flush()
    rig.pending = {}
    for _ = 1, MOST / 4 * 3 + 1 do
      assert.is_string(greedy:receive())
    end
    assert.equal(MOST / 4 - 1, ask(greedy, MOST))
  end)
end)
