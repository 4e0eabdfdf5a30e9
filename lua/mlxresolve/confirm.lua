--- Asks a host, at its own addresses and nobody else, whether it still says them: mDNS questions to
--- its port 5353 (RFC 6762 section 5.5).

local without_scope = require("mlxresolve.address").without_scope
local type_of = require("mlxresolve.address").type

local FORM = { A = "%s:5353", AAAA = "[%s]:5353" }
local OTHER = { A = "AAAA", AAAA = "A" }
local DEFINITE = { ECHANGED = true, ENODATA = true }

local confirm = {}

--- What the host says of a type, asked at an address: true when all of `list` is in it.
local function ask(ctx, name, type, list, at, timeout)
  local server = FORM[type_of(at)]:format(at)
  local asked = ctx:query(name, type)
  local answer, message, code = ctx:exchange(server, asked, { timeout = timeout, recurse = false })
  if not answer then
    return nil, code == "ETIMEOUT" and at .. " is silent" or message, code
  elseif answer:is_denial() then
    return nil, ("%s says that it has no %s"):format(at, type), "ENODATA"
  end
  local said = {}
  for _, data in ipairs(answer:data()) do
    said[data] = true
  end
  for _, address in ipairs(list) do
    if not said[without_scope(address)] then
      return nil, ("%s does not say %s"):format(at, address), "ECHANGED"
    end
  end
  return true
end

local function by_family(addresses)
  local families = {}
  for _, address in ipairs(addresses) do
    local type = type_of(address)
    families[type] = families[type] or {}
    table.insert(families[type], address)
  end
  return families
end

local function ask_all(ctx, name, families, timeout)
  local types, asking, said = {}, {}, {}
  for type, list in pairs(families) do
    types[#types + 1] = type
    asking[#asking + 1] = function()
      return ask(ctx, name, type, list, list[1], timeout)
    end
  end
  for i, result in ipairs(ctx:all(asking)) do
    said[types[i]] = result
  end
  return said
end

--- A family over which the host has always been silent, while it speaks over the other, may be kept
--- from us on the way: the other is asked about it. Many hosts give the addresses of a family over
--- it alone, so that nothing but other addresses counts.
local function ask_across(ctx, name, families, type, timeout)
  local at = families[OTHER[type]][1]
  local ok, message, code = ask(ctx, name, type, families[type], at, timeout)
  if not ok and code == "ECHANGED" then
    return nil, message, code
  end
  return true
end

--- True when the host says all these addresses; nil, message, code: ECHANGED when it says others,
--- ENODATA when none, ETIMEOUT when it is silent, and what keeps this machine from asking.
---@param ctx mlxresolve.Context
---@param name string        canonical
---@param addresses string[] of one host
---@param options { timeout: number?, heard: table<string, boolean>? }?  of each question, 300 ms;
---  `heard` remembers, from one call to the next, the families over which the host has spoken
---@return true|nil, string? message, string? code
function confirm.run(ctx, name, addresses, options)
  local timeout = options and options.timeout or 300
  local heard = options and options.heard or {}
  local families = by_family(addresses)
  local said = ask_all(ctx, name, families, timeout)
  local message, code
  for type, result in pairs(said) do
    local other = said[OTHER[type]]
    local is_open = not result[1] and not DEFINITE[result[3]] and not heard[type]
    heard[type] = heard[type] or result[1]
    if is_open and other and other[1] then
      result = { ask_across(ctx, name, families, type, timeout) }
    end
    if not result[1] and (not message or DEFINITE[result[3]]) then
      message, code = result[2], result[3]
    end
  end
  if message then
    return nil, message, code
  end
  return true
end

return confirm
