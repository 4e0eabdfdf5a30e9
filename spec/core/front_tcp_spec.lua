local core = require("mlxresolve.core")
local dns_client = require("support.dns_client")
local front_rig = require("support.front")
local shell = require("support.shell")
local uv = require("luv")

local framed = dns_client.framed

-- A process with few descriptors serves until its input ends.
local POOR = [[
  local front_rig = require("support.front")
  local rig = front_rig.open({ max_tcp_per_client = 128 })
  rig:put("one.test.", "A", { "192.0.2.1" })
  print(rig.endpoint)
  io.stdout:flush()
  io.read("*a")
  print(rig.front:stats().tcp_open)
]]

describe("mlxresolve.core.front: connections", function()
  local rig, streams

  local function open(options)
    rig = front_rig.open(options)
    rig:put("one.test.", "A", { "192.0.2.1" })
    streams = {}
  end

  local function connect()
    local stream = dns_client.tcp(rig.endpoint)
    streams[#streams + 1] = stream
    return stream
  end

  local function receive(stream)
    return core.wire.decode(assert(stream:receive()))
  end

  after_each(function()
    for _, stream in ipairs(streams) do
      stream:close()
    end
    rig:close()
  end)

  it("answers a cached question while Lua is busy [RFC 7766 5: over TCP]", function()
    open()
    local stream = connect()
    stream:write_now(framed(front_rig.query("one.test.")))
    local give_up = uv.hrtime() + 2e9
    while rig.front:stats().replies == 0 and uv.hrtime() < give_up do -- luacheck: ignore
    end
    assert.equal(1, rig.front:stats().hits)
    assert.equal("192.0.2.1", receive(stream).answers[1].data)
  end)

  it("takes a question byte by byte [RFC 1035 4.2.2: TCP messages]", function()
    open()
    local stream = connect()
    for byte in framed(front_rig.query("one.test.")):gmatch(".") do
      stream:write_now(byte)
      uv.sleep(1)
    end
    assert.equal("192.0.2.1", receive(stream).answers[1].data)
  end)

  it("takes questions split at every byte [RFC 1035 4.2.2: TCP messages]", function()
    open()
    local stream = connect()
    local two = framed(front_rig.query("one.test.", "A", { id = 1 }))
      .. framed(front_rig.query("one.test.", "A", { id = 2 }))
    for at = 1, #two - 1 do
      stream:write_now(two:sub(1, at))
      stream:write_now(two:sub(at + 1))
      assert.equal(1, receive(stream).id)
      assert.equal(2, receive(stream).id)
    end
  end)

  it(
    "answers in the order in which the brain ends, not that of the questions"
      .. " [RFC 7766 6.2.1.1: pipelining]",
    function()
      open()
      local stream = connect()
      stream:write_now(
        framed(front_rig.query("two.test.", "A", { id = 2 }))
          .. framed(front_rig.query("three.test.", "A", { id = 3 }))
          .. framed(front_rig.query("one.test.", "A", { id = 1 }))
      )
      assert.is_true(rig:await_pending(2))
      assert.equal(1, receive(stream).id)
      for i = 2, 1, -1 do
        local miss = rig.pending[i]
        rig:reply(miss.slot, miss.name, miss.type, { "192.0.2." .. (i + 1) })
        rig.front:flush()
        local reply = receive(stream)
        assert.equal(i + 1, reply.id)
        assert.equal("192.0.2." .. (i + 1), reply.answers[1].data)
      end
    end
  )

  it("tells the brain that the question came by TCP", function()
    open()
    connect():ask(front_rig.query("two.test."))
    rig:await_pending(1)
    local address, is_tcp = rig.front:client(rig.pending[1].slot)
    assert.equal("127.0.0.1:" .. streams[1].handle:getsockname().port, address)
    assert.is_true(is_tcp)
  end)

  it("sends large answers whole", function()
    open()
    local texts = {}
    for i = 1, 250 do
      texts[i] = '"' .. ("%03d"):format(i) .. ("x"):rep(220) .. '"'
    end
    rig:put("huge.test.", "TXT", texts)
    rig.answer = function()
      return texts
    end
    local stream = connect()
    for _, name in ipairs { "huge.test.", "also.huge.test.", "huge.test." } do
      stream:ask(front_rig.query(name, "TXT"))
      local packet = stream:receive(2, function()
        rig:work()
      end)
      local reply = core.wire.decode(assert(packet))
      assert.is_false(reply.truncated)
      assert.equal(250, #reply.answers)
    end
  end)

  it("answers what was asked before the client ended its side", function()
    open()
    local stream = connect()
    stream:write(framed(front_rig.query("one.test.")) .. framed(front_rig.query("two.test.")))
    stream:finish()
    assert.equal("one.test.", receive(stream).questions[1].name)
    assert.is_true(rig:await_pending(1))
    rig:reply(rig.pending[1].slot, "two.test.", 1, { "192.0.2.2" })
    rig.front:flush()
    assert.equal("two.test.", receive(stream).questions[1].name)
    assert.is_true(stream:is_ended())
    assert.is_true(rig:await_stat("tcp_open", 0))
  end)

  it("passes over the answer for a client that has left", function()
    open()
    local stream = connect()
    stream:ask(front_rig.query("two.test."))
    rig:await_pending(1)
    stream.handle:close_reset()
    assert.is_true(rig:await_stat("tcp_open", 0))
    local other = connect() -- in the place that became free
    other:ask(front_rig.query("one.test.", "A", { id = 7 }))
    rig:reply(rig.pending[1].slot, "two.test.", 1, { "192.0.2.2" })
    rig.front:flush()
    assert.equal(7, receive(other).id)
    assert.is_nil(other:receive(0.05))
    assert.equal(0, rig.front:stats().pending)
  end)

  it("closes after what is no question", function()
    open()
    for _, bytes in ipairs {
      "\0\0", -- a message of no length
      "\0\5hello",
      framed("\18\52\129\128\0\1\0\0\0\0\0\0\3one\4test\0\0\1\0\1"), -- a response
    } do
      local stream = connect()
      stream:write(bytes)
      assert.is_true(stream:is_ended())
      assert.equal("", stream.buffer)
    end
  end)

  it("refuses on the connection what it refuses over UDP", function()
    open()
    local stream = connect()
    stream:write(framed("\18\52\33\0\0\1\0\0\0\0\0\0\3one\4test\0\0\1\0\1")) -- NOTIFY
    assert.equal(4, receive(stream).rcode)
    stream:ask(front_rig.query("one.test."))
    assert.equal(0, receive(stream).rcode)
  end)

  it("hands over only as many questions of one connection as may be under way", function()
    open { max_pipelined = 8 }
    local stream = connect()
    local asked = {}
    for id = 1, 20 do
      asked[id] = framed(front_rig.query(("p%d.test."):format(id), "A", { id = id }))
    end
    stream:write_now(table.concat(asked))
    assert.is_true(rig:await_pending(8))
    uv.sleep(20)
    rig:work()
    assert.equal(8, #rig.pending)
    rig.answer = function()
      return { "192.0.2.9" }
    end
    for _, miss in ipairs(rig.pending) do
      rig:reply(miss.slot, miss.name, miss.type, { "192.0.2.9" })
    end
    rig.front:flush()
    local seen = 0
    for _ = 1, 20 do
      seen = seen
        + core.wire.decode(assert(stream:receive(1, function()
          rig:work()
        end))).id
    end
    assert.equal(210, seen)
  end)

  it("wrote behind its list of connections when answers came while it went through it", function()
    local COUNT, LARGE, OPT = 1000, 40000, "\0\0\41\4\208\0\0\0\0"
    open { max_tcp = 2, max_pipelined = 8 }
    rig.answer = function()
      return { "192.0.2.9" }
    end
    local plain = front_rig.query("two.test.")
    -- who sends a large message is read from in large pieces behind it
    local large = plain:sub(1, 11)
      .. "\1"
      .. plain:sub(13)
      .. OPT
      .. framed("\253\233" .. framed(("\0"):rep(LARGE)))
    local reply_size = 2 + #core.answer.build("two.test.", "A", { "192.0.2.9" }, 300)
    local expected = 2 * ((COUNT + 1) * reply_size + #OPT + 2)
    local received = 0
    for _ = 1, 2 do
      local stream = connect()
      stream.handle:read_start(function(_, data)
        received = received + (data and #data or 0)
      end)
      stream:write(framed(large) .. framed(plain):rep(COUNT))
    end
    local give_up = uv.hrtime() + 20e9
    while received < expected and uv.hrtime() < give_up do
      for _ = 1, 20 do
        rig:work()
      end
      uv.run("nowait")
    end
    assert.equal(expected, received)
  end)

  it("bounds what 100,000 pipelined questions cost", function()
    open()
    local stream = connect()
    local chunk = framed(front_rig.query("two.test.")):rep(1000)
    local function memory()
      return tonumber(shell.read("/proc/self/statm"):match("%d+ (%d+)")) * 4
    end
    local before = memory()
    for _ = 1, 100 do
      stream.handle:write(chunk, function() end)
    end
    rig:await_pending(64)
    uv.sleep(50)
    rig:work()
    assert.equal(64, #rig.pending)
    assert.equal(64, rig.front:stats().queries) -- the rest waits in the system's buffers
    assert.is_true(memory() - before < 8 * 1024)
  end)

  it("answers 100,000 pipelined questions for one cached name", function()
    open()
    local stream = connect()
    local chunk = framed(front_rig.query("one.test.")):rep(1000)
    local reply_size = 2 + #rig:ask_raw(front_rig.query("one.test."))
    local received = 0
    stream.handle:read_start(function(_, data)
      received = received + (data and #data or 0)
    end)
    for _ = 1, 100 do
      stream.handle:write(chunk, function() end)
    end
    assert.is_true(dns_client.wait(function()
      return received == 100000 * reply_size
    end, 20))
  end)

  it("closes a connection that is idle [RFC 7766 6.2.3: idle connections]", function()
    open { tcp_idle = 100 }
    local stream = connect()
    stream:ask(front_rig.query("one.test."))
    receive(stream)
    local began = uv.hrtime()
    assert.is_true(stream:is_ended())
    assert.is_true((uv.hrtime() - began) / 1e6 >= 80)
  end)

  it("closes a connection that never completes a question", function()
    open { tcp_idle = 100 }
    local stream = connect()
    local bytes = framed(front_rig.query("one.test."))
    local sent = 0
    assert.is_true(stream:is_ended(1, function()
      if sent < #bytes - 1 then
        sent = sent + 1
        stream.handle:try_write(bytes:sub(sent, sent))
        uv.sleep(10)
      end
    end))
    assert.equal(0, rig.front:stats().queries)
  end)

  it("keeps a connection whose question is under way", function()
    open { tcp_idle = 50 }
    local stream = connect()
    stream:ask(front_rig.query("two.test."))
    rig:await_pending(1)
    uv.sleep(150)
    rig:reply(rig.pending[1].slot, "two.test.", 1, { "192.0.2.2" })
    rig.front:flush()
    assert.equal("192.0.2.2", receive(stream).answers[1].data)
  end)

  it("closes a connection that does not take its replies", function()
    open { tcp_idle = 200 }
    local texts = {}
    for i = 1, 250 do
      texts[i] = '"' .. ("%03d"):format(i) .. ("x"):rep(220) .. '"'
    end
    rig:put("huge.test.", "TXT", texts)
    local stream = connect() -- which is never read
    stream:write(framed(front_rig.query("huge.test.", "TXT")):rep(2000))
    assert.is_true(rig:await_stat("tcp_open", 1))
    assert.is_true(rig:await_stat("tcp_open", 0, 3))
    assert.is_true(rig.front:stats().replies < 2000)
    assert.equal("192.0.2.1", rig:ask(front_rig.query("one.test.")).answers[1].data)
  end)

  it("lets the newest connection of a client replace the one idle longest", function()
    open { max_tcp_per_client = 2 }
    local first, second = connect(), connect()
    for _, stream in ipairs { first, second } do
      stream:ask(front_rig.query("one.test."))
      receive(stream)
      uv.sleep(5)
    end
    local third = connect()
    third:ask(front_rig.query("one.test."))
    receive(third)
    assert.is_true(first:is_ended())
    second:ask(front_rig.query("one.test."))
    receive(second)
    assert.equal(2, rig.front:stats().tcp_open)
  end)

  it("turns a client away whose connections all wait for answers", function()
    open { max_tcp_per_client = 2 }
    for i = 1, 2 do
      connect():ask(front_rig.query(("q%d.test."):format(i)))
    end
    rig:await_pending(2)
    assert.is_true(connect():is_ended())
    for i, miss in ipairs(rig.pending) do
      rig:reply(miss.slot, miss.name, miss.type, { "192.0.2." .. i })
    end
    rig.front:flush()
    for i = 1, 2 do
      assert.is_string(streams[i]:receive())
    end
  end)

  it("bounds the connections of all clients together", function()
    open { max_tcp = 3, max_tcp_per_client = 100 }
    for _ = 1, 10 do
      local stream = connect()
      stream:ask(front_rig.query("one.test."))
      receive(stream)
      assert.is_true(rig.front:stats().tcp_open <= 3)
    end
    assert.equal(10, rig.front:stats().tcp_connections)
  end)

  it("answers datagrams and new connections while many connections do nothing", function()
    open()
    for _ = 1, 100 do
      connect():write_now("\0")
    end
    assert.equal("192.0.2.1", rig:ask(front_rig.query("one.test.")).answers[1].data)
    local stream = connect()
    stream:ask(front_rig.query("one.test."))
    assert.equal("192.0.2.1", receive(stream).answers[1].data)
    assert.is_true(rig.front:stats().tcp_open <= 32)
  end)

  it("goes on when descriptors run out", function()
    open()
    local folder = shell.temp_folder()
    shell.write(folder .. "/code.lua", POOR)
    local words = "ulimit -n 40; LUA_PATH=%s LUA_CPATH=%s exec luajit %s/code.lua >%s/out"
    local path, cpath = shell.quote(package.path), shell.quote(package.cpath)
    local server = assert(io.popen(words:format(path, cpath, folder, folder), "w"))
    assert.is_truthy(dns_client.wait(function()
      return (shell.read(folder .. "/out") or ""):find("\n")
    end, 5))
    rig.endpoint = shell.read(folder .. "/out"):match("%S+")
    for _ = 1, 100 do
      connect():write_now("\0")
    end
    assert.equal("192.0.2.1", rig:ask(front_rig.query("one.test.")).answers[1].data)
    local stream = connect()
    stream:ask(front_rig.query("one.test."))
    assert.equal("192.0.2.1", receive(stream).answers[1].data)
    server:close()
    local open_at_end = tonumber(shell.read(folder .. "/out"):match("\n(%d+)"))
    shell.remove_folder(folder)
    assert.is_true(open_at_end > 0 and open_at_end < 40)
  end)
end)
