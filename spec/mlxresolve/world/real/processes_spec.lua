local scheduler = require("mlxresolve.scheduler")
local uv = require("luv")

describe("mlxresolve.world.real.processes", function()
  local real = require("mlxresolve.world.real")
  local world, s

  before_each(function()
    world = real.new()
    s = scheduler.new(world)
  end)

  local function execute(argv)
    local operation, message, code = world:run(s.running, argv)
    if not operation then
      return nil, message, code
    end
    return s:wait(function()
      world:cancel("run", operation)
    end)
  end

  local function run(fn)
    local got
    s:spawn(function()
      got = { s:within(4000, fn) }
      world:close()
    end)
    uv.run()
    return unpack(got, 1, 4)
  end

  local function run_one(...)
    local argv = { ... }
    return run(function()
      return execute(argv)
    end)
  end

  -- A zombie is nobody any more.
  local function is_alive(pid)
    local file = io.open(("/proc/%d/stat"):format(pid))
    local state = file and file:read("*a"):match("%) (%a)")
    if file then
      file:close()
    end
    return state ~= nil and state ~= "Z"
  end

  local function await(condition)
    local till = uv.hrtime() + 3e9
    while not condition() and uv.hrtime() < till do
      uv.sleep(2)
    end
    return condition()
  end

  it("gives the exit code and what was printed", function()
    assert.same({ 3, "out\n", "err\n" }, { run_one("sh", "-c", "echo out; echo err >&2; exit 3") })
  end)

  it("hands arguments over as they are, without a shell", function()
    assert.same({ 0, "$HOME;`id`|*", "" }, { run_one("printf", "%s", "$HOME;`id`|*") })
  end)

  it("gives the program nothing to read", function()
    assert.same({ 0, "", "" }, { run_one("cat") })
  end)

  it("keeps the sockets of this process to itself", function()
    local out = select(
      2,
      run(function()
        world:interfaces()
        assert(world:udp({ bind = "127.0.0.1:0" }, function() end))
        assert(world:native({ wake = function() end }, "localhost", 4, s:now() + 2000))
        return execute { "sh", "-c", "ls -l /proc/$$/fd" }
      end)
    )
    local kept = {}
    for fd, what in out:gmatch(" (%d+) %-> (%S+)") do
      if tonumber(fd) > 2 and (what:find("^socket") or what:find("^anon_inode")) then
        kept[#kept + 1] = what
      end
    end
    assert.same({}, kept)
    assert.matches(" 0 %-> /dev/null\n", out)
  end)

  it("says which program is not there", function()
    local _, message, code = run_one("/nonexistent/program")
    assert.equal("ENOENT", code)
    assert.matches("^/nonexistent/program: no such file", message)
  end)

  it("says that a signal has ended it", function()
    local _, message, code = run_one("sh", "-c", "kill -9 $$")
    assert.equal("EINTR", code)
    assert.equal("sh: ended by signal 9", message)
  end)

  it("ends a program that prints without end", function()
    local _, message, code = run_one("yes")
    assert.equal("EFBIG", code)
    assert.equal("yes: printed more than 64 KiB", message)
  end)

  it("kills at the deadline, with all that the program has started", function()
    local file = os.tmpname()
    local _, _, code = run(function()
      local script = "sleep 60 & echo $! >" .. file .. "; echo $$ >>" .. file .. "; wait"
      return s:within(200, execute, { "sh", "-c", script })
    end)
    assert.equal("ETIMEOUT", code)
    local pids = {}
    for pid in io.lines(file) do
      pids[#pids + 1] = tonumber(pid)
    end
    os.remove(file)
    assert.equal(2, #pids)
    for _, pid in ipairs(pids) do
      assert.is_true(await(function()
        return not is_alive(pid)
      end))
    end
  end)

  it("kills what still runs when the world is closed", function()
    local file = os.tmpname()
    s:spawn(function()
      execute { "sh", "-c", "echo $$ >" .. file .. "; exec sleep 60" }
    end)
    local pid
    s:spawn(function()
      repeat
        s:sleep(5)
        local opened = assert(io.open(file))
        pid = tonumber(opened:read("*l"))
        opened:close()
      until pid
      world:close()
    end)
    uv.run()
    os.remove(file)
    assert.is_false(is_alive(pid))
  end)

  it("knows how many processors there are", function()
    assert.is_true(world:processors() >= 1)
  end)
end)
