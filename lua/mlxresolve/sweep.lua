--- A look around on the attached links for a host that proves who it is: neighbours first, then
--- those whom a knock wakes. What may be looked at is decided in `sweep/targets.lua`; the bounds
--- here hold whatever a plugin asks for.
---
--- A knock is an empty datagram: before the kernel can send it, it has to ask the link who has the
--- address, and whoever answers that stands in the neighbour table. Where nobody answers, kernels
--- ask two or three times, a second apart.

local gates = require("mlxresolve.sweep.gate")
local group = require("mlxresolve.group")
local sockets = require("mlxresolve.sockets")
local targets = require("mlxresolve.sweep.targets")
local TIMEOUT = require("mlxresolve.scheduler").TIMEOUT

local MAX_RATE = 64 -- knocks a second, of all sweeps
local MAX_ADDRESSES = 1024
local AT_ONCE = 8 -- candidates that are checked side by side
local DISCARD = 9
local LOOK = 100 -- ms between two looks at the neighbour table
local SETTLE = 1000 -- ms after the last knock in which somebody may still answer
local MARGIN = 50 -- ms before the caller's deadline, in which to tell what has been done
local REASONS = 3 -- told of those who were refused

local sweep = {}

---------------------------------------------------------------- candidates

local function forget_idle(state, task)
  state.idle[task] = nil
end

local function wake_idle(state)
  for task in pairs(state.idle) do
    task:wake()
  end
  state.idle = {}
end

