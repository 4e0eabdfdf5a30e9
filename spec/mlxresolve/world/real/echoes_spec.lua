local netns = require("support.netns")

local ASK = [[
local scheduler = require("mlxresolve.scheduler")
local real = require("mlxresolve.world.real")
local uv = require("luv")
local world = real.new()
local s = scheduler.new(world)
local function echo(address, ms)
  return s:within(ms, function()
    local operation, message, code = world:echo(s.running, address)
    if not operation then
      return nil, message, code
    end
    return s:wait(function()
      world:cancel("echo", operation)
    end)
  end)
end
local function run(fn)
  s:spawn(function()
    fn()
    world:close()
  end)
  uv.run()
end
]]

local ALLOW = [[
local file = assert(io.open("/proc/sys/net/ipv4/ping_group_range", "w"))
file:write("0 0")
file:close()
]]

describe("mlxresolve.world.real.echoes", function()
  it("tells how long an echo took, for several side by side", function()
    local out = netns.check(ALLOW .. ASK .. [[
      run(function()
        for _, address in ipairs { "127.0.0.1", "::1", "127.0.0.9" } do
          local ms = assert(echo(address, 2000))
          print(ms >= 0 and ms < 2000)
        end
      end)]])
    assert.equal("true\ntrue\ntrue\n", out)
  end)

  it("forgets an echo that was given up", function()
    local out = netns.check(ALLOW .. ASK .. [[
      os.execute [=[ip link add v0 type veth peer name v1; ip link set v1 up
        ip addr add 192.0.2.1/24 dev v0; ip link set v0 up]=]
      run(function()
        print(select(3, echo("192.0.2.9", 50)))
        print(next(world.echoing))
      end)]])
    assert.equal("ETIMEOUT\nnil\n", out)
  end)

  it("says what to do where the user may not", function()
    local out = netns.check(ASK .. [[
      run(function()
        print(echo("127.0.0.1", 50))
      end)]])
    assert.is_truthy(out:find("sysctl -w net.ipv4.ping_group_range=", 1, true))
    assert.is_truthy(out:find("\tEACCES\n", 1, true))
  end)

  it("refuses what is no address", function()
    local out = netns.check(ALLOW .. ASK .. [[
      run(function()
        print(select(3, echo("mini2.local", 50)))
      end)]])
    assert.equal("ETEXT\n", out)
  end)
end)
