local core = require("mlxresolve.core")
local dns_client = require("support.dns_client")
local ffi = require("ffi")
local front_rig = require("support.front")
local shell = require("support.shell")
local uv = require("luv")

local SOL_SOCKET, SO_REUSEPORT = 1, 15 -- on Linux
local NICEST = 19

ffi.cdef("int setsockopt(int fd, int level, int option, const void *value, unsigned len);")

local NICE_VALUES = [[
  local core = require("mlxresolve.core")
  local front_rig = require("support.front")
  local uv = require("luv")
  local function nice_values()
    local values = {}
    for stat in io.popen("cat /proc/" .. uv.os_getpid() .. "/task/*/stat"):lines() do
      local name, rest = stat:match("%((.-)%) . (.*)$")
      local nice = rest:match("^" .. ("%S+ "):rep(15) .. "(%S+)")
      values[#values + 1] = { name:match("front") or "brain", tonumber(nice) }
    end
    return values
  end
  local before = nice_values()[1][2]
  local function report()
    local lines = {}
    for i, value in ipairs(nice_values()) do
      lines[i] = value[1] .. " " .. (value[2] - before)
    end
    table.sort(lines)
    print(table.concat(lines, ", "))
  end
  for _ = 1, 2 do
    local rig = front_rig.open()
    rig:put("one.test.", "A", { "192.0.2.1" })
    core.yield_to_fronts()
    rig:ask(front_rig.query("one.test.")) -- then its thread runs
    report()
    rig:close()
  end
]]

local function new_cache()
  return assert(core.cache.new {
    size = 65536,
    min_ttl = 0,
    max_ttl = 86400,
    max_negative_ttl = 3600,
    stale = 0,
  })
end

describe("mlxresolve.core.front", function()
  local rig

  after_each(function()
    if rig then
      rig:close()
    end
    rig = nil
  end)

  it("listens on UDP and TCP at one free port", function()
    rig = front_rig.open()
    rig:put("one.test.", "A", { "192.0.2.1" })
    assert.matches("^127%.0%.0%.1:%d+$", rig.endpoint)
    local packet = front_rig.query("one.test.")
    assert.equal("192.0.2.1", rig:ask(packet).answers[1].data)
    local stream = dns_client.tcp(rig.endpoint)
    stream:ask(packet)
    assert.equal("192.0.2.1", core.wire.decode(stream:receive()).answers[1].data)
    stream:close()
  end)

  it("gives each address a port of its own", function()
    rig = front_rig.open { listen = { "127.0.0.1:0", "127.0.0.1:0" } }
    local addresses = rig.front:addresses()
    assert.equal(2, #addresses)
    assert.not_equal(addresses[1], addresses[2])
  end)

  it("answers over IPv6", function()
    rig = front_rig.open { listen = { "[::1]:0" } }
    rig:put("one.test.", "AAAA", { "2001:db8::1" })
    assert.matches("^%[::1%]:%d+$", rig.endpoint)
    assert.equal("2001:db8::1", rig:ask(front_rig.query("one.test.", "AAAA")).answers[1].data)
  end)

  it("answers on several threads", function()
    rig = front_rig.open { threads = 4 }
    rig:put("one.test.", "A", { "192.0.2.1" })
    for _ = 1, 32 do -- from 32 ports, which the system spreads over the threads
      assert.equal("192.0.2.1", rig:ask(front_rig.query("one.test.")).answers[1].data)
    end
    rig.answer = function()
      return { "192.0.2.9" }
    end
    for _ = 1, 32 do
      assert.equal("192.0.2.9", rig:ask(front_rig.query("two.test.")).answers[1].data)
    end
    assert.equal(32, rig.front:stats().hits)
    assert.equal(32, rig.front:stats().misses)
  end)

  it("starts a thread for each processor that it may use", function()
    rig = front_rig.open { threads = "auto" }
    local status = assert(io.open("/proc/self/status")):read("*a")
    local list = status:match("Cpus_allowed_list:%s*(%S+)")
    local processors, fronts = 0, 0
    for first, last in list:gmatch("(%d+)%-?(%d*)") do
      processors = processors + (tonumber(last) or tonumber(first)) - tonumber(first) + 1
    end
    rig:put("one.test.", "A", { "192.0.2.1" })
    for _ = 1, 100 do -- a thread has its name once it runs
      rig:ask(front_rig.query("one.test."))
      fronts = 0
      for name in io.popen("cat /proc/" .. uv.os_getpid() .. "/task/*/comm"):lines() do
        fronts = fronts + (name:match("^mlxr%-front") and 1 or 0)
      end
      if fronts >= math.min(processors, 32) then
        break
      end
    end
    assert.equal(math.min(processors, 32), fronts)
  end)

  it("names the address that is taken", function()
    rig = front_rig.open()
    local front, message, code =
      core.front.open({ listen = { "127.0.0.1:0", rig.endpoint } }, new_cache())
    assert.is_nil(front)
    assert.equal("EADDRINUSE", code)
    assert.matches(rig.endpoint, message, 1, true)
  end)

  it("does not share a port that another program shares", function()
    if ffi.os ~= "Linux" then
      return pending("elsewhere only one thread listens, and no port is shared")
    end
    local other = uv.new_udp("inet")
    local one = ffi.new("int[1]", 1)
    assert.equal(0, ffi.C.setsockopt(other:fileno(), SOL_SOCKET, SO_REUSEPORT, one, 4))
    assert(other:bind("127.0.0.1", 0))
    local endpoint = "127.0.0.1:" .. other:getsockname().port
    local front, message, code = core.front.open({ listen = { endpoint } }, new_cache())
    other:close()
    uv.run("nowait")
    assert.is_nil(front)
    assert.equal("EADDRINUSE", code)
    assert.matches(endpoint, message, 1, true)
  end)

  it("does not share a port with a front of more threads", function()
    rig = front_rig.open { threads = 2 }
    local front, _, code = core.front.open({ listen = { rig.endpoint }, threads = 2 }, new_cache())
    assert.is_nil(front)
    assert.equal("EADDRINUSE", code)
  end)

  it("names the address that this machine does not have", function()
    local front, message, code = core.front.open({ listen = { "192.0.2.1:0" } }, new_cache())
    assert.is_nil(front)
    assert.equal("EADDRNOTAVAIL", code)
    assert.matches("192.0.2.1", message, 1, true)
  end)

  it("says which text is not an address or a network", function()
    local _, message, code = core.front.open({ listen = { "localhost" } }, new_cache())
    assert.equal("ETEXT", code)
    assert.matches("localhost", message, 1, true)
    for _, network in ipairs { "192.0.2.0", "192.0.2.0/33", "192.0.2.0/", "/24", "fe80::/129" } do
      _, message, code =
        core.front.open({ listen = { "127.0.0.1:0" }, allow = { network } }, new_cache())
      assert.equal("ETEXT", code, network)
      assert.matches(network, message, 1, true)
    end
  end)

  it("leaves nothing open when it fails", function()
    if ffi.os ~= "Linux" then
      return pending("open descriptors cannot be listed here")
    end
    local function descriptors()
      local list = {}
      local folder = uv.fs_scandir("/proc/self/fd")
      for name in uv.fs_scandir_next, folder do
        list[#list + 1] = name .. " " .. (uv.fs_readlink("/proc/self/fd/" .. name) or "?")
      end
      table.sort(list)
      return table.concat(list, "\n")
    end
    collectgarbage() -- what earlier specs left open
    collectgarbage()
    local cache, before = new_cache(), descriptors()
    for _ = 1, 3 do
      local listen = { "127.0.0.1:0", "[::1]:0", "192.0.2.1:0" }
      assert.is_nil((core.front.open({ listen = listen, threads = 2 }, cache)))
    end
    assert.equal(before, descriptors())
  end)

  it("raises on options of a wrong kind", function()
    local cache = new_cache()
    assert.has_error(function()
      core.front.open({ listen = "127.0.0.1:0" }, cache)
    end)
    assert.has_error(function()
      core.front.open({ listen = { 53 } }, cache)
    end)
    assert.has_error(function()
      core.front.open({ listen = {}, threads = -1 }, cache)
    end)
    assert.has_error(function()
      core.front.open({ listen = {} }, {})
    end)
  end)

  it("frees its ports when it closes, and closes twice", function()
    rig = front_rig.open()
    local endpoint = rig.endpoint
    rig:close()
    rig:close()
    rig = front_rig.open { listen = { endpoint } }
    assert.equal(endpoint, rig.endpoint)
  end)

  it("raises when it is used after it was closed", function()
    rig = front_rig.open()
    rig:close()
    assert.has_error(function()
      rig.front:step(core.now(), {})
    end, "the front is closed")
  end)

  it("closes at once with questions under way", function()
    rig = front_rig.open { threads = 2 }
    local socket = dns_client.udp(rig.endpoint)
    local stream = dns_client.tcp(rig.endpoint)
    for i = 1, 50 do
      socket:send(front_rig.query(("udp%d.test."):format(i)))
      stream:ask(front_rig.query(("tcp%d.test."):format(i)))
    end
    assert.is_true(rig:await_pending(100))
    local began = uv.hrtime()
    rig:close()
    assert.is_true((uv.hrtime() - began) / 1e6 < 100)
    assert.is_true(stream:is_ended())
    socket:close()
    stream:close()
  end)

  it("closes when it is collected, with its cache", function()
    local endpoint = front_rig.open().endpoint
    collectgarbage()
    collectgarbage()
    rig = front_rig.open { listen = { endpoint } }
  end)

  --- What the code above says when its process is `nicer` than this one, in a process of its own
  --- since what was given up may not be had back. A second front, where it may not get back to the
  --- first one's place, stays where the brain is.
  local function assert_steps_back(nicer)
    local folder = shell.temp_folder()
    shell.write(folder .. "/code.lua", NICE_VALUES)
    local pipe = assert(io.popen(shell.command {
      "env",
      "LUA_PATH=" .. package.path,
      "LUA_CPATH=" .. package.cpath,
      "nice",
      "-n",
      nicer,
      "luajit",
      folder .. "/code.lua",
    }))
    local out = pipe:read("*a")
    pipe:close()
    shell.remove_folder(folder)
    local may_rise = os.execute("nice -n -1 true 2>/dev/null && [ $(nice -n -1 nice) -lt $(nice) ]")
    local began = math.min(NICEST, uv.os_getpriority(0) + nicer)
    local step = math.min(10, NICEST - began)
    local second = may_rise == 0 and 0 or step
    local expected = ("brain %d, front 0\nbrain %d, front %d\n"):format(step, step, second)
    assert.equal(expected, out)
  end

  it("outranks the brain, however often the brain steps back", function()
    if ffi.os ~= "Linux" then
      return pending("nice values belong to processes here")
    end
    assert_steps_back(0)
  end)

  it("stays as nice as its program was started", function()
    if ffi.os ~= "Linux" then
      return pending("nice values belong to processes here")
    end
    assert_steps_back(10)
  end)

  it("keeps its cache alive", function()
    local cache = new_cache()
    assert(cache:put(core.answer.build("one.test.", "A", { "192.0.2.1" }, 60), core.now()))
    local front = assert(core.front.open({ listen = { "127.0.0.1:0" } }, cache))
    cache = nil -- luacheck: ignore
    collectgarbage()
    collectgarbage()
    local socket = dns_client.udp(front:addresses()[1])
    socket:send(front_rig.query("one.test."))
    assert.equal("192.0.2.1", core.wire.decode(socket:receive()).answers[1].data)
    socket:close()
    front:close()
  end)
end)
