--- Programs that watch a host of the link: what is said on the wire and when, and what a resolver
--- makes of it and when. Times are of the monotonic clock, which all hosts share.

local mdns_watch = require("support.mdns_watch")
local uv = require("luv")

local observe = {}

local SAID = [[
watch(function(message, from, ms)
  for _, record in ipairs(message.response and message.answers or {}) do
    if record.name == "NAME" and record.type == "A" then
      print(("said %s %d %.3f"):format(record.data, record.ttl, ms))
    end
  end
end)
print "ready"
]]

-- Watches the name, and asks for it again and again, past the cache.

local SEEN = [[
io.stdout:setvbuf("no")
local uv = require "luv"
local mlx = require "mlxresolve"
local function now() return uv.hrtime() / 1e6 end
local policy = mlx.policy { strategies = { mlx.use("mdns", { timeout = "100ms", cache = false }) } }
local resolver = assert(mlx.open(policy))
resolver:watch("NAME", function(event)
  if event.family == "ipv4" then
    local kind = event.kind == "moved" and "added" or event.kind
    print(("told %s %s %.3f"):format(kind, event.address, now()))
  end
end)
local known = {}
local function ask()
  resolver:resolve("NAME", { type = "A" }, function(result)
    local found = {}
    for _, entry in ipairs(result and result.addresses or {}) do
      found[entry.address] = true
    end
    if not next(found) then found.none = true end
    for address in pairs(found) do
      if not known[address] then print(("found %s %.3f"):format(address, now())) end
    end
    known = found
    local timer = uv.new_timer()
    timer:start(2, 0, function() timer:close() ask() end)
  end)
end
ask()
uv.run()
]]

local function start(net, host, argv)
  return net:spawn(host, argv)
end

--- Prints "said ADDRESS TTL MS" for what is said of a name.
---@param net support.Lan
---@param host string
---@param name string
---@return support.LanProcess
function observe.wire(net, host, name)
  local process = start(net, host, mdns_watch.argv((SAID:gsub("NAME", name))))
  process:wait_for("ready")
  return process
end

--- Prints "told KIND ADDRESS MS" for what a subscriber is told, and "found ADDRESS MS" for what a
--- query gets and the one before did not. What moved is told as added: whether the old address
--- ends at once depends on when it was said last (RFC 6762 section 10.2).
---@param net support.Lan
---@param host string
---@param name string
---@return support.LanProcess
function observe.resolver(net, host, name)
  local paths = { "LUA_PATH=" .. package.path, "LUA_CPATH=" .. package.cpath }
  local code = SEEN:gsub("NAME", name)
  return start(net, host, { "env", paths[1], paths[2], "luajit", "-e", code })
end

--- The ms of the first line from byte `from` on that begins so.
---@param process support.LanProcess
---@param line string  plain, such as "told moved 10.99.0.77 "
---@param from integer?
---@return number|nil ms
function observe.at(process, line, from)
  local text = process:output()
  local _, stop = text:find("\n" .. line, math.max(1, (from or 1) - 1), true)
  return stop and tonumber(text:match("^[%d.]+", stop + 1))
end

--- Waits for that; raises with what was printed when it does not come.
---@param process support.LanProcess
---@param line string
---@param from integer
---@param seconds number?  5
---@return number ms
function observe.await(process, line, from, seconds)
  local give_up = uv.hrtime() + (seconds or 5) * 1e9
  repeat
    local ms = observe.at(process, line, from)
    if ms then
      return ms
    end
    uv.sleep(5)
  until uv.hrtime() > give_up
  error(("'%s' was not seen, but:\n%s"):format(line, process:output():sub(from)), 2)
end

return observe
