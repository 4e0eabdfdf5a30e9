local core = require("mlxresolve.core")
local shell = require("support.shell")

-- What each piece of code with a misbehaving getaddrinfo begins with. `collect` steps until
-- `count` results came and gives them by slot, with the time that it took.
local PRELUDE = [==[
local core = require "mlxresolve.core"
local uv = require "luv"

local function collect(native, count)
  local began, results, batch = core.now(), {}, {}
  local poll, timer = uv.new_poll(native:fd()), uv.new_timer()
  local function step()
    local items, deadline = native:step(core.now(), batch)
    for i = 0, items - 1 do
      local addresses, message, code = batch[4 * i + 2], batch[4 * i + 3], batch[4 * i + 4]
      local text = addresses and table.concat(addresses, " ") or code .. ": " .. message
      results[batch[4 * i + 1]] = text
      count = count - 1
    end
    timer:stop()
    if count > 0 and deadline then
      timer:start(math.max(0, math.ceil(deadline - core.now())), 0, step)
    end
  end
  poll:start("r", step)
  step()
  while count > 0 and core.now() - began < 10000 do
    uv.run "once"
  end
  poll:close()
  timer:close()
  uv.run()
  return results, core.now() - began
end
local function ask(native, name, ms, family)
  local now = core.now()
  return assert(native:ask(name, family or 4, now + ms, now))
end
local function expect(want, have)
  if want ~= have then
    error(("expected %s, got %s"):format(tostring(want), tostring(have)), 2)
  end
end
]==]

