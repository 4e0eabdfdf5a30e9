--- The library in other people's programs: the same module in plain luajit and in Neovim, with
--- every way of ending, under valgrind too.

local netns = require("support.netns")
local shell = require("support.shell")

-- What the programs share. `answering` is a DNS server on the program's own loop, `silent` one
-- that never answers; both go with `quit`.
local PRELUDE = [[
local mlx = require "mlxresolve"
local uv = require "luv"
local reply = require "support.reply"
local is_neovim = vim ~= nil

local function say(...)
  local words = { ... }
  for i = 1, select("#", ...) do words[i] = tostring(words[i]) end
  io.stdout:write(table.concat(words, " "), "\n")
  io.stdout:flush()
end

local function wait_until(is_done)
  if is_neovim then
    if not vim.wait(8000, is_done, 2) then say "waited in vain" end
    return
  end
  -- It ticks, since a round of the loop that began with a timer's callback may sleep after it.
  local guard, ticks = uv.new_timer(), 0
  guard:start(2, 2, function()
    ticks = ticks + 1
    if ticks == 4000 then say "waited in vain" os.exit(1) end
  end)
  while not is_done() do uv.run "once" end
  guard:close()
  uv.run "nowait" -- a handle that is half closed at the end is the end of luv 1.44
end

local function descriptors()
  local request, n = assert(uv.fs_scandir "/proc/self/fd"), 0
  while uv.fs_scandir_next(request) do n = n + 1 end
  return n
end

-- The handles of the loop that are open. Neovim's luv aborts when its loop is walked.
local function handles()
  local n = 0
  if not is_neovim then
    uv.walk(function(handle) if not handle:is_closing() then n = n + 1 end end)
  end
  return n
end

local answering, silent = uv.new_udp(), uv.new_udp()
answering:bind("127.0.0.1", 0)
silent:bind("127.0.0.1", 0)
answering:recv_start(function(_, query, peer)
  if query then
    answering:try_send(reply.to(query, { address = "192.0.2.53" }), peer.ip, peer.port)
  end
end)

local function open(server, options)
  local endpoint = "127.0.0.1:" .. server:getsockname().port
  return assert(mlx.open(mlx.policy {
    deadline = "5s",
    strategies = {
      mlx.use "literal",
      mlx.use "localhost",
      mlx.use("mdns", { zones = { "local" }, timeout = "3s" }),
      mlx.use("native", { zones = { "system" } }),
      mlx.use("dns", { servers = { endpoint }, attempt = "4s" }),
    },
    reactions = { mlx.use "flush" },
  }, options))
end

local function quit()
  answering:close()
  silent:close()
  if not is_neovim then uv.run "nowait" end
end
]]

local folder

local HOSTS = {
  luajit = function(file)
    return { "luajit", file }
  end,
  nvim = function(file)
    return {
      "nvim",
      "-u",
      "NONE",
      "-i",
      "NONE",
      "--headless",
      "+luafile " .. file,
      "+qa",
    }
  end,
  valgrind = function(file)
    return {
      "valgrind",
      "-q",
      "--error-exitcode=99",
      "--leak-check=full",
      "--show-leak-kinds=definite",
      "--errors-for-leak-kinds=none",
      "--keep-debuginfo=yes",
      "luajit",
      file,
    }
  end,
}

