local record = require("mlxresolve.mdns.responder.record")

local function id(name, type, data)
  return record.id_of { name = name, type = type, data = data }
end

describe("mlxresolve.mdns.responder.record", function()
  it("knows a record again whatever the case of its names", function()
    local one = assert(record.new {
      name = "W._mlx._tcp.local.",
      type = "SRV",
      data = "0 0 65 Here.local.",
    })
    assert.equal(one.id, id("w._mlx._tcp.local.", "SRV", "0 0 65 HERE.LOCAL."))
    assert.not_equal(one.id, id("w._mlx._tcp.local.", "SRV", "0 0 97 HERE.LOCAL."))
    assert.not_equal(one.id, id("w._mlx._tcp.local.", "SRV", "0 0 65 here-2.local."))
  end)

  it("tells text apart by its case", function()
    assert.not_equal(id("w.local.", "TXT", '"a=B"'), id("w.local.", "TXT", '"a=b"'))
  end)

  it("gives rdata as bytes, without pointers", function()
    assert.equal("\192\0\2\1", record.raw("A", "192.0.2.1"))
    assert.equal("\0\0\0\0\0\7\4Here\5local\0", record.raw("SRV", "0 0 7 Here.local."))
  end)

  it("says what cannot be written", function()
    local one, message, code = record.new { name = "a.local.", type = "A", data = "nonsense" }
    assert.is_nil(one)
    assert.matches("nonsense", message)
    assert.equal("ETEXT", code)
  end)

  it("makes no NSEC where a type is above 255 [RFC 6762 6.1: large types]", function()
    local list = {
      assert(record.new { name = "a.local.", type = "A", data = "192.0.2.1" }),
      assert(record.new { name = "a.local.", type = "CAA", data = '0 issue "x"' }),
    }
    assert.is_nil(record.nsec(list))
    list[2] = nil
    assert.equal("a.local. A", record.nsec(list).data)
  end)
end)
