local avahi = require("mlxresolve.native.avahi")

describe("mlxresolve.native.avahi", function()
  local written, closed, targets

  before_each(function()
    written, closed, targets = "", 0, {}
  end)

  -- A peer that sends these chunks, whatever it is told.
  local function peer(chunks)
    return function(target)
      targets[#targets + 1] = target
      return {
        write = function(_, data)
          written = written .. data
        end,
        read = function()
          return table.remove(chunks, 1) or ""
        end,
        close = function()
          closed = closed + 1
        end,
      }
    end
  end

  it("asks one line and reads one line", function()
    local found = avahi.ask(peer { "+ 2 0 mini2.local 192.0.2.7\n" }, "mini2.local.", "ipv4")
    assert.same({ { address = "192.0.2.7", interface = 2 } }, found)
    assert.equal("RESOLVE-HOSTNAME-IPV4 mini2.local\n", written)
    assert.same({ "/run/avahi-daemon/socket" }, targets)
    assert.equal(1, closed)
  end)

  it("asks for IPv6 at the socket it is told of", function()
    local found = avahi.ask(peer { "+ 3 1 mini2.local fe80::7\n" }, "mini2.local.", "ipv6", "/x")
    assert.same({ { address = "fe80::7", interface = 3 } }, found)
    assert.equal("RESOLVE-HOSTNAME-IPV6 mini2.local\n", written)
    assert.same({ "/x" }, targets)
  end)

  it("reads a line that comes byte by byte", function()
    local chunks = {}
    for byte in ("+ 2 0 mini2.local 192.0.2.7\n"):gmatch(".") do
      chunks[#chunks + 1] = byte
    end
    chunks[#chunks + 1] = "\n"
    assert.equal("192.0.2.7", avahi.ask(peer(chunks), "mini2.local.", "ipv4")[1].address)
  end)

  it("tells silence from failure", function()
    local found, message, code = avahi.ask(peer { "-15 Timeout reached\n" }, "a.local.", "ipv4")
    assert.is_nil(found)
    assert.equal("avahi-daemon: Timeout reached", message)
    assert.equal("ENOTFOUND", code)
    assert.equal("EFAILED", select(3, avahi.ask(peer { "-2 Bad state\n" }, "a.local.", "ipv4")))
  end)

  it("fails when the peer breaks off, talks nonsense or does not end", function()
    local found, message, code = avahi.ask(peer { "+ 2 0 mini" }, "a.local.", "ipv4")
    assert.is_nil(found)
    assert.equal("avahi-daemon broke off", message)
    assert.equal("ECLOSED", code)
    found, message, code = avahi.ask(peer { "HTTP/1.1 400\27[2J\n" }, "a.local.", "ipv4")
    assert.is_nil(found)
    assert.equal("avahi-daemon said 'HTTP/1.1 400?[2J'", message)
    assert.equal("EFORMAT", code)
    local endless = {}
    for i = 1, 100 do
      endless[i] = ("x"):rep(100)
    end
    assert.equal("ECLOSED", select(3, avahi.ask(peer(endless), "a.local.", "ipv4")))
    assert.is_true(#endless > 80)
    assert.equal(3, closed)
  end)

  it("does not connect for a name that the line cannot hold", function()
    for _, name in ipairs { "a b.local.", "a\nb.local.", "a\\010b.local." } do
      local _, _, code = avahi.ask(peer {}, name, "ipv4")
      assert.equal("ENOTSUP", code)
    end
    assert.same({}, targets)
  end)

  it("hands on why there is no connection", function()
    local found, message, code = avahi.ask(function()
      return nil, "/run/avahi-daemon/socket: no such file or directory", "ENOENT"
    end, "a.local.", "ipv4")
    assert.is_nil(found)
    assert.matches("no such file", message)
    assert.equal("ENOENT", code)
  end)
end)
