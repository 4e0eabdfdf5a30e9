local core = require("mlxresolve.core")
local dns_client = require("support.dns_client")
local front_rig = require("support.front")
local scheduler = require("mlxresolve.scheduler")
local uv = require("luv")

local SERVFAIL = 2

describe("mlxresolve.world.real.serving", function()
  local world, cache

  before_each(function()
    world = require("mlxresolve.world.real").new()
    scheduler.new(world)
    cache = core.cache.new {
      size = 1024 * 1024,
      min_ttl = 0,
      max_ttl = 3600,
      max_negative_ttl = 60,
      stale = 0,
    }
  end)

  --- Asks over UDP and gives the decoded reply.
  local function dig(port, name)
    local client = uv.new_udp()
    local reply
    client:bind("127.0.0.1", 0)
    client:recv_start(function(_, data)
      if data then
        reply = core.wire.decode(data)
        client:close()
        world:close()
      end
    end)
    local question =
      { id = 7, recursion_desired = true, questions = { { name = name, type = "A" } } }
    client:send(core.wire.encode(question), "127.0.0.1", port, function() end)
    local guard = uv.new_timer()
    guard:start(3000, 0, function()
      client:close()
      world:close()
    end)
    while not reply and not world.is_closed do
      uv.run("once")
    end
    guard:close()
    uv.run()
    return reply
  end

  it("hands misses over and sends what they are answered with", function()
    local front
    front = assert(world:listen({ listen = { "127.0.0.1:0" } }, cache, function(slot, name, number)
      assert(name == "a.example." and number == 1)
      front:answer(slot, core.answer.build(name, "A", { "192.0.2.1" }, 60))
    end))
    local port = tonumber(front:addresses()[1]:match(":(%d+)$"))
    local reply = dig(port, "A.example.")
    assert.equal(7, reply.id)
    assert.equal("192.0.2.1", reply.answers[1].data)
  end)

  it("left questions without an answer that came with one whose handler raised", function()
    local front
    world:close()
    world = require("mlxresolve.world.real").new { log = function() end }
    scheduler.new(world)
    front = assert(world:listen({ listen = { "127.0.0.1:0" } }, cache, function(slot, name)
      if name == "n2.example." then
        error("boom")
      end
      front:answer(slot, core.answer.build(name, "A", { "192.0.2.1" }, 60))
    end))
    local client = dns_client.udp(front:addresses()[1])
    for id = 1, 4 do
      client:send(front_rig.query(("n%d.example."):format(id), "A", { id = id }))
    end
    local give_up = uv.hrtime() + 5e9
    while front:stats().misses < 4 and uv.hrtime() < give_up do
      uv.sleep(1) -- all are in one batch then
    end
    local rcodes = {}
    for _ = 1, 4 do
      local packet = client:receive(2)
      local reply = packet and core.wire.decode(packet) or { id = 0 }
      rcodes[reply.id] = reply.rcode
    end
    local left = front:stats().pending
    client:close()
    world:close()
    uv.run()
    assert.same({ 0, SERVFAIL, 0, 0 }, rcodes)
    assert.equal(0, left)
  end)

  it("names the address that cannot be had", function()
    local front, message = world:listen({ listen = { "192.0.2.77:5399" } }, cache, function() end)
    assert.is_nil(front)
    assert.matches("192.0.2.77:5399", message)
    world:close()
    uv.run()
  end)
end)
