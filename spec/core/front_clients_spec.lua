local core = require("mlxresolve.core")
local dns_client = require("support.dns_client")
local front_rig = require("support.front")
local shell = require("support.shell")
local uv = require("luv")

local THREADS = 4

describe("mlxresolve.core.front: connections of several threads", function()
  local rig, streams

  local function open(options)
    options.threads = THREADS
    rig = front_rig.open(options)
    rig:put("one.test.", "A", { "192.0.2.1" })
    streams = {}
  end

  local function connect()
    local stream = dns_client.tcp(rig.endpoint)
    streams[#streams + 1] = stream
    return stream
  end

  local function ask(stream)
    stream:ask(front_rig.query("one.test."))
    local reply = stream:receive()
    return reply and core.wire.decode(reply).answers[1].data
  end

  local function await_open(count)
    return dns_client.wait(function()
      return rig.front:stats().tcp_open == count
    end, 5)
  end

  after_each(function()
    for _, stream in ipairs(streams) do
      stream:close()
    end
    rig:close()
  end)

  --- How often each front thread of this process has waited, by its name.
  local function waits()
    local found, folder = {}, "/proc/self/task"
    local scan = assert(uv.fs_scandir(folder))
    for thread in uv.fs_scandir_next, scan do
      local status = shell.read(("%s/%s/status"):format(folder, thread)) or ""
      local name = status:match("Name:%s+(mlxr%-front%-%d+)")
      if name then
        found[name] = tonumber(status:match("\nvoluntary_ctxt_switches:%s+(%d+)"))
      end
    end
    return found
  end

  it("are accepted and served by every thread", function()
    open {}
    local before
    dns_client.wait(function()
      before = waits()
      local are_named = true
      for i = 0, THREADS - 1 do
        are_named = are_named and before["mlxr-front-" .. i]
      end
      return are_named
    end, 5)
    for _ = 1, 128 do -- a thread that gets fewer than eight: once in 10^8
      assert.equal("192.0.2.1", ask(connect()))
      streams[#streams]:close()
      streams[#streams] = nil
    end
    local after, count = waits(), 0
    for name, number in pairs(after) do
      count = count + 1
      assert.is_true(number > before[name] + 8, name .. " has served nobody")
    end
    assert.equal(THREADS, count)
    assert.equal(128, rig.front:stats().tcp_connections)
  end)

  it("are bounded for one client, whichever thread they are with", function()
    open { max_tcp_per_client = 4 }
    for _ = 1, 24 do
      assert.equal("192.0.2.1", ask(connect()))
      uv.sleep(3) -- "idle longest" is told by the millisecond
    end
    assert.is_truthy(await_open(4))
    for i = 1, 20 do
      assert.is_true(streams[i]:is_ended(), i .. " was idle longer than others")
    end
    for i = 21, 24 do
      assert.equal("192.0.2.1", ask(streams[i]))
    end
    assert.equal(0, rig.front:stats().refused)
  end)

  it("are bounded for all clients together", function()
    open { max_tcp = 3, max_tcp_per_client = 100 }
    for _ = 1, 20 do
      assert.equal("192.0.2.1", ask(connect()))
    end
    assert.is_truthy(await_open(3))
    assert.equal(20, rig.front:stats().tcp_connections)
  end)

  it("turn a client away only when all of them are owed an answer", function()
    open { max_tcp_per_client = 6 }
    for i = 1, 6 do
      connect():ask(front_rig.query(("q%d.test."):format(i)))
    end
    assert.is_true(rig:await_pending(6))
    for _ = 1, 8 do
      assert.is_true(connect():is_ended())
    end
    for i, miss in ipairs(rig.pending) do
      rig:reply(miss.slot, miss.name, miss.type, { "192.0.2." .. i })
    end
    rig.front:flush()
    for i = 1, 6 do
      assert.is_string(streams[i]:receive())
    end
    assert.equal("192.0.2.1", ask(connect()))
  end)

  it("leave a port to the program that has it", function()
    open {}
    local front, message, code = core.front.open({
      listen = { rig.endpoint },
      threads = THREADS,
    }, rig.cache)
    assert.is_nil(front)
    assert.equal("EADDRINUSE", code)
    assert.truthy(message:find(rig.endpoint, 1, true))
  end)
end)
