local core = require("mlxresolve.core")
local front_rig = require("support.front")
local http = require("mlxresolve.http")
local shell = require("support.shell")
local uv = require("luv")

local function close_when_collected(object, on_close)
  local proxy = newproxy(true)
  getmetatable(proxy).__gc = function()
    object:close()
    on_close()
  end
end

--- Steps `object` while a finalizer closes it in the midst of the batch.
local function step_while_closing(object)
  local batch, is_closed = {}, false
  local pause, multiplier = collectgarbage("setpause", 0), collectgarbage("setstepmul", 0)
  collectgarbage()
  collectgarbage()
  close_when_collected(object, function()
    is_closed = true
  end)
  local ok, items = pcall(object.step, object, core.now(), batch)
  local was_within = is_closed
  collectgarbage("setpause", pause)
  collectgarbage("setstepmul", multiplier)
  assert(ok, items)
  assert.is_true(was_within, "the finalizer did not run while results were pushed")
  assert.has_error(function()
    object:step(core.now(), batch)
  end)
  object:close()
  return items, batch
end

local function wait_readable(object)
  local is_ready, poll = false, uv.new_poll(object:fd())
  poll:start("r", function()
    is_ready = true
  end)
  local guard = uv.new_timer()
  guard:start(5000, 0, function() end)
  while not is_ready and guard:is_active() do
    uv.run("once")
  end
  poll:close()
  guard:close()
  uv.run("nowait")
end

describe("core.bind: an object that a finalizer closes while it is stepped", function()
  it("hands over its datagrams", function()
    local socket = assert(core.udp.open { bind = "127.0.0.1:0" })
    for i = 1, 40 do
      assert(socket:send(("%04d"):format(i):rep(500), socket:address()))
    end
    local items, batch = step_while_closing(socket)
    assert.equal(40, items)
    assert.equal(("0040"):rep(500), batch[39 * 6 + 1])
  end)

  it("hands over its questions", function()
    local rig = front_rig.open()
    local client = uv.new_udp()
    local host, port = rig.endpoint:match("^(.*):(%d+)$")
    for i = 1, 40 do
      client:try_send(front_rig.query(("a%d.test."):format(i)), host, tonumber(port))
    end
    assert.is_true(rig:await_stat("misses", 40))
    local items, batch = step_while_closing(rig.front)
    assert.equal(40, items)
    assert.equal("a40.test.", batch[39 * 3 + 2])
    client:close()
  end)

  it("hands over the answers of servers", function()
    local rig = front_rig.open()
    local upstream = assert(core.upstream.open {})
    local server = assert(upstream:server(rig.endpoint))
    for i = 1, 40 do
      local name = ("a%d.test."):format(i)
      rig:put(name, "A", { "192.0.2.1", "192.0.2.2", "192.0.2.3" })
      assert(upstream:ask(server, name, 1, 5000, core.now()))
    end
    upstream:flush(core.now())
    assert.is_true(rig:await_stat("replies", 40))
    local items, batch = step_while_closing(upstream)
    assert.is_true(items >= 1)
    assert.same({ "192.0.2.1", "192.0.2.2", "192.0.2.3" }, (core.answer.data(batch[3])))
    rig:close()
  end)

  it("hands over the addresses of the system's resolver", function()
    local native = assert(core.native.open())
    for i = 1, 20 do
      local now = core.now()
      assert(native:ask("127.0.0." .. i, 4, now - 1, now)) -- each ends at the first step
    end
    assert.equal(20, (step_while_closing(native)))
  end)

  it("hands over the requests of clients", function()
    local folder = shell.temp_folder()
    local server = assert(http.open { path = folder .. "/socket" })
    local pipe = uv.new_pipe(false)
    pipe:connect(folder .. "/socket", function()
      pipe:write("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 40000\r\n\r\n" .. ("b"):rep(40000))
    end)
    wait_readable(server)
    local items, batch = step_while_closing(server)
    assert.equal(1, items)
    assert.equal(("b"):rep(40000), batch[5])
    pipe:close()
    uv.run("nowait")
    shell.remove_folder(folder)
  end)
end)

describe("core.bind: a method", function()
  local cache, upstream

  before_each(function()
    cache = core.cache.new { size = 65536 }
    upstream = assert(core.upstream.open())
  end)

  after_each(function()
    upstream:close()
  end)

  local function assert_refused(object)
    for _, method in ipairs { cache.stats, cache.put, upstream.stats, upstream.flush } do
      local ok, message = pcall(method, object, 1, 1, {})
      assert.is_false(ok)
      assert.truthy(message:find("bad argument #1", 1, true), message)
    end
  end

  it("refuses what is no object", function()
    assert_refused(nil)
    assert_refused(7)
    assert_refused("cache")
    assert_refused {}
    assert_refused(newproxy(true))
  end)

  it("refuses a table that took on the class of an object", function()
    for _, class in ipairs { getmetatable(cache), getmetatable(upstream) } do
      assert_refused(setmetatable({}, class))
    end
  end)

  it("refuses an object of another class", function()
    assert.has_error(function()
      cache.stats(upstream)
    end)
    assert.has_error(function()
      upstream.stats(cache)
    end)
  end)
end)
