local core = require("mlxresolve.core")
local scheduler = require("mlxresolve.scheduler")
local uv = require("luv")

describe("mlxresolve.world.real.lookups", function()
  local real = require("mlxresolve.world.real")
  local world, s, server, asked

  --- A server that answers, denies, refuses or keeps silent, by the first label.
  local function reply_to(packet)
    local query = core.wire.decode(packet)
    local name = query.questions[1].name
    local reply = {
      id = query.id,
      response = true,
      questions = query.questions,
      answers = {},
      rcode = ({ missing = 3, refused = 5 })[name:match("^%a+")] or 0,
    }
    if name:match("^known") then
      reply.answers[1] = { name = name, type = "A", ttl = 60, data = "192.0.2.1" }
    end
    return not name:match("^silent") and core.wire.encode(reply) or nil
  end

  before_each(function()
    world, asked = real.new(), 0
    s = scheduler.new(world)
    server = uv.new_udp()
    server:bind("127.0.0.1", 0)
    server:recv_start(function(_, data, from)
      if data then
        asked = asked + 1
        local reply = reply_to(data)
        if reply then
          server:send(reply, from.ip, from.port, function() end)
        end
      end
    end)
  end)

  local function ask(name, timeout)
    local got
    s:spawn(function()
      local address = "127.0.0.1:" .. server:getsockname().port
      local operation = assert(world:exchange(s:current(), address, name, 1, timeout or 2000))
      got = {
        s:wait(function()
          world:cancel("exchange", operation)
        end),
      }
      world:close()
      server:close()
    end)
    uv.run()
    return unpack(got, 1, 4)
  end

  it("gives a canonical answer, its status, TTL and time", function()
    local packet, status, ttl, ms = ask("known.example.")
    assert.same({ "192.0.2.1" }, (core.answer.data(packet)))
    assert.equal("answer", status)
    assert.equal(60, ttl)
    assert.is_number(ms)
  end)

  it("tells a denial from a refusal", function()
    local packet, status = ask("missing.example.")
    assert.is_string(packet)
    assert.equal("nxdomain", status)
    assert.equal(1, asked)
  end)

  it("says who refused", function()
    local packet, message, code = ask("refused.example.")
    assert.is_nil(packet)
    assert.matches("^127.0.0.1:%d+ said REFUSED$", message)
    assert.equal("EREFUSED", code)
  end)

  it("gives up in time when nobody answers", function()
    local packet, _, code = ask("silent.example.", 50)
    assert.is_nil(packet)
    assert.equal("ETIMEOUT", code)
  end)

  it("looks localhost up natively", function()
    server:close()
    local got
    s:spawn(function()
      local operation = assert(world:native(s:current(), "localhost", 4, s:now() + 3000))
      got = {
        s:wait(function()
          world:cancel("native", operation)
        end),
      }
      world:close()
    end)
    uv.run()
    assert.equal("127.0.0.1", got[1][1])
  end)
end)
