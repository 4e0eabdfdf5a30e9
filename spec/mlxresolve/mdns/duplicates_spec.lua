local bed = require("support.mdns_bed")
local core = require("mlxresolve.core")

local PTR = { type = "PTR", data = "w._mlx._tcp.local.", cache_flush = false }

describe("mlxresolve.mdns.duplicates (RFC 6762 section 7.3)", function()
  local link

  before_each(function()
    link = bed.new()
    link:watch("_mlx._tcp.local.", "PTR")
    link.world:advance(900)
    link:sent()
  end)

  local function other_asks(fields, at)
    local question = { name = "_mlx._tcp.local.", type = "PTR", class = "IN" }
    question.unicast = fields and fields.unicast
    local message = { questions = { question } }
    for key, value in pairs(fields or {}) do
      message[key] = value
    end
    link:deliver(assert(core.wire.encode(message)), at or { from = "192.0.2.50" })
    link.world:advance(200)
  end

  it(
    "lets the question of another host do for its own [RFC 6762 7.3: questions of others]",
    function()
      other_asks()
      assert.equal(0, #link:sent())
      link.world:advance(2000)
      assert.equal(1, #link:sent())
    end
  )

  it("asks itself when the other one wants unicast replies", function()
    other_asks { unicast = true }
    assert.equal(1, #link:sent())
  end)

  it(
    "asks itself when the other one knows an answer that it lacks"
      .. " [RFC 6762 7.3: questions of others]",
    function()
      other_asks {
        answers = { { name = "_mlx._tcp.local.", ttl = 120, type = PTR.type, data = PTR.data } },
      }
      assert.equal(1, #link:sent())
    end
  )

  it("asks itself when the other one has more to say", function()
    other_asks { truncated = true }
    assert.equal(1, #link:sent())
  end)

  describe("of a question whose known answers fill several packets", function()
    local function pointer(i)
      local record = { name = "_mlx._tcp.local.", ttl = 120, type = "PTR", cache_flush = false }
      record.data = "w" .. i .. ".local."
      return record
    end

    before_each(function()
      for i = 1, 3 do
        link:deliver(bed.response("_mlx._tcp.local.", { pointer(i) }))
      end
      link.world:advance(0)
    end)

    local function other_tells(fields)
      local message = { questions = {} }
      for key, value in pairs(fields) do
        message[key] = value
      end
      link:deliver(assert(core.wire.encode(message)), { from = "192.0.2.50" })
      link.world:advance(0)
    end

    local function other_begins(...)
      local question = { name = "_mlx._tcp.local.", type = "PTR", class = "IN" }
      other_tells { questions = { question }, truncated = true, answers = { ... } }
    end

    it("lets it do when it has heard all of them", function()
      other_begins(pointer(1))
      other_tells { answers = { pointer(2) }, truncated = true }
      other_tells { answers = { pointer(3) } }
      link.world:advance(200)
      assert.equal(0, #link:sent())
    end)

    it("asks itself when a later packet has what it lacks", function()
      other_begins(pointer(1))
      other_tells { answers = { pointer(9) }, truncated = true }
      other_tells { answers = { pointer(2) } }
      link.world:advance(200)
      assert.equal(1, #link:sent())
    end)

    it("asks itself when the last packet does not come", function()
      other_begins(pointer(1))
      other_tells { answers = { pointer(2) }, truncated = true }
      link.world:advance(200)
      assert.equal(1, #link:sent())
    end)

    it("asks itself when the last packet comes from somebody else", function()
      other_begins(pointer(1))
      link:deliver(
        assert(core.wire.encode { questions = {}, answers = { pointer(2) } }),
        { from = "192.0.2.51" }
      )
      link.world:advance(200)
      assert.equal(1, #link:sent())
    end)

    it("holds a bounded number of them", function()
      local notes = link.engine.outgoing.duplicates
      local question = { name = "_mlx._tcp.local.", type = "PTR", class = "IN" }
      for i = 1, 2000 do
        local message = { questions = { question }, answers = {}, truncated = true }
        notes:hear(message, { index = 2 }, "192.0.2." .. i)
      end
      assert.is_true(notes.open_count <= 32)
    end)
  end)

  it("asks itself when the other one is on another link, or on none", function()
    other_asks(nil, { from = "203.0.113.9", interface = 9 })
    other_asks(nil, { from = "192.0.2.50", port = 40000 })
    assert.equal(1, #link:sent())
  end)

  it("does not take its own question for another host's", function()
    link.world:advance(200)
    local own = link.world.sent[#link.world.sent]
    link.world:advance(1300)
    link:sent()
    link:deliver(own.packet, { from = "192.0.2.1" })
    link.world:advance(1000)
    assert.equal(1, #link:sent())
  end)

  it("knows an answer that both know for no obstacle", function()
    link:deliver(bed.response("_mlx._tcp.local.", { PTR }))
    other_asks {
      answers = { { name = "_mlx._tcp.local.", ttl = 120, type = PTR.type, data = PTR.data } },
    }
    assert.equal(0, #link:sent())
  end)

  it("remembers a bounded number of questions", function()
    local notes = link.engine.outgoing.duplicates
    for i = 1, 2000 do
      local question = { name = ("n%d.local."):format(i), type = "A", class = "IN" }
      notes:hear({ questions = { question }, answers = {} }, { index = 2 }, "192.0.2.50")
    end
    local count = 0
    for _ in pairs(notes.notes) do
      count = count + 1
    end
    assert.is_true(count <= 512)
  end)
end)
