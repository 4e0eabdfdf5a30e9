local bed = require("support.mdns_bed")
local core = require("mlxresolve.core")

local OTHER = "192.0.2.7"

describe("core.interest", function()
  local cares

  before_each(function()
    cares = assert(core.interest.new())
    cares:add("mini2.local.", "awaited")
  end)

  --- "awaited", "owned", "awaited owned" or "": whom a packet concerns.
  local function concerns(packet, from, port)
    local is_awaited, is_owned = cares:admit(packet, from or OTHER, port or 5353)
    local words = (is_awaited and "awaited" or "") .. (is_owned and " owned" or "")
    return (words:gsub("^ ", ""))
  end

  local function answer(name, records)
    return bed.response(name, records or { { type = "A", data = OTHER } })
  end

  local function question(...)
    local questions = {}
    for i, name in ipairs { ... } do
      questions[i] = { name = name, type = "A" }
    end
    return assert(core.wire.encode { questions = questions })
  end

  local function header(high, low, counts)
    return "\0\0" .. string.char(high, low) .. (counts or ("\0"):rep(8))
  end

  describe("in responses", function()
    it("finds a name in the answers, whatever its case", function()
      assert.equal("awaited", concerns(answer("mini2.local.")))
      assert.equal("awaited", concerns(answer("MINI2.local.")))
      assert.equal("", concerns(answer("mini22.local.")))
      assert.equal("", concerns(answer("mini.local.")))
    end)

    it("finds a name in a later section, compressed or not", function()
      assert.equal(
        "awaited",
        concerns(answer("other.local.", {
          { type = "A", data = "192.0.2.8" },
          { type = "SRV", name = "w._mlx._tcp.local.", data = "0 0 1 mini2.local." },
          { type = "A", name = "mini2.local.", data = OTHER, additional = true },
        }))
      )
    end)

    it("does not mistake a name in the data for an owner", function()
      local records =
        { { type = "TXT", data = '"mini2"' }, { type = "PTR", data = "mini2.local." } }
      assert.equal("", concerns(answer("other.local.", records)))
    end)

    it("finds nothing in the questions beside them", function()
      local message = { response = true, questions = { { name = "mini2.local.", type = "A" } } }
      assert.equal("", concerns(assert(core.wire.encode(message))))
    end)

    it("reads escaped labels, and the longest", function()
      cares:add("my\\.box.local.", "awaited")
      cares:add(("x"):rep(63) .. ".local.", "awaited")
      assert.equal("awaited", concerns(answer("my\\.box.local.")))
      assert.equal("awaited", concerns(answer(("X"):rep(63) .. ".local.")))
    end)

    it("tells who awaits from who owns, and finds both in one packet", function()
      cares:add("here.local.", "owned")
      local records = {
        { type = "A", data = OTHER },
        { type = "A", name = "mini2.local.", data = OTHER },
      }
      assert.equal("owned", concerns(answer("here.local.")))
      assert.equal("awaited owned", concerns(answer("here.local.", records)))
    end)
  end)

  describe("in queries", function()
    it("finds a name in any question", function()
      assert.equal("awaited", concerns(question("mini2.local.")))
      assert.equal("awaited", concerns(question("other.local.", "x.local.", "MINI2.local.")))
      assert.equal("", concerns(question("other.local.")))
    end)

    it("finds nothing in what they list as known", function()
      local known = { name = "mini2.local.", type = "A", ttl = 120, data = OTHER }
      local asked = { name = "other.local.", type = "A" }
      assert.equal("", concerns(core.wire.encode { questions = { asked }, answers = { known } }))
    end)

    it("finds names that are ours", function()
      cares:add("here.local.", "owned")
      assert.equal("owned", concerns(question("here.local.")))
      assert.equal("awaited owned", concerns(question("here.local.", "mini2.local.")))
    end)

    it("without questions concern those who expect more known answers", function()
      local known = { name = "other.local.", type = "A", ttl = 120, data = OTHER }
      local more = assert(core.wire.encode { questions = {}, answers = { known } })
      assert.equal("", concerns(more))
      cares:expect("awaited", true)
      assert.equal("awaited", concerns(more))
      cares:expect("owned", true)
      assert.equal("awaited owned", concerns(more))
      cares:expect("awaited", false)
      assert.equal("owned", concerns(more))
      assert.equal("", concerns(question("other.local.")))
    end)
  end)

  it("cares until the last one has stopped, for each reason apart", function()
    cares:add("mini2.local.", "awaited")
    cares:add("mini2.local.", "owned")
    cares:remove("mini2.local.", "awaited")
    assert.equal("awaited owned", concerns(answer("mini2.local.")))
    cares:remove("Mini2.local.", "awaited")
    assert.equal("owned", concerns(answer("mini2.local.")))
    cares:remove("mini2.local.", "owned")
    assert.equal("", concerns(answer("mini2.local.")))
    assert.equal(0, cares:stats().labels)
    cares:remove("mini2.local.", "owned")
    assert.equal(0, cares:stats().labels)
  end)

  it("keeps many names apart while they come and go", function()
    local present = {}
    for round = 1, 20 do
      for i = 1, 500 do
        local name = ("n%d.local."):format((i * 7919 * round) % 1500)
        if present[name] then
          cares:remove(name, "awaited")
        else
          cares:add(name, "awaited")
        end
        present[name] = not present[name] or nil
      end
    end
    local count = 1
    for i = 0, 1499 do
      local name = ("n%d.local."):format(i)
      count = count + (present[name] and 1 or 0)
      assert.equal(present[name] and "awaited" or "", concerns(question(name)), name)
    end
    assert.equal(count, cares:stats().labels)
  end)

  it("lets everything through while there are more names than it can hold", function()
    for i = 1, 66000 do
      cares:add(("n%d.local."):format(i), "awaited")
    end
    assert.equal(65536, cares:stats().labels)
    assert.equal("awaited", concerns(answer("n66000.local.")))
    for i = 66000, 1, -1 do
      cares:remove(("n%d.local."):format(i), "awaited")
    end
    assert.equal(1, cares:stats().labels)
    assert.equal("", concerns(answer("other.local.")))
    assert.equal("awaited", concerns(answer("mini2.local.")))
  end)

  it("dismisses opcodes and rcodes, whatever the other flags", function()
    local body = answer("mini2.local."):sub(5)
    assert.equal("awaited", concerns("\0\9" .. "\132\0" .. body))
    assert.equal("awaited", concerns("\0\0" .. "\135\240" .. body))
    assert.equal("", concerns("\0\0" .. "\160\0" .. body))
    assert.equal("", concerns("\0\0" .. "\132\3" .. body))
    local asked = question("mini2.local."):sub(5)
    assert.equal("awaited", concerns("\0\0" .. "\7\240" .. asked))
    assert.equal("", concerns("\0\0" .. "\8\0" .. asked))
    assert.equal("", concerns("\0\0" .. "\0\1" .. asked))
  end)

  it("counts what it dismisses by the reason", function()
    concerns(question("other.local."))
    concerns("")
    concerns(header(0xa0, 0))
    concerns(answer("other.local."))
    concerns(answer("mini2.local."))
    assert.same({ labels = 1, query = 3, unawaited = 1, echo = 0 }, cares:stats())
  end)

  describe("of our own packets", function()
    local asked

    before_each(function()
      cares:add("mini2.local.", "owned")
      assert.is_true(cares:own { "192.0.2.1", "fe80::1" })
      asked = question("mini2.local.")
    end)

    it("keeps what comes back from those who sent it only", function()
      cares:sent("awaited", asked)
      assert.equal("owned", concerns(asked, "192.0.2.1"))
      cares:sent("owned", asked)
      assert.equal("", concerns(asked, "192.0.2.1"))
      assert.equal("", concerns(asked, "fe80::1%eth0"))
      assert.equal(2, cares:stats().echo)
    end)

    it("takes the same from another host, or another port, for what it is", function()
      cares:sent("awaited", asked)
      cares:sent("owned", asked)
      assert.equal("awaited owned", concerns(asked, OTHER))
      assert.equal("awaited owned", concerns(asked, "fe80::2"))
      assert.equal("awaited owned", concerns(asked, "192.0.2.1", 40000))
    end)

    it("hears other packets of this machine", function()
      cares:sent("owned", asked)
      assert.equal("awaited owned", concerns(question("mini2.local.", "x.local."), "192.0.2.1"))
    end)

    it("gives those who await a name what we say of it", function()
      local said = answer("mini2.local.")
      cares:sent("owned", said)
      assert.equal("awaited", concerns(said, "192.0.2.1"))
    end)

    it("knows the last 128", function()
      cares:sent("owned", asked)
      cares:sent("awaited", asked)
      for i = 1, 127 do
        cares:sent("owned", question("n" .. i .. ".local."))
      end
      assert.equal("", concerns(asked, "192.0.2.1"))
      cares:sent("owned", question("n128.local."))
      assert.equal("owned", concerns(asked, "192.0.2.1"))
    end)

    it("goes by the addresses of this moment", function()
      cares:sent("awaited", asked)
      cares:own { "192.0.2.9" }
      assert.equal("awaited owned", concerns(asked, "192.0.2.1"))
      assert.equal("owned", concerns(asked, "192.0.2.9"))
      cares:own {}
      assert.equal("awaited owned", concerns(asked, "192.0.2.9"))
    end)
  end)

  describe("in damaged packets", function()
    local RECORD = "\0\1\0\1\0\0\0\120\0\4\1\2\3\4"

    it("finds nothing, and all that was there before the damage", function()
      local whole = answer("mini2.local.")
      for length = 0, 17 do
        assert.equal("", concerns(whole:sub(1, length)), length)
      end
      for length = 18, #whole do
        assert.equal("awaited", concerns(whole:sub(1, length)), length)
      end
    end)

    it("believes no counts", function()
      local body = answer("other.local."):sub(13)
      assert.equal("", concerns(header(0x84, 0, ("\255"):rep(8)) .. body))
      assert.equal("", concerns(header(0x84, 0, "\0\0" .. ("\255"):rep(6)) .. body))
      assert.equal("", concerns(header(0, 0, ("\255"):rep(8)) .. body))
    end)

    it("follows three pointers to a label, and no more", function()
      local function question_over(hops)
        local first = 12 + 2 + 4
        local bytes = { "\5mini2\5local\0" }
        local target, at = first, first + #bytes[1]
        for _ = 2, hops do
          bytes[#bytes + 1] = string.char(0xc0, target)
          target, at = at, at + 2
        end
        return header(0, 0, "\0\1" .. ("\0"):rep(6))
          .. string.char(0xc0, target)
          .. "\0\1\0\1"
          .. table.concat(bytes)
      end
      assert.equal("awaited", concerns(question_over(1)))
      assert.equal("awaited", concerns(question_over(3)))
      assert.equal("", concerns(question_over(4)))
    end)

    it("survives names that point at themselves and beyond the end", function()
      local counts = "\0\0\0\1\0\0\0\0"
      assert.equal("", concerns(header(0x84, 0, counts) .. "\192\12" .. RECORD))
      assert.equal("", concerns(header(0x84, 0, counts) .. "\255\255" .. RECORD))
      assert.equal("", concerns(header(0x84, 0, counts) .. "\64" .. RECORD))
      assert.equal("", concerns(header(0x84, 0, counts) .. "\192"))
    end)

    it("walks a packet of names that point at each other in a short time", function()
      local hostile = header(0x84, 0, ("\255"):rep(8)) .. ("\192\14\192\12"):rep(2200)
      local began = os.clock()
      for _ = 1, 100 do
        assert.equal("", concerns(hostile))
      end
      assert.is_true(os.clock() - began < 0.1)
    end)
  end)

  it("has nothing to do with what is no name", function()
    cares:add("a..b", "awaited")
    cares:remove("a..b", "awaited")
    assert.equal(1, cares:stats().labels)
  end)

  it("refuses reasons that there are not", function()
    assert.has_error(function()
      cares:add("mini2.local.", "liked")
    end)
    assert.has_error(function()
      cares:expect("liked", true)
    end)
    assert.has_error(function()
      cares:sent("liked", "x")
    end)
  end)
end)
