local bed = require("support.mdns_bed")
local interest = require("mlxresolve.mdns.interest")

describe("mlxresolve.mdns.interest", function()
  local cares

  before_each(function()
    cares = interest.new()
    cares:add("mini2.local.")
  end)

  local function packet(name, records)
    return bed.response(name, records or { { type = "A", data = "192.0.2.7" } })
  end

  it("finds a name in the answers", function()
    assert.is_true(cares:is_in(packet("mini2.local.")))
    assert.is_true(cares:is_in(packet("MINI2.local.")))
    assert.is_false(cares:is_in(packet("mini22.local.")))
    assert.is_false(cares:is_in(packet("mini.local.")))
  end)

  it("finds a name in a later section, compressed or not", function()
    assert.is_true(cares:is_in(packet("other.local.", {
      { type = "A", data = "192.0.2.8" },
      { type = "SRV", name = "w._mlx._tcp.local.", data = "0 0 1 mini2.local." },
      { type = "A", name = "mini2.local.", data = "192.0.2.7", additional = true },
      { type = "AAAA", name = "mini2.local.", data = "2001:db8::7", additional = true },
    })))
  end)

  it("does not mistake a name in the data for an owner", function()
    assert.is_false(cares:is_in(packet("other.local.", {
      { type = "TXT", data = '"mini2"' },
      { type = "PTR", data = "mini2.local." },
    })))
  end)

  it("cares until the last one has stopped", function()
    cares:add("mini2.local.")
    cares:remove("mini2.local.")
    assert.is_true(cares:is_in(packet("mini2.local.")))
    cares:remove("mini2.local.")
    assert.is_false(cares:is_in(packet("mini2.local.")))
    assert.is_nil(next(cares.labels))
  end)

  it("reads escaped labels", function()
    cares:add("my\\.box.local.")
    assert.is_true(cares:is_in(packet("my\\.box.local.")))
  end)

  it("tells responses that may be read from the rest", function()
    local function header(high, low)
      return "\0\0" .. string.char(high, low) .. ("\0"):rep(8)
    end
    assert.is_true(interest.is_response(header(0x84, 0)))
    assert.is_true(interest.is_response(header(0x80, 0x80)))
    assert.is_false(interest.is_response(header(0x04, 0)))
    assert.is_false(interest.is_response(header(0xa0, 0)))
    assert.is_false(interest.is_response(header(0x84, 3)))
    assert.is_false(interest.is_response(header(0x84, 0):sub(1, 11)))
    assert.is_false(interest.is_response(""))
  end)

  it("walks a packet of names that point at each other in a short time", function()
    local head = "\0\0\132\0\0\0\255\255\255\255\255\255"
    local hostile = head .. ("\192\14\192\12"):rep(2200)
    local began = os.clock()
    for _ = 1, 100 do
      assert.is_false(cares:is_in(hostile))
    end
    assert.is_true(os.clock() - began < 0.1)
  end)
end)
