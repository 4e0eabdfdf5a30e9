local core = require("mlxresolve.core")
local servers = require("mlxresolve.world.sim.servers")
local sim_bed = require("support.sim_bed")
local truths = require("mlxresolve.world.sim.truth")

describe("mlxresolve.world.sim.servers", function()
  local bed, server, truth

  before_each(function()
    bed = sim_bed.new()
    truth = truths.new()
    server = servers.new(bed.world.net, truth, {
      records = { ["www.example"] = { "198.51.100.7", "2001:db8::7" } },
    })
  end)

  local function ask(name, type, is_tcp)
    local replies, refused = {}, false
    local packet = core.wire.encode { id = 77, questions = { { name = name, type = type } } }
    server:ask(packet, is_tcp or false, function(data, from)
      local message = assert(core.wire.decode(data))
      message.from = from
      replies[#replies + 1] = message
    end, function()
      refused = true
    end)
    bed:pass(1000)
    return replies[1], replies, refused
  end

  it("answers for its names by type, and denies others", function()
    local reply = ask("www.example", "A")
    assert.same(
      { 77, "198.51.100.7", 60 },
      { reply.id, reply.answers[1].data, reply.answers[1].ttl }
    )
    assert.equal("2001:db8::7", ask("www.example", "AAAA").answers[1].data)
    assert.same({ 0, {} }, { ask("www.example", "TXT").rcode, ask("www.example", "TXT").answers })
    assert.equal(3, ask("nobody.example", "A").rcode)
  end)

  it("tells what is true of its names", function()
    server:set_records { ["www.example"] = { "198.51.100.8" } }
    assert.same({ "198.51.100.8" }, truth:list("www.example."))
    assert.is_true(truth:ever_held("www.example.", "198.51.100.7"))
    assert.equal("198.51.100.8", ask("www.example", "A").answers[1].data)
  end)

  it("stalls, refuses, fails, or is deaf", function()
    server.mode = "stall"
    assert.is_nil(ask("www.example", "A"))
    server.mode = "refuse"
    assert.equal(5, ask("www.example", "A").rcode)
    server.mode = "fail"
    assert.equal(2, ask("www.example", "A").rcode)
    server.mode = "deaf"
    local _, replies, refused = ask("www.example", "A")
    assert.same({ {}, true }, { replies, refused })
  end)

  it("cuts off what it says over UDP, and says all over TCP", function()
    server.mode = "truncate"
    local reply = ask("www.example", "A")
    assert.same({ true, {} }, { reply.truncated, reply.answers })
    assert.equal("198.51.100.7", ask("www.example", "A", true).answers[1].data)
  end)

  it("is overtaken by forged replies, each with something wrong", function()
    server.mode = "forged"
    local _, replies = ask("www.example", "A")
    assert.equal(11, #replies)
    for i = 1, 10 do
      local one = replies[i]
      local fits = one.id == 77 and not one.from and one.questions[1].name == "www.example."
      assert.is_false(fits)
      assert.equal("203.0.113.66", one.answers[1].data)
    end
    assert.equal("198.51.100.7", replies[11].answers[1].data)
  end)

  it("does not answer rubbish", function()
    server:ask("rubbish", false, error, error)
    bed:pass(100)
    assert.equal(0, server.asked)
  end)
end)
