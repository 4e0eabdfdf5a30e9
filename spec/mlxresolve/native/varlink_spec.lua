local cjson = require("cjson")
local varlink = require("mlxresolve.native.varlink")

describe("mlxresolve.native.varlink", function()
  local written

  local function peer(chunks)
    written = ""
    return function()
      return {
        write = function(_, data)
          written = written .. data
        end,
        read = function()
          return table.remove(chunks, 1) or ""
        end,
        close = function() end,
      }
    end
  end

  local FOUND = [[{"parameters":{"addresses":[{"ifindex":2,"family":2,"address":[10,99,0,12]}],]]
    .. [["name":"mini2.local","flags":16777224}}]]

  it("asks for mDNS only", function()
    varlink.ask(peer { FOUND .. "\0" }, "mini2.local.", "ipv6")
    assert.equal("\0", written:sub(-1))
    assert.same({
      method = "io.systemd.Resolve.ResolveHostname",
      parameters = { name = "mini2.local", family = 10, flags = 24 },
    }, cjson.decode(written:sub(1, -2)))
  end)

  it("reads addresses, in one piece or many", function()
    local chunks = {}
    for byte in FOUND:gmatch(".") do
      chunks[#chunks + 1] = byte
    end
    chunks[#chunks + 1] = "\0"
    local found = varlink.ask(peer(chunks), "mini2.local.", "ipv4")
    assert.same({ { address = "10.99.0.12", interface = 2 } }, found)
  end)

  it("reads IPv6 addresses, with no interface when none is told", function()
    local bytes = "253,153,0,0,0,0,0,0,0,0,0,0,0,0,0,12"
    local text = ([[{"parameters":{"addresses":[{"family":10,"address":[%s]}]}}]]):format(bytes)
    local found = varlink.parse(text, "ipv6")
    assert.same({ { address = "fd99:0:0:0:0:0:0:c", interface = false } }, found)
  end)

  it("leaves out what is no address of the family", function()
    for _, entry in ipairs {
      [[{"family":10,"address":[1,2,3,4]}]],
      [[{"family":2,"address":[1,2,3]}]],
      [[{"family":2,"address":[1,2,3,256]}]],
      [[{"family":2,"address":[1,2,3,4.5]}]],
      [[{"family":2,"address":"1.2.3.4"}]],
      [[{"family":2}]],
      [[7]],
    } do
      local text = ([[{"parameters":{"addresses":[%s]}}]]):format(entry)
      assert.same({}, varlink.parse(text, "ipv4"))
    end
  end)

  it("tells who is not there, who does not know, and what went wrong", function()
    local function code(name)
      local text = ([[{"error":"io.systemd.Resolve.%s","parameters":{}}]]):format(name)
      return select(3, varlink.parse(text, "ipv4"))
    end
    assert.equal("ENOTSUP", code("NoNameServers"))
    assert.equal("ENOTSUP", code("NetworkDown"))
    assert.equal("ENOTFOUND", code("QueryTimedOut"))
    assert.equal("EFAILED", code("Strange"))
    local absent = [[{"error":"io.systemd.Resolve.NoSuchResourceRecord"}]]
    assert.same({}, (varlink.parse(absent, "ipv4")))
  end)

  it("fails on what is no reply", function()
    for _, text in ipairs { "", "[", "7", "null", "{}", [[{"parameters":7}]], [[{"error":7}]] } do
      local found, message, code = varlink.parse(text, "ipv4")
      assert.is_nil(found, text)
      assert.matches("^systemd%-resolved", message)
      assert.equal("EFORMAT", code)
    end
  end)

  it("fails when the peer breaks off or does not end", function()
    assert.equal("ECLOSED", select(3, varlink.ask(peer { "{" }, "a.local.", "ipv4")))
    local endless = {}
    for i = 1, 100 do
      endless[i] = ("x"):rep(4096)
    end
    assert.equal("ECLOSED", select(3, varlink.ask(peer(endless), "a.local.", "ipv4")))
    assert.is_true(#endless > 80)
  end)
end)
