--- One call of `resolver:resolve`: some types of one name, gathered into one result.

local core = require("mlxresolve.core")
local patience = require("mlxresolve.patience")
local query = require("mlxresolve.query")
local results = require("mlxresolve.result")
local tasks = require("mlxresolve.task")
local units = require("mlxresolve.units")

local request = {}
local methods = {}
local mt = { __name = "mlxresolve.request", __index = methods }

local BOTH_FAMILIES = { "A", "AAAA" }
local NO_OPTIONS = {}
local NOTHING = { cancel = function() end } -- what is over before it begins

local put = results.put

---------------------------------------------------------------- delivering

local function deliver(self)
  if self.is_over then
    return
  end
  self.is_over = true
  local resolver = self.resolver
  if self.waiters then
    resolver.requests[self] = nil
  end
  local result = results.gather(self, resolver.world:now() - self.started)
  if result.status then
    self.callback(result)
  else
    self.callback(nil, result.message, result.code, result)
  end
end

--- One task delivers all that are done by the time it runs.
local function deliver_all(resolver)
  local list = resolver.delivering
  resolver.delivering = {}
  for i = 1, #list do
    local ok, problem = xpcall(deliver, tasks.explain, list[i])
    if not ok then
      resolver.scheduler.on_error(false, problem)
    end
  end
end

