--- The cache on disk under real circumstances: SIGKILL under load, a full disk, damaged files.

local json = require("mlxresolve.json")
local shell = require("support.shell")
local uv = require("luv")

local PATIENCE = 10 -- s; only a failing spec waits that long

local POLICY = [[
local mlx = require("mlxresolve")
local use = mlx.use
return mlx.policy {
  cache = { persist = "FOLDER/state/cache", size = "1MiB" },
  strategies = {
    use { name = "mine", resolve = function(_, query, ctx)
      if ctx:file_stamp("FOLDER/dead") then
        return nil, "unplugged", "EHOSTUNREACH"
      end
      return query:answer({ a = "192.0.2.7" }, 3000)
    end },
  },
}
]]

-- The daemon on a disk of its own that can be filled: `fill` and `empty` in FOLDER/told do it.
local SMALL_DISK = [[
mkdir -p FOLDER/state && mount -t tmpfs -o size=320k tmpfs FOLDER/state || exit 77
exec 3<FOLDER/told
cat /dev/zero >FOLDER/state/filler 2>/dev/null
PROGRAM run FOLDER/p.lua --json --control FOLDER/control --listen 127.0.0.1:0 &
pid=$!
read -r word <&3
rm FOLDER/state/filler
read -r word <&3
kill -KILL $pid
touch FOLDER/dead
PROGRAM run FOLDER/p.lua --json --control FOLDER/control --listen 127.0.0.1:0 &
pid=$!
read -r word <&3
kill $pid
wait
]]

