local uv = require("luv")
local core = require("mlxresolve.core")
local shell = require("support.shell")
local store = require("mlxresolve.store")

local PATIENCE = 5000 -- ms; only a failing spec waits that long
local A = 1
local NOW = 100000 -- ms on the world's clock, at which every store is opened
local DATE = 1.75e12 -- ms
local began = uv.hrtime()
local MINE, OTHER = 7, 8 -- strategies

-- Where it ends badly, so does the process.
local IMPATIENT = [[
  local core, store = require("mlxresolve.core"), require("mlxresolve.store")
  for _ = 1, 10 do
    local cache = core.cache.new { size = 4 * 1024 * 1024 }
    store.open({ path = %q, bytes = 12 * 1024 * 1024, now = 0 }, cache):close(0)
    cache = nil
    for _ = 1, 3 do
      collectgarbage()
    end
    os.execute("sleep 0.05")
  end
  print("alive")
]]

local function a(name, ttl, address)
  return assert(core.answer.build(name, "A", { address or "192.0.2.1" }, ttl or 300))
end

describe("core.store", function()
  local folder, path, opened

  before_each(function()
    folder = shell.temp_folder()
    path = folder .. "/state/mlxresolve/cache"
    opened = {}
  end)
  after_each(function()
    for _, one in ipairs(opened) do
      one.store:close()
    end
    os.execute("chmod -R u+rwx " .. folder)
    shell.remove_folder(folder)
  end)

  local methods = {}
  local mt = { __index = methods }

  --- Waits for an event of a kind; its text and number. Others stay for later.
  function methods:await(kind)
    local batch = {}
    local function look()
      for i = 1, self.store:step(NOW, batch) * 3, 3 do
        table.insert(self.events, { batch[i], batch[i + 1], batch[i + 2] })
      end
      for i, event in ipairs(self.events) do
        if event[1] == kind then
          return table.remove(self.events, i)
        end
      end
    end
    local found
    local poll, guard, is_late = uv.new_poll(self.store:fd()), uv.new_timer(), false
    uv.update_time()
    guard:start(PATIENCE, 0, function()
      is_late = true
    end)
    poll:start("r", function() end)
    repeat
      found = look()
      if not found then
        uv.run("once")
      end
    until found or is_late
    poll:close()
    guard:close()
    uv.run("nowait")
    assert(found, ("no event '%s' came, but %d others"):format(kind, #self.events))
    return found[2], found[3]
  end

  function methods:put(packet, note, interface)
    note = note or {}
    note.strategy = note.strategy or MINE
    self.cache:put(packet, NOW, note)
    assert(self.store:put(packet, NOW, note, interface))
  end

  function methods:flush(filter, interface)
    self.store:flush(NOW, filter, interface)
    return self.cache:flush(NOW, filter)
  end

  function methods:address(name, is_stale_fine)
    local packet = self.cache:get(name, A, NOW, 0, is_stale_fine)
    return packet and core.answer.data(packet)[1] or false
  end

  function methods:close()
    return self.store:close(2000)
  end

  --- Opens a store on a new cache; `options` of both, `after` ms of the machine's uptime later.
  local function open(options, after)
    options = options or {}
    -- the machine's clocks go on while a spec runs; all are cut off to whole ms
    after = (after or 0) + (uv.hrtime() - began) / 1e6 + 5 * #opened
    local self = setmetatable({ events = {} }, mt)
    self.cache = assert(core.cache.new {
      size = options.size or 1024 * 1024,
      stale = options.stale or 0,
      max_ttl = 3600,
    })
    self.store = assert(store.open({
      path = options.path or path,
      bytes = options.bytes or 3 * 1024 * 1024,
      strategies = options.strategies or { MINE },
      min_ttl = 1,
      now = NOW,
      date = options.date or DATE + after,
      uptime = options.uptime or 5e6 + after,
      boot = options.boot or "this boot",
    }, self.cache))
    opened[#opened + 1] = self
    return self
  end

  --- The same, loaded.
  local function start(options, after)
    local self = open(options, after)
    local text, count = self:await("loaded")
    return self, count, text
  end

  --- A file with one entry.
  local function make_file()
    local first = start()
    first:put(a("a.example."))
    assert.is_true(first:close())
  end

  --- Waits until the store says that something is so.
  local function until_stats(one, is_so)
    local stop = uv.hrtime() + PATIENCE * 1e6
    while not is_so(one.store:stats()) do
      assert(uv.hrtime() < stop, "it was never so")
      uv.sleep(2)
    end
  end

  local function mode_of(file)
    return uv.fs_stat(file).mode % 512
  end

  describe("across a restart", function()
    it("brings back answers and denials as they were", function()
      local first = start()
      local denial = core.answer.deny("no.example.", "A", "nxdomain", 60)
      first:put(a("a.example."))
      first:put(denial)
      first:put(a("p.example."), { purpose = 0xfedcba98 })
      assert.is_true(first:close())
      local second, count = start()
      assert.equal(3, count)
      assert.same(
        { a("a.example."), 300, 0, MINE, 0, false },
        { unpack({ second.cache:get("a.example.", A, NOW) }, 1, 6) }
      )
      assert.equal(denial, (second.cache:get("no.example.", A, NOW)))
      assert.is_string((second.cache:get("p.example.", A, NOW, 0xfedcba98)))
    end)

    it("counts the time in between, whatever the wall clock says", function()
      make_file()
      for _, date in ipairs { DATE - 1e9, DATE + 1e9 } do
        local second = start({ date = date }, 100e3)
        local _, ttl, age = second.cache:get("a.example.", A, NOW)
        assert.is_true(ttl >= 198 and ttl <= 200, "TTL " .. tostring(ttl))
        assert.is_true(age >= 100 and age <= 102, "age " .. tostring(age))
        assert.is_true(second:close())
      end
    end)

    it("goes by the wall clock after a reboot", function()
      make_file()
      local second = start({ uptime = 1000, boot = "another" }, 100e3)
      local _, ttl = second.cache:get("a.example.", A, NOW)
      assert.is_true(ttl >= 198 and ttl <= 200, "TTL " .. tostring(ttl))
    end)

    it("takes everything as run out when that clock went backwards meanwhile", function()
      make_file()
      local second = start { date = DATE - 1e6, uptime = 1000, boot = "another", stale = 3600 }
      -- it ran out when it was loaded, which is some ms after NOW
      assert.is_nil((second.cache:get("a.example.", A, NOW + 1000)))
      assert.equal("192.0.2.1", second:address("a.example.", true))
    end)

    it("made answers younger that are older than the machine's uptime", function()
      for _, date in ipairs { DATE, 1000 } do
        local first = start { date = date, path = path .. date }
        first:put(a("a.example."), { age = NOW + 50e3 })
        assert.is_true(first:close())
        local second = start({ date = date + 10e3, path = path .. date }, 10e3)
        local age = select(3, second.cache:get("a.example.", A, NOW))
        assert.is_true(age >= 160 and age <= 162, "age " .. tostring(age))
      end
    end)

    it("took what had run out like that as fresh at the start after that", function()
      make_file()
      local clocks = { date = DATE - 1e6, uptime = 1000, boot = "another", stale = 3600 }
      local second = start(clocks)
      second:put(a("b.example."))
      assert.is_true(second:close())
      clocks.date, clocks.uptime = DATE - 1e6 + 5000, 6000
      local third = start(clocks)
      assert.equal("192.0.2.1", third:address("b.example."))
      assert.is_false(third:address("a.example."))
    end)

    it("keeps what ran out as stale, and drops what is older than that", function()
      local first = start()
      first:put(a("short.example.", 10))
      first:put(a("long.example.", 200))
      first:close()
      local second = start({ stale = 100 }, 150e3)
      assert.equal("192.0.2.1", second:address("long.example."))
      assert.is_false(second:address("short.example.", true))
      second:close()
      local third = start({ stale = 200 }, 150e3)
      assert.is_false(third:address("short.example."))
      assert.equal("192.0.2.1", third:address("short.example.", true))
      assert.equal(150, math.floor((select(3, third.cache:get("short.example.", A, NOW, 0, true)))))
    end)

    it("drops entries of strategies that are gone, from the file as well", function()
      local first = start { strategies = { MINE, OTHER } }
      first:put(a("a.example."))
      first:put(a("b.example."), { strategy = OTHER })
      first:close()
      local second, count = start()
      assert.equal(1, count)
      assert.is_false(second:address("b.example."))
      second:close()
      local third = start { strategies = { MINE, OTHER } }
      assert.equal("192.0.2.1", third:address("a.example."))
      assert.is_false(third:address("b.example."))
    end)

    it("finds an interface by its name, and drops what came over one that is gone", function()
      local first = start()
      first:put(a("here.example."), { interface = 99 }, "lo")
      first:put(a("gone.example."), { interface = 98 }, "mlxtgone0")
      first:close()
      local second = start()
      assert.equal(1, (select(5, second.cache:get("here.example.", A, NOW))))
      assert.is_false(second:address("gone.example."))
    end)

    it("does not put old answers in the place of those that came meanwhile", function()
      make_file()
      local second = open(nil, 10e3)
      second:put(a("a.example.", 300, "192.0.2.9"))
      second:await("loaded")
      assert.equal("192.0.2.9", second:address("a.example."))
      second:close()
      local third = start(nil, 10e3)
      assert.equal("192.0.2.9", third:address("a.example."))
    end)

    it("put old answers in the place of younger ones, in one batch and later", function()
      local old = { strategy = MINE, age = 50e3 }
      local first = start()
      first:put(a("a.example.", 300, "192.0.2.1"))
      first.store:put(a("a.example.", 300, "192.0.2.9"), NOW, old)
      first:put(a("b.example.", 300, "192.0.2.2"))
      first:put(a("c.example.", 300, "192.0.2.3"), { age = 60e3 })
      first:close()
      local second = start()
      for _, name in ipairs { "b.example.", "c.example.", "d.example." } do
        second.store:put(a(name, 300, "192.0.2.9"), NOW, old)
      end
      second:close()
      local third = start()
      assert.equal("192.0.2.1", third:address("a.example."))
      assert.equal("192.0.2.2", third:address("b.example."))
      assert.equal("192.0.2.9", third:address("c.example."))
      assert.equal("192.0.2.9", third:address("d.example."))
    end)

    it("does not bring back what an answer of TTL 0 took the place of", function()
      local first = start()
      first:put(a("a.example."))
      local gone = a("a.example.", 0)
      first.store:put(gone, NOW, { strategy = MINE })
      first.store:put(a("b.example.", 0), NOW, { strategy = MINE, min_ttl = 60 })
      first:close()
      local second = start()
      -- this cache raises no TTL by itself, but the policy's may
      assert.equal("192.0.2.1", second:address("b.example."))
    end)
  end)

  describe("writing behind", function()
    it("has everything on the disk soon, without being closed", function()
      local first = start()
      for i = 1, 2000 do
        first:put(a(("n%d.example."):format(i)))
      end
      until_stats(first, function(stats)
        return stats.entries == 2000
      end)
      -- as a process that is killed would leave it
      os.execute(("cp %s %s/copy"):format(path, folder))
      local _, count = start { path = folder .. "/copy" }
      assert.equal(2000, count)
    end)

    it("stays within its bound, by writing the file anew", function()
      local first = start { size = 256 * 1024, bytes = 768 * 1024 }
      for round = 1, 30 do
        for i = 1, 500 do
          first:put(a(("n%d.r%d.example."):format(i, round)))
        end
        local written = round * 500
        until_stats(first, function(stats)
          return stats.written >= written
        end)
      end
      assert.is_true(uv.fs_stat(path).size <= 768 * 1024 + 4096)
      first:put(a("last.example."))
      assert.is_true(first:close())
      local second, count = start { size = 256 * 1024, bytes = 768 * 1024 }
      assert.is_true(count > 1000, "only " .. count .. " came back")
      assert.equal("192.0.2.1", second:address("last.example."))
    end)

    it("keeps what fits, and flushes, when its bound is too small for the cache", function()
      local first = start { size = 2 * 1024 * 1024, bytes = 256 * 1024 }
      for i = 1, 8000 do
        first:put(a(("n%d.example."):format(i)))
      end
      until_stats(first, function(stats)
        return stats.batches > 0 and stats.entries > 0
      end)
      first:flush { suffix = "example." }
      first:put(a("kept.test."))
      assert.is_true(first:close())
      assert.equal(0, #first.events)
      assert.is_true(uv.fs_stat(path).size <= 260 * 1024)
      local second, count = start()
      assert.equal(1, count)
      assert.equal("192.0.2.1", second:address("kept.test."))
    end)

    it("keeps the file and its folder to the owner", function()
      make_file()
      assert.equal(tonumber("600", 8), mode_of(path))
      assert.equal(tonumber("700", 8), mode_of(folder .. "/state"))
    end)
  end)

  describe("flushing", function()
    local function survivors(filter, interface)
      local first = start { strategies = { MINE, OTHER } }
      first:put(a("a.example."))
      first:put(a("www.a.example."), { strategy = OTHER })
      first:put(a("b.example."), { interface = 1 }, "lo")
      first:put(core.answer.build("a.example.", "AAAA", { "2001:db8::1" }, 300))
      first:flush(filter, interface)
      assert.is_true(first:close())
      os.execute(("mv %s %s/moved"):format(path, folder))
      local second = start { strategies = { MINE, OTHER }, path = folder .. "/moved" }
      local list = {}
      for i, row in ipairs(second.cache:list(NOW)) do
        list[i] = row.name .. row.type
      end
      table.sort(list)
      os.remove(folder .. "/moved")
      return table.concat(list, " ")
    end

    it("reaches the file, for whatever a filter can say", function()
      assert.equal("", survivors(nil))
      assert.equal("", survivors {})
      assert.equal("b.example.A www.a.example.A", survivors { name = "a.example" })
      assert.equal("b.example.A", survivors { suffix = "a.example" })
      assert.equal("a.example.AAAA", survivors { type = "A" })
      local others = "a.example.A a.example.AAAA b.example.A"
      assert.equal(others, survivors { strategy = OTHER })
      assert.equal("www.a.example.A", survivors { strategies_but = { OTHER } })
      local elsewhere = "a.example.A a.example.AAAA www.a.example.A"
      assert.equal(elsewhere, survivors({ interface = 1 }, "lo"))
      assert.equal(elsewhere, survivors { interface = 77 })
      assert.equal(others .. " www.a.example.A", survivors { older_than = 60 })
    end)

    it("reaches one purpose of a name", function()
      local first = start()
      for purpose = 0, 2 do
        first:put(a("p.example.", 300, "192.0.2." .. purpose + 1), { purpose = purpose })
      end
      first:flush { name = "p.example.", purpose = 0 }
      first:flush { purpose = 2 }
      assert.is_true(first:close())
      local rows = (start()).cache:list(NOW)
      assert.same({ 1, 1 }, { #rows, rows[1].purpose })
    end)

    it("was lost when it was closed before it had loaded", function()
      local first = start()
      for i = 1, 3000 do
        first:put(a(("n%d.example."):format(i)))
      end
      first:put(a("kept.test."))
      first:close()
      local second = open()
      second:flush { suffix = "example." }
      second:put(a("new.test."))
      assert.is_true(second:close())
      local third, count = start()
      assert.equal(2, count)
      assert.equal("192.0.2.1", third:address("new.test."))
    end)

    it("was lost when it was closed while the file was full", function()
      local first = start { bytes = 256 * 1024 }
      first:put(a("gone.test."))
      assert.is_true(first:close())
      local second = start { size = 2 * 1024 * 1024, bytes = 256 * 1024 }
      for i = 1, 8000 do
        second:put(a(("n%d.example."):format(i)))
      end
      second:flush { name = "gone.test." }
      second:close()
      assert.is_false((start()):address("gone.test."))
    end)

    it("keeps what is put after it", function()
      local first = start()
      first:put(a("a.example.", 300, "192.0.2.1"))
      first:flush { name = "a.example." }
      first:put(a("a.example.", 300, "192.0.2.2"))
      first:close()
      assert.equal("192.0.2.2", (start()):address("a.example."))
    end)

    it("holds for what is only just being loaded", function()
      local first = start()
      for i = 1, 3000 do
        first:put(a(("n%d.example."):format(i)))
      end
      first:close()
      local second = open()
      second:flush { suffix = "example." }
      second:await("loaded")
      assert.equal(0, #second.cache:list(NOW))
      second:close()
      assert.equal(0, (select(2, start())))
    end)
  end)

  describe("with a file that it cannot use", function()
    local function begin_anew(damage)
      make_file()
      damage()
      local second = open()
      local text = second:await("aside")
      assert.is_truthy(text:find(path .. ".damaged", 1, true), text)
      assert.is_not_nil(uv.fs_stat(path .. ".damaged"))
      second:await("loaded")
      second:put(a("new.example."))
      assert.is_true(second:close())
      assert.equal("192.0.2.1", (start()):address("new.example."))
    end

    local function overwrite(at, bytes)
      local file = assert(io.open(path, "r+b"))
      file:seek("set", at)
      file:write(bytes)
      file:close()
    end

    it("sets garbage aside", function()
      begin_anew(function()
        shell.write(path, ("no database at all"):rep(1000))
      end)
    end)

    it("sets nothing but zeros aside", function()
      begin_anew(function()
        shell.write(path, ("\0"):rep(16384))
      end)
    end)

    it("sets a truncated one aside", function()
      begin_anew(function()
        os.execute("truncate -s 9000 " .. path)
      end)
    end)

    it("sets one aside whose pages point elsewhere", function()
      begin_anew(function()
        overwrite(8192, ("\255"):rep(8192))
      end)
    end)

    it("sets one aside whose entries were changed", function()
      begin_anew(function()
        local text = shell.read(path)
        local at = assert(text:find("\192\000\002\001", 1, true))
        while at do
          overwrite(at - 1, "\198")
          at = text:find("\192\000\002\001", at + 1, true)
        end
      end)
    end)

    it("takes an empty one as new", function()
      make_file()
      os.execute("truncate -s 0 " .. path)
      local _, count = start()
      assert.equal(0, count)
    end)

    it("survives any byte of it being another", function()
      local first = start()
      for i = 1, 150 do
        first:put(a(("n%d.example."):format(i)))
      end
      first:close()
      local whole = shell.read(path)
      local random = 42
      for _ = 1, 60 do
        random = (random * 48271) % 2147483647
        local bytes = {}
        for i = 1, 8 do
          bytes[i] = string.char((random * i) % 256)
        end
        shell.write(path, whole)
        overwrite(random % (#whole - 8), table.concat(bytes))
        local one = open()
        one:await("loaded")
        for _, row in ipairs(one.cache:list(NOW)) do
          assert.equal("192.0.2.1", one:address(row.name))
        end
        one:put(a("new.example."))
        assert.is_true(one:close())
      end
    end)

    it("goes without while another has it, and takes over later", function()
      local first = start()
      first:put(a("a.example."))
      local second = open()
      local text = second:await("problem")
      assert.is_truthy(text:find("another process has it", 1, true), text)
      second:put(a("b.example."))
      first:close()
      -- a flush is not left waiting
      second:flush { name = "c.example." }
      second:await("loaded")
      assert.equal("192.0.2.1", second:address("a.example."))
      until_stats(second, function(stats)
        return stats.entries == 2
      end)
      assert.is_true(second:close())
      local third = start()
      assert.equal("192.0.2.1", third:address("a.example."))
      assert.equal("192.0.2.1", third:address("b.example."))
    end)

    describe("written anew from the cache", function()
      --- What `fill` puts while there is no file, as a restart brings it back 20 s later.
      local function written_anew(fill)
        local first, second = start(), open { stale = 3600 }
        second:await("problem")
        fill(second)
        first:close()
        second:flush { name = "c.example." }
        second:await("loaded")
        until_stats(second, function(stats)
          return stats.entries > 0
        end)
        assert.is_true(second:close())
        return (start({ stale = 3600 }, 20e3))
      end

      it("brought back as fresh what had been made to run out", function()
        local third = written_anew(function(one)
          for i = 0, 1 do
            local name = ("gone%d.example."):format(i)
            one:put(a(name))
            one.cache:expire(NOW + i * 10e3, { name = name })
          end
        end)
        for i = 0, 1 do
          local name = ("gone%d.example."):format(i)
          assert.is_false(third:address(name))
          assert.equal("192.0.2.1", third:address(name, true))
        end
      end)

      it("forgot over which interface, that is gone now, an answer came", function()
        local third = written_anew(function(one)
          one:put(a("a.example."), { interface = 999999 }, "gone0")
          one:put(a("b.example."))
        end)
        assert.equal("192.0.2.1", third:address("b.example."))
        assert.is_false(third:address("a.example."))
      end)

      it("lost a denial behind an alias that bears no TTL of its own", function()
        local alias = core.answer.scrub(core.wire.encode {
          response = true,
          questions = { { name = "d.example.", type = "A" } },
          answers = { { name = "d.example.", type = "CNAME", ttl = 60, data = "b.example." } },
        })
        local third = written_anew(function(one)
          one:put(alias, { min_ttl = 50 })
        end)
        assert.equal(30, (select(2, third.cache:get("d.example.", A, NOW))))
      end)
    end)

    it("brought back what the cache was told to forget a moment after the file", function()
      local first, second = start(), open()
      second:await("problem")
      second:put(a("gone.example."))
      first:close()
      second.store:flush(NOW, { name = "gone.example." })
      second:await("loaded")
      until_stats(second, function(stats)
        return stats.batches > 0
      end)
      uv.sleep(50)
      second.cache:flush(NOW, { name = "gone.example." })
      second:close()
      assert.is_false((start()):address("gone.example."))
    end)

    it("goes without when there is no way to the folder", function()
      shell.write(folder .. "/state", "a file")
      local one = open()
      local text = one:await("problem")
      assert.is_truthy(text:find(folder .. "/state", 1, true), text)
      one:put(a("a.example."))
      assert.equal("192.0.2.1", one:address("a.example."))
      assert.is_false(one:close())
    end)

    it("goes without when the path is a folder", function()
      local one = open { path = folder }
      assert.is_truthy(one:await("problem"):find("directory", 1, true))
    end)
  end)

  it("looked into a cache that was gone, when it was closed without patience", function()
    local first = start()
    for i = 1, 5000 do
      first:put(a(("n%d.example."):format(i)))
    end
    first:close()
    shell.write(folder .. "/code.lua", IMPATIENT:format(path))
    local lua_path, cpath = shell.quote(package.path), shell.quote(package.cpath)
    local words = "LUA_PATH=%s LUA_CPATH=%s luajit %s/code.lua 2>&1"
    local output = assert(io.popen(words:format(lua_path, cpath, folder)))
    assert.equal("alive\n", output:read("*a"))
    output:close()
  end)

  it("is refused wrong arguments where they are given", function()
    local one = start()
    assert.has_error(function()
      one.store:put("no packet", NOW)
    end)
    assert.same({ nil, "malformed packet", "EFORMAT" }, { one.store:put("no packet", NOW, {}) })
    assert.has_error(function()
      store.open({ path = 7 }, one.cache)
    end, "path: expected a string, got number")
    assert.has_error(function()
      store.open { path = path }
    end)
    one.store:close()
    assert.has_error(function()
      one.store:stats()
    end)
  end)
end)
