local scheduler = require("mlxresolve.scheduler")
local sockets = require("mlxresolve.sockets")
local uv = require("luv")

describe("mlxresolve.world.real.streams", function()
  local real = require("mlxresolve.world.real")
  local world, s, server, port

  --- A server that sends back what it reads, and closes on "bye".
  before_each(function()
    world = real.new()
    s = scheduler.new(world)
    server = uv.new_tcp()
    server:bind("127.0.0.1", 0)
    port = server:getsockname().port
    server:listen(8, function()
      local client = uv.new_tcp()
      server:accept(client)
      client:read_start(function(_, data)
        if data == "bye" or not data then
          if not client:is_closing() then
            client:close()
          end
        else
          client:write(data)
        end
      end)
    end)
  end)

  local function run(fn)
    local got
    s:spawn(function()
      got = { s:within(4000, fn) }
      world:close()
      server:close()
    end)
    uv.run()
    return unpack(got, 1, 4)
  end

  it("connects, writes, reads, and sees the end", function()
    local reply, rest = run(function()
      local stream = assert(sockets.connect(s, world, "127.0.0.1:" .. port))
      stream:write("hello")
      local text = stream:read()
      stream:write("bye")
      return text, stream:read()
    end)
    assert.equal("hello", reply)
    assert.equal("", rest)
  end)

  it("says why it cannot connect", function()
    local _, message, code = run(function()
      return sockets.connect(s, world, "/nonexistent/socket")
    end)
    assert.equal("ENOENT", code)
    assert.matches("/nonexistent/socket", message)
  end)

  it("wants a port", function()
    local _, message = run(function()
      return sockets.connect(s, world, "127.0.0.1")
    end)
    assert.matches("expected an address with a port", message)
  end)

  it("gives up a read at the deadline and can be closed in it", function()
    local _, _, code = run(function()
      local stream = assert(sockets.connect(s, world, "127.0.0.1:" .. port))
      s:own(stream)
      return s:within(30, stream.read, stream)
    end)
    assert.equal("ETIMEOUT", code)
  end)

  local function each_open_pipe(fn)
    uv.walk(function(handle)
      if tostring(handle):find("pipe", 1, true) and not handle:is_closing() then
        fn(handle)
      end
    end)
  end

  it("closes a connection that is given up before it stands", function()
    -- What other specs of this process have left is theirs.
    collectgarbage()
    uv.run("nowait")
    local earlier, problems, open = {}, {}, 0
    each_open_pipe(function(handle)
      earlier[handle] = true
    end)
    local _, _, code = run(function()
      world.host.on_error = function(_, problem)
        problems[#problems + 1] = problem
      end
      local connected, message, why = s:within(0, sockets.connect, s, world, "/nonexistent/socket")
      for _ = 1, 100 do
        s:sleep(5)
        open = 0
        each_open_pipe(function(handle)
          open = open + (earlier[handle] and 0 or 1)
        end)
        if open == 0 then
          break
        end
      end
      return connected, message, why
    end)
    assert.same({}, problems)
    assert.equal(0, open)
    assert.equal("ETIMEOUT", code)
  end)
end)