--- What valgrind says of memory that the module lost. A lookup that is abandoned at the end keeps
--- what the C library had allocated for it.
local function losses(report)
  local list = {}
  for block in (report .. "\n"):gmatch("(==%d+== [^\n]*definitely lost.-)\n==%d+== \n") do
    local is_ours = block:find("mlxresolve.so", 1, true) or block:find("mlxr_", 1, true)
    if is_ours and not block:find("getaddrinfo", 1, true) then
      list[#list + 1] = block
    end
  end
  return table.concat(list, "\n")
end

--- Runs a program in a host; its output.
local function run(host, program)
  local file = folder .. "/program.lua"
  shell.write(file, PRELUDE .. program)
  local done = netns.exec(HOSTS[host](file), {
    env = { HOME = folder, XDG_DATA_HOME = folder, XDG_STATE_HOME = folder },
    timeout = host == "valgrind" and 60 or 20,
  })
  assert.equal(0, done.code, done.out .. done.err:sub(1, 4000))
  if host == "nvim" then
    assert.equal("", done.err)
  elseif host == "valgrind" then
    assert.equal("", losses(done.err))
  end
  return done.out
end

-- `is_plain`: not worth the time under valgrind.
local programs = {
  {
    is_plain = true,
    title = "resolves with a callback, never before the call returned",
    program = [[
      local resolver, has_returned = open(answering), false
      local closed = false
      resolver:resolve("www.example", { type = "A" }, function(result, message)
        say(has_returned, result and result.addresses[1].address or message)
        if is_neovim then say("fast", vim.in_fast_event()) end
        resolver:close(function() closed = true end)
      end)
      has_returned = true
      wait_until(function() return closed end)
      quit()]],
    out = "true 192.0.2.53\n",
    nvim = "true 192.0.2.53\nfast true\n",
  },
  {
    title = "resolves inside a coroutine",
    program = [[
      local resolver, closed = open(answering), false
      coroutine.wrap(function()
        for _, name in ipairs { "192.0.2.1", "localhost", "www.example", "www.example" } do
          local result = assert(resolver:resolve(name, { types = { "A" } }))
          say(result.addresses[1].address, result.addresses[1].strategy, result.cached)
        end
        local result, message, code = resolver:resolve("nobody.local", { timeout = "50ms" })
        say(result, code)
        resolver:close(function() closed = true end)
      end)()
      wait_until(function() return closed end)
      quit()]],
    out = "192.0.2.1 literal false\n127.0.0.1 localhost false\n192.0.2.53 dns false\n"
      .. "192.0.2.53 dns true\nnil ETIMEOUT\n",
  },
  {
    is_plain = true,
    title = "keeps several resolvers apart",
    program = [[
      local first, second = open(answering), open(silent)
      local answers, closed = 0, 0
      first:resolve("www.example", { type = "A" }, function(result)
        answers = answers + 1
        say("first", result.addresses[1].address)
        first:close(function() closed = closed + 1 end)
        second:resolve("www.example", { type = "A", timeout = "100ms" }, function(_, _, code)
          say("second", code)
          second:close(function() closed = closed + 1 end)
        end)
      end)
      wait_until(function() return closed == 2 end)
      quit()]],
    out = "first 192.0.2.53\nsecond ETIMEOUT\n",
  },
  {
    title = "calls back once when a request is cancelled",
    program = [[
      local resolver, calls, closed = open(silent), 0, false
      local has_returned = false
      local request
      request = resolver:resolve("www.example", {}, function(result, message, code)
        calls = calls + 1
        say(has_returned, result, message, code)
        request:cancel()
        resolver:close(function() closed = true end)
      end)
      local timer = uv.new_timer()
      timer:start(20, 0, function()
        timer:close()
        request:cancel()
        request:cancel()
        has_returned = true
      end)
      wait_until(function() return closed end)
      say(calls)
      quit()]],
    out = "true nil cancelled ECANCELED\n1\n",
  },
  {
    title = "cancels what is under way when it is closed",
    program = [[
      local resolver, calls, closed = open(silent), 0, false
      for _, name in ipairs { "a.example", "b.local", "c.system" } do
        resolver:resolve(name, { type = "A" }, function(_, _, code)
          calls = calls + 1
          say(code)
        end)
      end
      local timer = uv.new_timer()
      timer:start(20, 0, function()
        timer:close()
        resolver:close(function() closed = true end)
        resolver:close()
      end)
      wait_until(function() return closed end)
      local late
      resolver:resolve("d.example", function(_, _, code) late = code end)
      wait_until(function() return calls == 3 end)
      say(calls)
      quit()]],
    -- there is no network, so that the native lookup may end before it is cancelled
    matches = "^E%u+\nE%u+\nE%u+\n3\n$",
  },
  {
    title = "leaves no handle and no descriptor behind when it is closed",
    program = [[
      local function use()
        local resolver, closed, asked = open(answering), false, 0
        for _, name in ipairs { "a.example", "b.local", "localhost" } do
          resolver:resolve(name, { timeout = "100ms" }, function() asked = asked + 1 end)
        end
        wait_until(function() return asked == 3 end)
        resolver:close(function() closed = true end)
        wait_until(function() return closed end)
        if not is_neovim then for _ = 1, 3 do uv.run "nowait" end
        else vim.wait(20) end
      end
      use() -- what is loaded and opened once for all
      collectgarbage() collectgarbage()
      local before = { handles(), descriptors() }
      for _ = 1, 5 do use() end
      collectgarbage() collectgarbage()
      say(handles() - before[1], descriptors() - before[2])
      quit()]],
    out = "0 0\n",
  },
  {
    title = "lets its host end with queries in flight",
    program = [[
      local resolver = open(silent)
      for _, name in ipairs { "a.example", "b.local", "c.system" } do
        resolver:resolve(name, function() say "called back" end)
      end
      local is_time = false
      local timer = uv.new_timer()
      timer:start(30, 0, function() is_time = true timer:close() end)
      wait_until(function() return is_time end)
      say "bye"]],
    out = "bye\n",
  },
  {
    title = "lets its host end before the loop ran at all",
    program = [[
      local resolver = open(silent)
      resolver:resolve("a.example", function(result) say("called back", result) end)
      local second = open(silent)
      second:resolve("b.local", function(result) say("called back", result) end)
      second:close()
      say "bye"]],
    out = "bye\n",
    nvim = "bye\ncalled back nil\n", -- it runs its loop once more
  },
  {
    title = "lets its host end without closing it",
    program = [[
      local resolver, is_done = open(answering), false
      resolver:resolve("a.example", function() is_done = true end)
      wait_until(function() return is_done end)
      say "bye"]],
    out = "bye\n",
  },
  {
    title = "lets its host end right after closing it",
    program = [[
      local resolver, is_done = open(answering), false
      resolver:resolve("a.example", function()
        resolver:resolve("b.local", function() end)
        resolver:close()
        is_done = true
      end)
      wait_until(function() return is_done end)
      say "bye"]],
    out = "bye\n",
  },
  {
    title = "serves DNS inside its host, and frees the port",
    program = [[
      local resolver, closed, got = open(answering, { serve = true, listen = { "127.0.0.1:0" } })
      local port = tonumber(resolver:status().listen[1]:match ":(%d+)$")
      local client = uv.new_udp()
      client:recv_start(function(_, packet)
        if packet then
          client:close()
          say(#packet > 12)
          resolver:close(function() closed = true end)
        end
      end)
      client:send("\1\1\1\0\0\1\0\0\0\0\0\0\3www\7example\0\0\1\0\1", "127.0.0.1", port)
      wait_until(function() return closed end)
      local again = uv.new_udp()
      say(again:bind("127.0.0.1", port))
      again:close()
      quit()]],
    out = "true\n0\n",
  },
}

for _, host in ipairs { "luajit", "nvim", "valgrind" } do
  describe("the library in " .. (host == "valgrind" and "luajit under valgrind" or host), function()
    local is_there = os.execute(("command -v %s >/dev/null"):format(host)) == 0
    before_each(function()
      folder = shell.temp_folder()
    end)
    after_each(function()
      shell.remove_folder(folder)
    end)

    local function check(case)
      local out = run(host, case.program)
      if case.matches then
        assert.matches(case.matches, out)
      else
        assert.equal(case[host] or case.out, out)
      end
    end

    for _, case in ipairs(programs) do
      if not (host == "valgrind" and case.is_plain) then
        it(case.title, function()
          if not is_there then
            return pending(host .. " is not installed")
          end
          check(case)
        end)
      end
    end
  end)
end
