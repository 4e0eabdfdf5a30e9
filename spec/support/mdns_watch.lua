--- For programs on a host of a test network: what is said on the link, as it is said. Run with
--- `lan:spawn(host, { …, "luajit", "-e", mdns_watch.source(code) })`; `code` sees `watch(fn)` with
--- fn(message, from, ms), `ask(list of { name, type })`, `now()` in ms of the monotonic clock and
--- `stop()`.

local mdns_watch = {}

local PRELUDE = [[
io.stdout:setvbuf("no")
local core = require "mlxresolve.core"
local uv = require "luv"
local world = require("mlxresolve.world.real").new()
local scheduler = require("mlxresolve.scheduler").new(world)
local index
for _, interface in ipairs(world:interfaces()) do
  if interface.name == "eth0" then index = interface.index end
end
local on_message
local socket = assert(world:udp({ bind = "0.0.0.0:5353", share = true, multicast = true },
  function(data, from)
    local message = core.wire.decode(data)
    if message and on_message then on_message(message, from, uv.hrtime() / 1e6) end
  end))
assert(socket:join("224.0.0.251", index))
local function now() return uv.hrtime() / 1e6 end
local function watch(fn) on_message = fn end
local function ask(list, fields)
  local message = fields or {}
  message.questions = {}
  for i, one in ipairs(list) do
    message.questions[i] = { name = one[1], type = one[2], class = "IN" }
  end
  assert(socket:send(assert(core.wire.encode(message)), "224.0.0.251:5353", index))
end
local alive = uv.new_timer()
alive:start(1000, 1000, function() end)
local function stop() alive:close() world:close() world:stop() end
]]

---@param code string
---@return string[] argv
function mdns_watch.argv(code)
  return {
    "env",
    "LUA_PATH=" .. package.path,
    "LUA_CPATH=" .. package.cpath,
    "luajit",
    "-e",
    PRELUDE .. code .. "\nworld:loop()\n",
  }
end

local ASK = [[
local core = require "mlxresolve.core"
local world = require("mlxresolve.world.real").new()
local scheduler = require("mlxresolve.scheduler").new(world)
local engine = require("mlxresolve.mdns.engine").new { world = world, scheduler = scheduler }
local function ask(name, type)
  local packet = engine:ask(name, core.wire.type_number(type), { timeout = 600 })
  return packet and core.answer.data(packet) or {}
end
scheduler.on_error = function(_, problem) io.stderr:write(problem, "\n") os.exit(1) end
scheduler:spawn(function()
  CODE
  engine:close()
  world:close()
end)
world:loop()
]]

--- A program for `lan:lua` whose `code` asks afresh, in a task: `ask(name, type)` gives a list of
--- data, empty when nobody answers.
---@param code string
---@return string
function mdns_watch.asking(code)
  return (ASK:gsub("CODE", function()
    return code
  end))
end

return mdns_watch
