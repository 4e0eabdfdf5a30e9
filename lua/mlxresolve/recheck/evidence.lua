--- What there is to go by when an answer is doubted: what the cache has, what the link says, what
--- the probes find, and what the chain says now.

local family_of = require("mlxresolve.address").family
local core = require("mlxresolve.core")
local group = require("mlxresolve.group")
local query = require("mlxresolve.query")
local reconfirm = require("mlxresolve.mdns.reconfirm")
local testimony = require("mlxresolve.testimony")

local MAX_PROBES = 4
local FAMILY = { A = "ipv4", AAAA = "ipv6" }

local evidence = {}

---------------------------------------------------------------- what is known before

--- The entries of a name: their types, and the addresses in them.
---@param runtime table
---@param name string  canonical
---@return string[] types, table<string, string> addresses  address → family
---@return table<string, string> interfaces  address → name of where it was heard, if that is there
---@return boolean is_marked  the network made it doubtful
function evidence.known(runtime, name)
  local cache, now = runtime.cache, runtime.world:now()
  local types, addresses, interfaces, is_marked = {}, {}, {}, false
  for _, entry in ipairs(cache:list(now, { name = name }, 32)) do
    if entry.purpose == 0 and (FAMILY[entry.type] or entry.suspect or entry.withheld) then
      types[#types + 1] = entry.type
      is_marked = is_marked or entry.suspect or entry.withheld
    end
    if entry.purpose == 0 and FAMILY[entry.type] and entry.status == "answer" then
      local packet = cache:copy(name, query.type_numbers[entry.type], now)
      for _, address in ipairs(packet and core.answer.data(packet) or {}) do
        addresses[address] = FAMILY[entry.type]
        interfaces[address] = runtime:interface_name(entry.interface) or nil
      end
    end
  end
  if not next(types) then
    types = { "A", "AAAA" }
  end
  return types, addresses, interfaces, is_marked
end

--- The addresses in doubt: those that are meant, and where all are, what is known and what the
--- cache has already lost.
---@param runtime table
---@param name string
---@param meant table<string, boolean>  without scopes
---@param known table<string, string>|false  as `evidence.known` found them, if all are meant
---@return table<string, string> families  by address
function evidence.doubted(runtime, name, meant, known)
  local families = {}
  for address in pairs(meant) do
    families[address] = family_of(address)
  end
  for address in pairs(known or {}) do
    families[address] = known[address]
  end
  for _, address in ipairs(known and runtime.health:suspects(name) or {}) do
    families[address] = family_of(address)
  end
  return families
end

---------------------------------------------------------------- asking

local waiter_mt = {
  __index = {
    -- a landed flight is reused, so what it came to is taken at once
    landed = function(self, flight)
      local answer = flight.answer
      -- without a step, it is what the cache has, or nobody's word for silence
      local is_said = answer and answer.step
      self.task:wake {
        data = is_said and answer.status == "answer" and answer:data() or {},
        strategy = is_said and answer.strategy or false,
        has_failed = not is_said
          and (flight.has_failed or not answer and flight.code ~= "EREFUSED"),
        message = flight.message,
      }
    end,
  },
}

local function leave(waiter)
  waiter.runtime.flights:leave(waiter.flight, waiter)
end

--- What the chain says of one type now.
local function ask_type(runtime, name, type)
  local waiter = setmetatable({ runtime = runtime, task = runtime.scheduler.running }, waiter_mt)
  waiter.flight = runtime.flights:join(name, query.type_numbers[type], waiter)
  return runtime.scheduler:wait(leave, waiter)
end

---@class mlxresolve.Found
---@field addresses table<string, boolean>
---@field failed table<string, boolean>  families, and other types, of which nothing can be said
---@field strategy string|false
---@field message string?

--- Asks the chain for these types; what it says stands in the cache then.
---@param runtime table
---@param name string
---@param types string[]
---@return mlxresolve.Found
function evidence.ask_chain(runtime, name, types)
  local asking = {}
  for i, type in ipairs(types) do
    asking[i] = function()
      return ask_type(runtime, name, type)
    end
  end
  local found = { failed = {}, addresses = {}, strategy = false }
  for i, result in ipairs(group.all(runtime.scheduler, asking)) do
    local said = result[1] or { data = {}, has_failed = true, message = result[2] }
    if said.has_failed then
      found.failed[FAMILY[types[i]] or types[i]] = true
      found.message = said.message or found.message
    elseif FAMILY[types[i]] then
      found.strategy = found.strategy or said.strategy
      for _, address in ipairs(said.data) do
        found.addresses[address] = true
      end
    end
  end
  return found
end

--- Probes the addresses in doubt: { [address] = true or why not }; nothing of those of which a
--- probe could not tell.
---@param runtime table
---@param name string
---@param addresses table<string, any>
---@param options mlxresolve.RecheckOptions
---@param interfaces table<string, string>
---@return table<string, true|string>
function evidence.probe(runtime, name, addresses, options, interfaces)
  local port = options.port or runtime:peer_port(name) or nil
  local list, probing = {}, {}
  for address in pairs(addresses) do
    if #list < MAX_PROBES then
      list[#list + 1] = address
      probing[#probing + 1] = function()
        local interface = interfaces[address]
        local is_scoped = interface and address:find("^fe[89ab]")
        return options.probe:probe {
          name = name,
          address = is_scoped and address .. "%" .. interface or address,
          port = port,
          interface = interface,
        }
      end
    end
  end
  local results = {}
  for i, result in ipairs(group.all(runtime.scheduler, probing)) do
    local weight = testimony.weigh(result[1], result[2], result[3])
    if weight ~= "none" then
      results[list[i]] = weight == "for" or tostring(result[2])
    end
  end
  return results
end

--- Asks the host and the link: true, "silence", or false where that means nothing for the name.
---@param runtime table
---@param name string
---@return boolean|"silence", string? message, string? code
function evidence.ask_link(runtime, name)
  local engine = runtime.mdns_engine
  if not engine or engine.is_closed or not reconfirm.concerns(engine, name) then
    return false
  end
  local said, message, code = reconfirm.run(engine, name)
  if said and not next(said) then
    reconfirm.forget(engine, name)
    return "silence"
  end
  return said and true or false, message, code
end

return evidence
