local core = require("mlxresolve.core")
local netns = require("support.netns")

-- Everybody's group may, in a namespace of its own.
local ALLOWED = [[
local core = require("mlxresolve.core")
local uv = require("luv")
local file = assert(io.open("/proc/sys/net/ipv4/ping_group_range", "w"))
file:write("0 0")
file:close()
local function replies(socket, ms)
  local batch, all, till = {}, {}, core.now() + ms
  while #all == 0 and core.now() < till do
    local n = assert(socket:step(core.now(), batch))
    for i = 1, n * 2, 2 do
      all[#all + 1] = batch[i] .. " " .. batch[i + 1]
    end
    uv.sleep(1)
  end
  return #all, all[1]
end
]]

describe("core.icmp", function()
  it("gets the token back from the address that was asked", function()
    local out = netns.check(ALLOWED .. [[
      for family = 4, 6, 2 do
        local address = family == 4 and "127.0.0.1" or "::1"
        local socket = assert(core.icmp.open(family))
        assert(socket:send(address, "token--" .. family))
        print(replies(socket, 2000))
        socket:close()
      end]])
    assert.equal("1\ttoken--4 127.0.0.1\n1\ttoken--6 ::1\n", out)
  end)

  it("hears nothing of what another socket has asked", function()
    local out = netns.check(ALLOWED .. [[
      local mine, other = assert(core.icmp.open(4)), assert(core.icmp.open(4))
      assert(other:send("127.0.0.1", "theirs--"))
      assert(replies(other, 2000) == 1)
      print(replies(mine, 50))]])
    assert.equal("0\tnil\n", out)
  end)

  it("says at once when no route leads there", function()
    local out = netns.check(ALLOWED .. [[
      print(select(3, assert(core.icmp.open(4)):send("192.0.2.1", "12345678")))]])
    assert.equal("ENETUNREACH\n", out)
  end)

  it("says that the user may not where his groups are not allowed", function()
    local out = netns.check([[
      local core = require("mlxresolve.core")
      print(select(3, core.icmp.open(4)), select(3, core.icmp.open(6)))]])
    assert.equal("EACCES\tEACCES\n", out)
  end)

  it("raises for other families and other tokens", function()
    assert.has_error(function()
      core.icmp.open(5)
    end)
    local out = netns.check(ALLOWED .. [[
      local socket = assert(core.icmp.open(4))
      print(pcall(socket.send, socket, "127.0.0.1", "short"))
      print(select(3, socket:send("::1", "12345678")), select(3, socket:send("no", "12345678")))
      socket:close()
      socket:close()
      print((pcall(socket.send, socket, "127.0.0.1", "12345678")))]])
    assert.is_truthy(out:find("expected 8 bytes", 1, true))
    assert.is_truthy(out:find("\nEAFNOSUPPORT\tETEXT\nfalse\n", 1, true))
  end)
end)