describe("the cache on disk", function()
  local program = uv.cwd() .. "/build/mlxresolve"
  local folder, running

  before_each(function()
    folder, running = shell.temp_folder(), {}
    shell.write(folder .. "/p.lua", (POLICY:gsub("FOLDER", folder)))
  end)
  after_each(function()
    for _, pid in ipairs(running) do
      uv.kill(pid, "sigkill")
    end
    uv.run("default")
    shell.remove_folder(folder)
  end)

  local function execute(argv)
    local out, err, code = folder .. "/out", folder .. "/err", folder .. "/code"
    local form = "%s >%s 2>%s </dev/null; echo $? >%s"
    os.execute(form:format(shell.command(argv), out, err, code))
    return { code = tonumber(shell.read(code)), out = shell.read(out), err = shell.read(err) }
  end

  local function wait_until(is_so, what)
    local give_up = uv.hrtime() + PATIENCE * 1e9
    while not is_so() do
      assert(uv.hrtime() < give_up, what)
      uv.run("nowait")
      uv.sleep(5)
    end
  end

  local function log()
    return shell.read(folder .. "/log") or ""
  end

  local function spawn(path, args)
    local file = assert(uv.fs_open(folder .. "/log", "w", 384))
    local ended = false
    local handle, pid
    handle, pid = uv.spawn(path, { args = args, stdio = { nil, file, file } }, function()
      ended = true
      handle:close()
    end)
    uv.fs_close(file)
    running[#running + 1] = assert(pid)
    return pid, function()
      return ended
    end
  end

  local function end_with(signal, pid, has_ended)
    uv.kill(pid, signal)
    wait_until(has_ended, "it did not end")
    running = {}
  end

  local function start()
    local pid, has_ended = spawn(program, {
      "run",
      folder .. "/p.lua",
      "--json",
      "--control",
      folder .. "/control",
      "--listen",
      "127.0.0.1:0",
    })
    wait_until(function()
      return log():find('"ready"', 1, true)
    end, "not ready: " .. log())
    return pid, has_ended
  end

  local function run(...)
    return execute { program, "--json", "--control", folder .. "/control", ... }
  end

  --- The address of a name, or the status of why there is none.
  local function ask(name)
    local shown = json.decode((run("query", name, "A")).out)
    return shown.addresses[1] and shown.addresses[1].address or shown.status
  end

  local function until_written(count)
    wait_until(function()
      return json.decode(run("status").out).persistence.entries == count
    end, "not written: " .. log())
  end

  local function unplug()
    shell.write(folder .. "/dead", "")
  end

  it("is there after SIGKILL, without what was flushed", function()
    local pid, has_ended = start()
    assert.equal("192.0.2.7", ask("kept.test"))
    assert.equal("192.0.2.7", ask("flushed.test"))
    until_written(2)
    run("cache", "flush", "flushed.test")
    until_written(1)
    end_with("sigkill", pid, has_ended)
    unplug()
    start()
    assert.equal("192.0.2.7", ask("kept.test"))
    assert.equal("error", ask("flushed.test"))
  end)

  it("has all of it after SIGTERM at once, within a second", function()
    local pid, has_ended = start()
    for i = 1, 5 do
      ask(("n%d.test"):format(i))
    end
    local before = uv.hrtime()
    end_with("sigterm", pid, has_ended)
    assert.is_true(uv.hrtime() - before < 1e9)
    unplug()
    start()
    for i = 1, 5 do
      assert.equal("192.0.2.7", ask(("n%d.test"):format(i)))
    end
  end)

  it("begins anew beside a damaged file, and says where that is", function()
    execute { "mkdir", folder .. "/state" }
    shell.write(folder .. "/state/cache", ("not ours\n"):rep(1000))
    start()
    wait_until(function()
      return log():find("is damaged, or no cache of mlxresolve; it is ", 1, true)
    end, log())
    assert.is_truthy(log():find(folder .. "/state/cache.damaged", 1, true))
    assert.equal("192.0.2.7", ask("a.test"))
    until_written(1)
  end)

  it("is given up by the second daemon on one file, which says so", function()
    start()
    shell.write(folder .. "/second.lua", shell.read(folder .. "/p.lua"))
    local first_log = log()
    assert.is_nil(first_log:find("another process", 1, true))
    spawn(program, {
      "run",
      folder .. "/second.lua",
      "--control",
      folder .. "/second",
      "--listen",
      "127.0.0.1:0",
    })
    wait_until(function()
      return log():find("another process has it", 1, true)
    end, log())
    assert.equal("192.0.2.7", ask("a.test"))
  end)

  it("costs nothing else when the disk is full, and goes on when there is room", function()
    local script = SMALL_DISK:gsub("%u%u%u%u+", { FOLDER = folder, PROGRAM = program })
    shell.write(folder .. "/script", script)
    os.execute("mkfifo " .. folder .. "/told")
    local _, has_ended = spawn(
      "/usr/bin/unshare",
      { "--user", "--map-root-user", "--mount", "sh", folder .. "/script" }
    )
    local told = assert(io.open(folder .. "/told", "w"))
    local function tell()
      told:write("next\n")
      told:flush()
    end
    wait_until(function()
      return has_ended() or log():find('"ready"', 1, true)
    end, "not ready: " .. log())
    if has_ended() then
      told:close()
      return pending("no user namespace can be had here")
    end
    assert.equal("192.0.2.7", ask("a.test"))
    wait_until(function()
      return log():find("No space left on device; answers are not kept on disk for now", 1, true)
    end, log())
    assert.equal("192.0.2.7", ask("b.test"))
    tell()
    wait_until(function()
      -- a flush does not wait for the next try
      run("cache", "flush", "other.test")
      return log():find("kept on disk again", 1, true) or log():find("entries of", 1, true)
    end, log())
    until_written(2)
    tell()
    wait_until(function()
      return select(2, log():gsub('"ready"', "")) == 2
    end, log())
    assert.equal("192.0.2.7", ask("a.test"))
    assert.equal("192.0.2.7", ask("b.test"))
    assert.equal("error", ask("c.test"))
    tell()
    told:close()
    wait_until(has_ended, "it did not end")
    running = {}
  end)

  it("answers right and knows what it knew after 25 kills under load", function()
    local result = execute { "python3", "bench/kills.py", program, "25" }
    assert.equal(0, result.code, result.out .. result.err)
    local totals = json.decode(result.out)
    assert.same({ 25, 0, 0, 0 }, {
      totals.kills,
      totals.failed_starts,
      totals.wrong,
      totals.forgotten,
    })
    assert.is_true(totals.came_back > 0, result.out)
  end)
end)
