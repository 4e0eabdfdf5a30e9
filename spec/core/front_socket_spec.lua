local core = require("mlxresolve.core")
local dns_client = require("support.dns_client")
local faults = require("support.faults")
local front_rig = require("support.front")
local netns = require("support.netns")

-- Asks from 192.0.2.7 and fd00::7, in a namespace where both are this host's own.
local STRANGER = [[
  local core = require "mlxresolve.core"
  local dns_client = require "support.dns_client"
  local front_rig = require "support.front"
  assert(os.execute "ip addr add 192.0.2.7/32 dev lo; ip addr add fd00::7/128 dev lo nodad" == 0)
  local allow = { ... }
  local rig = front_rig.open {
    listen = { "192.0.2.7:0", "[fd00::7]:0", "127.0.0.1:0" },
    allow = #allow > 0 and allow or nil,
  }
  rig:put("one.test.", "A", { "192.0.2.1" })
  for _, endpoint in ipairs(rig.front:addresses()) do
    rig.endpoint = endpoint
    local query = front_rig.query("one.test.", "A", { edns = { udp_size = 1232 } })
    -- a kernel that has just been given an IPv6 address may lose the first datagram to it
    local reply = rig:ask(query, 2) or rig:ask(query, 2) or rig:ask(query)
    local ede = reply.edns.ede[1]
    print("udp", reply.rcode, #reply.answers, ede and ede.code or "none")
    local stream = dns_client.tcp(endpoint)
    stream:ask(query)
    local packet = stream:receive()
    print("tcp", packet and core.wire.decode(packet).rcode or "closed")
    stream:close()
  end
  rig:close()
]]

local REFUSED, ANSWERED = "udp\t5\t0\t18\ntcp\tclosed\n", "udp\t0\t1\tnone\ntcp\t0\n"

local function ask_as_stranger(...)
  return netns.check(STRANGER, { args = { ... } })
end

describe("mlxresolve.core.front: sockets", function()
  it("refuses strangers and answers loopback", function()
    if not netns.available() then
      return pending("namespaces cannot be made here")
    end
    assert.equal(REFUSED .. REFUSED .. ANSWERED, ask_as_stranger())
  end)

  it("answers whom the policy allows", function()
    if not netns.available() then
      return pending("namespaces cannot be made here")
    end
    assert.equal(
      ANSWERED .. REFUSED .. ANSWERED,
      ask_as_stranger("198.51.100.0/24", "192.0.2.0/29")
    )
    assert.equal(REFUSED .. ANSWERED .. ANSWERED, ask_as_stranger("fd00::/16"))
  end)

  it(
    "replies from the address that was asked when it listens on all [RFC 2181 4: source address]",
    function()
      local rig = front_rig.open { listen = { "0.0.0.0:0" } }
      rig:put("one.test.", "A", { "192.0.2.1" })
      rig.answer = function()
        return { "192.0.2.2" }
      end
      local port = rig.endpoint:match(":(%d+)$")
      for _, host in ipairs { "127.0.0.1", "127.0.0.2", "127.9.9.9" } do
        rig.endpoint = host .. ":" .. port
        assert.equal("192.0.2.1", rig:ask(front_rig.query("one.test.")).answers[1].data)
        assert.equal("192.0.2.2", rig:ask(front_rig.query("two.test.")).answers[1].data)
      end
      rig:close()
    end
  )

  it("listens on all IPv4 and all IPv6 addresses at one port", function()
    local first = front_rig.open { listen = { "0.0.0.0:0" } }
    local port = first.endpoint:match(":(%d+)$")
    first:close()
    local rig = front_rig.open { listen = { "0.0.0.0:" .. port, "[::]:" .. port } }
    rig:put("one.test.", "A", { "192.0.2.1" })
    rig.answer = function()
      return { "192.0.2.2" }
    end
    for _, host in ipairs { "127.0.0.1", "[::1]" } do
      rig.endpoint = host .. ":" .. port
      assert.equal("192.0.2.1", rig:ask(front_rig.query("one.test.")).answers[1].data)
      assert.equal("192.0.2.2", rig:ask(front_rig.query("two.test.")).answers[1].data)
    end
    rig:close()
  end)

  it("closes no descriptor twice when the port is taken for datagrams only", function()
    if faults.missing() then
      return pending(faults.missing())
    end
    local out = faults.check([[
      local core = require "mlxresolve.core"
      local holder = assert(core.udp.open { bind = "127.0.0.1:0" })
      local cache = assert(core.cache.new { size = 65536 })
      print(select(3, core.front.open({ listen = { (holder:address()) } }, cache)))
    ]])
    assert.equal("EADDRINUSE\n", out)
  end)

  it("sends one batch by several sockets", function()
    local rig = front_rig.open { listen = { "127.0.0.1:0", "127.0.0.1:0", "0.0.0.0:0" } }
    local sockets = {}
    for round = 1, 3 do
      for i, endpoint in ipairs(rig.front:addresses()) do
        sockets[i] = sockets[i] or dns_client.udp((endpoint:gsub("^0%.0%.0%.0", "127.0.0.3")))
        sockets[i]:send(front_rig.query(("s%d.test."):format(i), "A", { id = i * 100 + round }))
      end
    end
    assert.is_true(rig:await_pending(9))
    for _, miss in ipairs(rig.pending) do
      rig:reply(miss.slot, miss.name, miss.type, { "192.0.2." .. miss.name:match("%d") })
    end
    rig.front:flush()
    for i, socket in ipairs(sockets) do
      for round = 1, 3 do
        local reply = core.wire.decode(assert(socket:receive()))
        assert.equal(i * 100 + round, reply.id)
        assert.equal("192.0.2." .. i, reply.answers[1].data)
      end
      socket:close()
    end
    rig:close()
  end)
end)