--- Puts neighbours that are new into the queue.
local function look_around(state)
  local world = state.runtime.world
  for _, target in ipairs(targets.neighbours(state.links, world:neighbours(), state.options)) do
    local address = target.address
    if not state.seen[address] and state.candidates < MAX_ADDRESSES then
      state.seen[address] = true
      state.candidates = state.candidates + 1
      state.queue[#state.queue + 1] = target
    end
  end
  if #state.queue > 0 then
    wake_idle(state)
  end
end

local function next_candidate(state)
  local scheduler = state.runtime.scheduler
  while #state.queue == 0 do
    if state.is_complete then
      return nil
    end
    state.idle[scheduler.running] = true
    scheduler:wait(forget_idle, state, scheduler.running)
  end
  return table.remove(state.queue, 1)
end

local function note_rejected(state, target, reason)
  local kind = reason and "refused" or "unknown"
  state[kind] = state[kind] + 1
  if reason and #state.reasons < REASONS then
    state.reasons[#state.reasons + 1] = ("%s: %s"):format(target.address, reason)
  end
end

--- Checks candidates until one is found or there will be no more.
local function work(state)
  while true do
    local target = next_candidate(state)
    if not target then
      return nil
    end
    local found, reason = state.check(target.address, target.index)
    if found then
      state.queue = {}
      return target
    end
    note_rejected(state, target, reason)
  end
end

---------------------------------------------------------------- knocking

local function knock(state, socket, target)
  state.gate:pace(state.runtime.scheduler, target.address, state.rate)
  state.knocks = state.knocks + 1
  local ok, message = socket:send("", target.address .. ":" .. state.port, target.index)
  state.problem = state.problem or (not ok and message)
end

local function knock_at_all(state, list)
  local runtime = state.runtime
  local scheduler = runtime.scheduler
  local socket, message = sockets.udp(scheduler, runtime.world, { bind = "0.0.0.0:0" })
  if not socket then
    state.problem = message
    return
  end
  scheduler:own(socket)
  local looked = scheduler:now()
  for _, target in ipairs(list) do
    if not state.seen[target.address] then
      knock(state, socket, target)
    end
    if scheduler:now() - looked >= LOOK then
      looked = scheduler:now()
      look_around(state)
    end
  end
  for _ = 1, SETTLE / LOOK do
    scheduler:sleep(LOOK)
    look_around(state)
  end
end

--- Finds candidates for the workers; ends when there will be no more.
local function produce(state)
  look_around(state)
  if #state.addresses > 0 then
    knock_at_all(state, state.gate:order(state.runtime.world, state.addresses))
  end
  state.is_complete = true
  wake_idle(state)
end

---------------------------------------------------------------- the whole

--- What has been done, for the trace.
local function report(state)
  if state.is_waiting then
    return "waited for another scan"
  end
  local text = ("%d candidates, %d refused, %d unknown"):format(
    state.candidates,
    state.refused,
    state.unknown
  )
  if #state.addresses > 0 then
    text = ("%s, %d of %d addresses knocked at"):format(text, state.knocks, #state.addresses)
  end
  local parts = { text, unpack(state.reasons) }
  parts[#parts + 1] = state.problem or nil
  return table.concat(parts, "; ")
end

--- What there is to look at.
local function take_stock(state)
  local world, options = state.runtime.world, state.options
  local networks = options.networks
  state.links = targets.links(world:interfaces(), networks)
  local is_one_machine = options.address or options.mac
  if networks and options.family == "ipv4" and not is_one_machine then
    state.addresses = targets.addresses(state.links, state.limit)
  end
end

local function look(state)
  local scheduler, options = state.runtime.scheduler, state.options
  state.gate:take_turn(scheduler)
  state.is_waiting = false
  if options.key then
    state.entry = state.gate:note_start(options.key, scheduler:now(), options.pause)
  end
  take_stock(state)
  local functions = {
    function()
      return produce(state)
    end,
  }
  for i = 2, AT_ONCE + 1 do
    functions[i] = function()
      return work(state)
    end
  end
  return (group.race(scheduler, functions))
end

local function new_state(runtime, options, check)
  runtime.sweeps = runtime.sweeps or gates.new()
  return {
    runtime = runtime,
    gate = runtime.sweeps,
    options = options,
    check = check,
    rate = math.max(0.1, math.min(options.rate or MAX_RATE, MAX_RATE)),
    limit = math.min(options.limit or MAX_ADDRESSES, MAX_ADDRESSES),
    port = options.port or DISCARD,
    links = {},
    addresses = {},
    queue = {},
    idle = {},
    seen = {},
    reasons = {},
    candidates = 0,
    refused = 0,
    unknown = 0,
    knocks = 0,
    problem = false,
    entry = false,
    is_waiting = true,
    is_complete = false,
  }
end

--- The result of a look that found nobody, remembered under its key.
local function fail(state)
  local message = report(state)
  local is_done = state.is_complete and state.refused + state.unknown == state.candidates
  if state.entry then
    state.entry.message, state.entry.code = message, is_done and "ENOTFOUND" or "EAGAIN"
  end
  return nil, message, is_done and "ENOTFOUND" or "ETIMEOUT"
end

--- Looks for the host that `check` accepts: its address, interface and a report; or nil, report,
--- code: ENOTFOUND after everything, ETIMEOUT when there was no time for everything, and for a key
--- in its pause ENOTFOUND or EAGAIN.
---@param runtime table
---@param options mlxresolve.SweepOptions
---@param check fun(address: string, interface: integer): any, string?  accepted, or why not
---@return string|nil address, integer|string interface_or_report, string report_or_code
function sweep.run(runtime, options, check)
  local scheduler = runtime.scheduler
  local state = new_state(runtime, options, check)
  if options.key then
    local message, code = state.gate:last_failure(options.key, scheduler:now(), options.pause)
    if message then
      return nil, message, code
    end
  end
  local deadline = scheduler.running.deadline
  local left = deadline and math.max(0, deadline - scheduler:now() - MARGIN)
  local ok, found = scheduler:attempt(left or false, look, state)
  if not ok and found ~= TIMEOUT then
    error(found, 0)
  elseif not ok or not found then
    return fail(state)
  end
  if state.entry then
    state.gate.failed[options.key] = nil
  end
  return found.address, found.index, report(state)
end

return sweep
