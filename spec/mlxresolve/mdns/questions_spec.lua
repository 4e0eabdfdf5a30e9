local core = require("mlxresolve.core")
local questions = require("mlxresolve.mdns.questions")

describe("mlxresolve.mdns.questions", function()
  local function item(fields)
    local made = { name = "a.local.", types = { "A", "AAAA" }, mode = "first", link = false }
    made.scope = { key = "/46" }
    for key, value in pairs(fields or {}) do
      made[key] = value
    end
    return made
  end

  it("share a packet when they go the same way", function()
    local batches = questions.batches {
      item(),
      item { name = "b.local." },
      item { mode = "again" },
      item { scope = { key = "eth0/4" } },
      item { link = { index = 3 } },
    }
    assert.equal(4, #batches)
    assert.equal(2, #batches[1])
  end)

  it("are written once per form, with the QU bit or an ID where it belongs", function()
    local engine = {
      one_shot = function()
        return 4711
      end,
    }
    local packets = questions.packets(questions.batches({ item() })[1], engine, {})
    local unicast = core.wire.decode(packets.unicast)
    assert.is_true(unicast.questions[1].unicast and unicast.questions[2].unicast)
    assert.equal(0, unicast.id)
    local multicast = core.wire.decode(packets.multicast)
    assert.is_false(multicast.questions[1].unicast)
    assert.equal(0, multicast.id)
    local one_shot = core.wire.decode(packets.one_shot)
    assert.is_false(one_shot.questions[1].unicast)
    assert.equal(4711, one_shot.id)
    assert.is_false(one_shot.response or one_shot.recursion_desired or one_shot.truncated)
    assert.equal(packets.unicast, packets.unicast)
  end)
end)
