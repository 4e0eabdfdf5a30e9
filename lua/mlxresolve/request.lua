--- One call of `resolver:resolve`: some types of one name, gathered into one result.

local core = require("mlxresolve.core")
local query = require("mlxresolve.query")
local units = require("mlxresolve.units")

local FAMILY = { A = "ipv4", AAAA = "ipv6" }

local request = {}
local methods = {}
local mt = { __name = "mlxresolve.request", __index = methods }

---------------------------------------------------------------- gathering

--- What a part contributes: the answer of one type, from the cache or a flight.
local function add_addresses(self, list, part)
  local resolver, answer = self.resolver, part.answer
  local interface = resolver:interface_name(answer.interface)
  for _, text in ipairs(answer:data()) do
    local parsed = core.address.parse(text)
    if parsed and parsed.is_link_local and parsed.family == "ipv6" and interface then
      text = text .. "%" .. interface
    end
    list[#list + 1] = {
      address = text,
      family = FAMILY[part.type],
      interface = interface,
      ttl = answer.ttl,
      strategy = answer.strategy or false,
    }
  end
end

local function add_records(list, part)
  local message = core.wire.decode(part.answer.packet)
  for _, record in ipairs(message and message.answers or {}) do
    list[#list + 1] =
      { name = record.name, type = record.type, ttl = record.ttl, data = record.data }
  end
end

--- The best of the parts' statuses; nil when all failed.
local function overall(parts)
  local best
  local weight = { nxdomain = 1, nodata = 2, answer = 3 }
  for _, part in ipairs(parts) do
    local status = part.answer and part.answer.status
    if status and (not best or weight[status] > weight[best]) then
      best = status
    end
  end
  return best
end

local function gather(self)
  local parts = self.parts
  local status = overall(parts)
  local result = {
    name = self.name,
    type = table.concat(self.types, "+"),
    status = status,
    addresses = {},
    records = {},
    ms = self.resolver.world:now() - self.started,
    cached = status ~= nil, -- failures are never from the cache
    stale = false,
  }
  local trace = self.wants_trace and {} or nil
  for _, part in ipairs(parts) do
    local answer = part.answer
    if answer then
      result.cached = result.cached and part.is_cached
      result.stale = result.stale or answer.is_stale
      add_records(result.records, part)
      if answer.status == "answer" and FAMILY[part.type] then
        add_addresses(self, result.addresses, part)
      end
    else
      result.message, result.code = part.message, part.code
    end
    for _, try in ipairs(trace and part.trace or {}) do
      try.type = part.type
      trace[#trace + 1] = try
    end
  end
  result.trace = trace
  return result
end

local function deliver(self)
  if self.is_over then
    return
  end
  self.is_over = true
  self.resolver.requests[self] = nil
  local result = gather(self)
  if result.status then
    self.callback(result)
  else
    self.callback(nil, result.message, result.code, result)
  end
end

local function part_done(self, part)
  self.parts[part.index] = part
  self.pending = self.pending - 1
  if self.pending == 0 then
    -- never before `resolve` has returned, and never inside a flight's landing
    self.resolver.scheduler:spawn(deliver, self)
  end
end

---------------------------------------------------------------- asking

local waiter_mt = {
  __index = {
    takes_stale = true,
    landed = function(self, flight)
      self.flight = false
      part_done(self.request, {
        index = self.index,
        type = self.type,
        answer = flight.answer,
        message = flight.message,
        code = flight.code,
        is_cached = false,
        trace = self.request.wants_trace and flight.trace:list(),
      })
    end,
  },
}

--- What is known without asking anybody, as a part; nil when the chain is to be asked.
local function recall(self, index, type_name, number)
  if self.is_fresh then
    return nil
  end
  local answer, failure = self.resolver:known(self.name, number, self.purpose)
  if not answer and not failure then
    return nil
  end
  local try = {
    strategy = answer and answer.strategy,
    result = answer and "cached" or "failed",
    at = 0,
    ms = 0,
    detail = failure and "not long ago: " .. failure.message,
  }
  return {
    index = index,
    type = type_name,
    answer = answer,
    message = failure and failure.message,
    code = failure and failure.code,
    is_cached = true,
    trace = self.wants_trace and { try },
  }
end

local function ask(self, index, type_name)
  local number = query.type_numbers[type_name]
  local resolver = self.resolver
  local known = recall(self, index, type_name, number)
  if known then
    return part_done(self, known)
  end
  local waiter = setmetatable({ request = self, index = index, type = type_name }, waiter_mt)
  self.waiters[#self.waiters + 1] = waiter
  local options = { timeout = self.timeout, purpose = self.purpose }
  waiter.flight = resolver.flights:join(self.name, number, waiter, options)
end

local function start(resolver, name, options, callback)
  local types = options.types
  local self = setmetatable({
    resolver = resolver,
    name = name,
    types = types,
    timeout = options.timeout or false,
    purpose = options.purpose or false,
    wants_trace = options.trace or false,
    is_fresh = options.fresh or false,
    callback = callback,
    parts = {},
    waiters = {},
    pending = #types,
    started = resolver.world:now(),
    is_over = false,
  }, mt)
  resolver.requests[self] = true
  if self.is_fresh and resolver.mdns_engine then
    resolver.mdns_engine:forget { name = name }
  end
  for index, type_name in ipairs(types) do
    ask(self, index, type_name)
  end
  return self
end

local function check_types(options)
  local types = options.types or (options.type and { options.type }) or { "A", "AAAA" }
  if type(types) ~= "table" or #types == 0 then
    error('resolve: types: expected a list such as { "A" }', 4)
  end
  for i, name in ipairs(types) do
    local number = query.type_numbers[name]
    if not number then
      error(("resolve: %s is no record type"):format(tostring(name)), 4)
    end
    types[i] = query.type_names[number]
  end
  return types
end

--- Checks what a caller wants and starts it; misuse raises at the caller's caller.
---@param self mlxresolve.Resolver
---@param name string
---@param options table
---@param callback fun(result: table|nil, message: string?, code: string?)
---@return mlxresolve.Request
function request.new(self, name, options, callback)
  if type(name) ~= "string" then
    error(("resolve: expected a name, got %s"):format(type(name)), 3)
  end
  local settings = {
    types = check_types(options),
    timeout = options.timeout and units.duration(options.timeout) or nil,
    purpose = options.purpose,
    trace = options.trace,
    fresh = options.fresh,
  }
  if options.timeout and not settings.timeout then
    error('resolve: timeout: expected a duration such as "800ms" or milliseconds', 3)
  end
  local canonical, message, code = core.name.canonical(name)
  if self.is_closed then
    canonical, message, code = nil, "the resolver is closed", "ECLOSED"
  end
  if not canonical then
    self.scheduler:spawn(callback, nil, ("%s: %s"):format(name, message), code)
    return { cancel = function() end }
  end
  return start(self, canonical, settings, callback)
end

--- Gives up: the callback gets `nil, "cancelled", "ECANCELED"`, once.
function methods:cancel()
  if self.is_over then
    return
  end
  self.is_over = true
  self.resolver.requests[self] = nil
  for _, waiter in ipairs(self.waiters) do
    if waiter.flight then
      self.resolver.flights:leave(waiter.flight, waiter)
    end
  end
  self.resolver.scheduler:spawn(self.callback, nil, "cancelled", "ECANCELED")
end

return request