--- Never before `resolve` has returned, and never inside a flight's landing.
local function part_done(self)
  self.pending = self.pending - 1
  if self.pending == 0 then
    local resolver = self.resolver
    local list = resolver.delivering
    list[#list + 1] = self
    if #list == 1 then
      resolver.scheduler:spawn(deliver_all, resolver)
    end
  end
end

---------------------------------------------------------------- asking

local function take(self, answer, message, code, tries)
  local asker, index = self.request, self.index
  local parts = asker.parts
  if answer then
    local packet, status, ttl = answer.packet, answer.status, answer.ttl
    local strategy, interface, is_stale = answer.strategy, answer.interface, answer.is_stale
    -- stylua: ignore
    put(
      parts, index, self.type, packet, status, ttl, strategy, interface, false, is_stale,
      answer.is_suspect
    )
  else
    put(parts, index, self.type, false, false, false, false, false, false, false, false)
    asker.message, asker.code = message, code
  end
  if tries then
    asker.traces[index] = tries
  end
  part_done(asker)
end

local waiter_mt = {
  __index = {
    landed = function(self, flight)
      self.flight = false
      patience.finish(self.request.resolver, self)
      local tries = self.request.traces and flight.trace:list()
      take(self, flight.answer, flight.message, flight.code, tries)
    end,
    -- the caller's own time is over
    fire = function(self)
      local answer, message, code, tries = patience.over(self.request.resolver, self)
      take(self, answer, message, code, self.request.traces and tries)
    end,
  },
}

local function known_try(strategy, failure)
  return {
    strategy = strategy or false,
    result = failure and "failed" or "cached",
    at = 0,
    ms = 0,
    detail = failure and "not long ago: " .. failure.message,
  }
end

--- Puts in what is known without asking anybody; false when the chain is to be asked.
local function recall(self, index, type_name, number)
  local resolver, parts = self.resolver, self.parts
  local packet, failure, ttl, status, hash, interface, is_stale, is_suspect =
    resolver:recall(self.name, number, self.purpose, self.started)
  local strategy = packet and resolver:strategy_name(hash)
  if packet then
    -- stylua: ignore
    put(
      parts, index, type_name, packet, status, ttl, strategy, interface, true, is_stale, is_suspect
    )
  elseif failure then
    put(parts, index, type_name, false, false, false, false, false, true, false, false)
    self.message, self.code = failure.message, failure.code
  else
    return false
  end
  if self.traces then
    self.traces[index] = { known_try(strategy, failure) }
  end
  return true
end

local function fly(self, index, type_name, number)
  local resolver = self.resolver
  local waiter = setmetatable({
    request = self,
    index = index,
    type = type_name,
    takes_stale = not self.is_fresh,
  }, waiter_mt)
  local waiters = self.waiters
  if not waiters then
    waiters = {}
    self.waiters = waiters
    resolver.requests[self] = true
  end
  waiters[#waiters + 1] = waiter
  -- a shorter time is the caller's own affair
  local timeout = self.timeout
  local options = {
    timeout = timeout and timeout > resolver.deadline and timeout,
    purpose = self.purpose,
  }
  waiter.flight = resolver.flights:join(self.name, number, waiter, options)
  patience.begin(resolver, waiter, timeout)
end

local function start(self, types)
  if self.resolver.in_use.is_on then
    self.resolver.in_use:note(self.name)
  end
  if self.is_fresh and self.resolver.mdns_engine then
    self.resolver.mdns_engine:forget { name = self.name }
  end
  for i = 1, #types do
    local type_name = types[i]
    local number = query.type_numbers[type_name]
    if not self.is_fresh and recall(self, i, type_name, number) then
      part_done(self)
    else
      fly(self, i, type_name, number)
    end
  end
  return self
end

local function check_types(types)
  if type(types) ~= "table" or #types == 0 then
    error('resolve: types: expected a list such as { "A" }', 5)
  end
  local list = {}
  for i, name in ipairs(types) do
    local number = query.type_numbers[name]
    if not number then
      error(("resolve: %s is no record type"):format(tostring(name)), 5)
    end
    list[i] = query.type_names[number]
  end
  return list, table.concat(list, "+")
end

local function types_of(options)
  local types = options.types or (options.type and { options.type })
  if not types then
    return BOTH_FAMILIES, "A+AAAA"
  end
  local list, text = check_types(types)
  return list, text
end

local function timeout_of(options)
  local timeout = options.timeout and units.duration(options.timeout)
  if options.timeout and not timeout then
    error('resolve: timeout: expected a duration such as "800ms" or milliseconds', 4)
  end
  return timeout or false
end

--- Checks what a caller wants and starts it; misuse raises at the caller's caller.
---@param resolver mlxresolve.Resolver
---@param name string
---@param options table?
---@param callback fun(result: table|nil, message: string?, code: string?)
---@return mlxresolve.Request
function request.new(resolver, name, options, callback)
  if type(name) ~= "string" then
    error(("resolve: expected a name, got %s"):format(type(name)), 3)
  end
  options = options or NO_OPTIONS
  local types, type_text = types_of(options)
  local timeout = timeout_of(options)
  local canonical, message, code = core.name.canonical(name)
  if resolver.is_closed then
    canonical, message, code = nil, "the resolver is closed", "ECLOSED"
  end
  if not canonical then
    resolver.scheduler:spawn(callback, nil, ("%s: %s"):format(name, message), code)
    return NOTHING
  end
  return start(
    setmetatable({
      resolver = resolver,
      name = canonical,
      type = type_text,
      timeout = timeout,
      purpose = options.purpose or false,
      traces = options.trace and {} or false,
      is_fresh = options.fresh or false,
      callback = callback,
      parts = results.parts(),
      count = #types,
      pending = #types,
      waiters = false,
      started = resolver.world:now(),
      is_over = false,
      __index = results.index,
    }, mt),
    types
  )
end

--- The same for a coroutine, which waits for the result. Apart from `resolve`, which ends with a
--- call of this: LuaJIT compiles no function that makes closures.
function request.wait(resolver, name, options)
  local waiting, is_main = coroutine.running()
  if not waiting or is_main then
    error("resolve: give a callback, or call it inside a coroutine", 2)
  end
  request.new(resolver, name, options, function(...)
    local ok, problem = coroutine.resume(waiting, ...)
    if not ok then
      error(debug.traceback(waiting, problem), 0)
    end
  end)
  return coroutine.yield()
end

--- Gives up: the callback gets `nil, "cancelled", "ECANCELED"`, once.
function methods:cancel()
  if self.is_over then
    return
  end
  self.is_over = true
  self.resolver.requests[self] = nil
  for _, waiter in ipairs(self.waiters or {}) do
    if waiter.flight then
      patience.finish(self.resolver, waiter)
      self.resolver.flights:leave(waiter.flight, waiter)
    end
  end
  self.resolver.scheduler:spawn(self.callback, nil, "cancelled", "ECANCELED")
end

return request