describe("core.native", function()
  local folder, shim

  setup(function()
    folder = shell.temp_folder()
    shim = folder .. "/slow.so"
    local build = "cc -shared -fPIC -D_GNU_SOURCE -o %s spec/support/slow_getaddrinfo.c"
    assert.equal(0, os.execute(build:format(shim)))
  end)
  teardown(function()
    shell.remove_folder(folder)
  end)

  --- Runs code with the shim; gives its output, the names that were looked up, and seconds.
  local function run(code, prelude)
    local paths = {
      "LUA_PATH=" .. package.path,
      "LUA_CPATH=" .. package.cpath,
      "MLXT_LOOKUPS=" .. folder .. "/lookups",
      "LD_PRELOAD=" .. (os.getenv("LD_PRELOAD") or "") .. ":" .. shim,
    }
    shell.write(folder .. "/code.lua", (prelude or PRELUDE) .. code)
    shell.write(folder .. "/lookups", "")
    local began = core.now()
    local status = os.execute(
      ("timeout 30 env %s luajit %s/code.lua >%s/out 2>&1"):format(
        shell.command(paths),
        folder,
        folder
      )
    )
    local out = shell.read(folder .. "/out")
    assert(status == 0, ("ended with %d:\n%s"):format(status / 256, out))
    return out, shell.read(folder .. "/lookups"), core.now() - began
  end

  local function inside(code)
    return function()
      run(code)
    end
  end

  it(
    "answers with the addresses of the family that was asked",
    inside([[
      local native = assert(core.native.open())
      local four, six = ask(native, "answer1", 1000, 4), ask(native, "answer1", 1000, 6)
      local both, literal = ask(native, "answer1", 1000, 0), ask(native, "192.0.2.77", 1000, 0)
      local scoped = ask(native, "fe80::7%lo", 1000, 0)
      local results = collect(native, 5)
      expect("192.0.2.1", results[four])
      expect("2001:db8::1", results[six])
      expect("192.0.2.1 2001:db8::1", results[both])
      expect("192.0.2.77", results[literal])
      expect("fe80::7%lo", results[scoped])
    ]])
  )

  it(
    "tells failures by their kind",
    inside([[
      local native = assert(core.native.open())
      local again, fail = ask(native, "again", 1000), ask(native, "fail", 1000)
      local none = ask(native, "none", 1000, 6)
      local results = collect(native, 3)
      expect("EAGAIN: Temporary failure in name resolution", results[again])
      expect("EIO: Non-recoverable failure in name resolution", results[fail])
      expect("ENOTFOUND: Name or service not known", results[none])
    ]])
  )

  it(
    "drops what is beyond 64 addresses, and doubles",
    inside([[
      local native = assert(core.native.open())
      local slot = ask(native, "many", 1000)
      local seen = {}
      for address in collect(native, 1)[slot]:gmatch "%S+" do
        assert(not seen[address], address)
        seen[address] = true
        seen[#seen + 1] = address
      end
      expect(64, #seen)
    ]])
  )

  it("looks a name up once for all that ask for it", function()
    local _, lookups = run([[
      local native = assert(core.native.open())
      for i = 1, 500 do
        ask(native, i % 2 == 0 and "slow.example" or "SLOW.example", 2000)
      end
      local six = ask(native, "slow.example", 2000, 6)
      local results = collect(native, 501)
      local count = 0
      for slot, text in pairs(results) do
        expect(slot == six and "2001:db8::1" or "192.0.2.1", text)
        count = count + 1
      end
      expect(501, count)
      local stats = native:stats()
      expect(501, stats.asked)
      expect(499, stats.joined)
      expect(501, stats.answered)
    ]])
    assert.equal(2, select(2, lookups:gsub("\n", "")), lookups)
  end)

  it(
    "holds each question to its own deadline",
    inside([[
      local native = assert(core.native.open())
      local began = core.now()
      local early, late = ask(native, "stuck1", 50), ask(native, "stuck1", 150)
      local results, took = collect(native, 1)
      expect("ETIMEOUT: nobody answered in time", results[early])
      assert(took >= 49 and took < 100, took)
      results, took = collect(native, 1)
      expect("ETIMEOUT: nobody answered in time", results[late])
      assert(core.now() - began >= 149 and core.now() - began < 250, took)
      local stats = native:stats()
      expect(2, stats.timed_out)
      expect(1, stats.abandoned)
      expect(1, stats.stuck)
    ]])
  )

  it(
    "goes on with other names while 50 lookups are stuck",
    inside([[
      local native = assert(core.native.open())
      for i = 1, 50 do
        ask(native, "stuck" .. i, 20)
        if i % 4 == 0 then
          collect(native, 4)
        end
      end
      collect(native, 2)
      local stats = native:stats()
      expect(50, stats.stuck)
      assert(stats.threads >= 50 and stats.threads <= 54, stats.threads)
      local slots = {}
      for i = 1, 20 do
        slots[i] = ask(native, "answer" .. i, 1000)
      end
      local results, took = collect(native, 20)
      for i = 1, 20 do
        local slot = slots[i]
        expect("192.0.2.1", results[slot])
      end
      assert(took < 200, "took " .. took)
    ]])
  )

  it(
    "lets others begin while lookups take long that somebody still waits for",
    inside([[
      local native = assert(core.native.open())
      for i = 1, 50 do
        ask(native, "stuck" .. i, 20e3)
      end
      local slot = ask(native, "answer", 10e3)
      local results = collect(native, 1)
      expect("192.0.2.1", results[slot])
      local stats = native:stats()
      expect(0, stats.timed_out)
      assert(stats.threads <= 54, stats.threads)
    ]])
  )

  it(
    "has no more threads than allowed, and fails in time beyond them",
    inside([[
      local native = assert(core.native.open { threads = 2, max_threads = 6 })
      for i = 1, 10 do
        ask(native, "stuck" .. i, 20)
        collect(native, 1)
      end
      local stats = native:stats()
      expect(6, stats.threads)
      expect(6, stats.stuck)
      expect(0, stats.waiting)
      expect(10, stats.timed_out)
    ]])
  )

  it("gives a name that is stuck a second chance, but not more", function()
    local _, lookups = run([[
      local native = assert(core.native.open())
      for i = 1, 6 do
        ask(native, "stuck", 20)
        collect(native, 1)
      end
      local stats = native:stats()
      expect(2, stats.stuck)
      expect(4, stats.joined)
      expect(2, stats.abandoned)
    ]])
    assert.equal("stuck\nstuck\n", lookups)
  end)

  it("forgets a question that is cancelled", function()
    local _, lookups = run([[
      local native = assert(core.native.open { threads = 1 })
      local first = ask(native, "slow1", 1000)
      while native:stats().waiting > 0 do
        uv.sleep(1)
      end
      local second, third = ask(native, "answer2", 1000), ask(native, "answer3", 1000)
      native:cancel(second)
      native:cancel(second)
      native:cancel(first)
      local results = collect(native, 1)
      expect("192.0.2.1", results[third])
      expect(nil, next(results, next(results)))
      native:cancel(third)
      local stats = native:stats()
      expect(1, stats.abandoned)
      local again = ask(native, "answer4", 1000) -- takes the place of a cancelled one
      native:cancel(first)
      native:cancel(second)
      expect("192.0.2.1", collect(native, 1)[again])
    ]])
    assert.equal("slow1\nanswer3\nanswer4\n", lookups)
  end)

  it("reuses a thread that came back late", function()
    run([[
      local native = assert(core.native.open { threads = 1, max_threads = 1 })
      ask(native, "slow1", 20)
      collect(native, 1)
      expect(1, native:stats().stuck)
      local slot = ask(native, "answer1", 2000)
      expect("192.0.2.1", collect(native, 1)[slot])
      expect(0, native:stats().stuck)
      expect(1, native:stats().threads)
    ]])
  end)

  it("ends at once with lookups stuck", function()
    local out, _, took = run([[
      for i = 1, 3 do
        local native = assert(core.native.open())
        for j = 1, 8 do
          ask(native, "stuck" .. j, 10)
          ask(native, "slow" .. j, 1000)
        end
        collect(native, 8)
        if i == 1 then native:close() end -- others are left to the collector
      end
      collectgarbage()
      io.write "done"
    ]])
    assert.equal("done", out)
    assert.is_true(took < 2000, took)
  end)

  it("outlives the Lua state that began a lookup", function()
    local out = run(
      [[
      local ffi = require "ffi"
      ffi.cdef [=[
        void *luaL_newstate(void); void luaL_openlibs(void *); void lua_close(void *);
        int luaL_loadstring(void *, const char *); int lua_pcall(void *, int, int, int);
        const char *lua_tolstring(void *, int, size_t *);
      ]=]
      -- The library's only user goes away while a thread waits in it.
      local state = ffi.C.luaL_newstate()
      ffi.C.luaL_openlibs(state)
      ffi.C.luaL_loadstring(state, [=[
        local core = require "mlxresolve.core"
        local native = assert(core.native.open())
        assert(native:ask("slow", 4, core.now() + 1000, core.now()))
        require("luv").sleep(20)
      ]=])
      if ffi.C.lua_pcall(state, 0, 0, 0) ~= 0 then
        error(ffi.string(ffi.C.lua_tolstring(state, -1, nil)))
      end
      ffi.C.lua_close(state)
      require("luv").sleep(200)
      io.write "alive"
    ]],
      ""
    )
    assert.equal("alive", out)
  end)

  it("refuses what cannot be asked", function()
    local native = assert(core.native.open { max_waiting = 2 })
    local function fails(code, ...)
      local slot, message, got = native:ask(...)
      assert.is_nil(slot)
      assert.is_string(message)
      assert.equal(code, got)
    end
    local now = core.now()
    fails("ETEXT", "", 4, now + 100, now)
    fails("ETEXT", ("x"):rep(256), 4, now + 100, now)
    fails("ETEXT", "a\0b", 4, now + 100, now)
    assert.has_error(function()
      native:ask("x", 5, now, now)
    end)
    assert(native:ask("192.0.2.1", 4, now + 1000, now))
    assert(native:ask("192.0.2.2", 4, now + 1000, now))
    fails("EBUSY", "192.0.2.3", 4, now + 1000, now)
    native:close()
    assert.has_error(function()
      native:ask("x", 4, now, now)
    end, "this native is closed")
  end)
end)
