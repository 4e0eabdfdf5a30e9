--- The mDNS responders that systems run, asked alike.

local avahi = require("mlxresolve.native.avahi")

local responders = {}

local FAMILY_NUMBERS = { ipv4 = 4, ipv6 = 6 }

local function connector(ctx)
  return function(target)
    return ctx:connect(target)
  end
end

local function index_of(ctx, name)
  for _, interface in ipairs(ctx:interfaces()) do
    if interface.name == name then
      return interface.index
    end
  end
  return false
end

local ask = {}

function ask.avahi(ctx, name, family, path)
  return avahi.ask(connector(ctx), name, family, path)
end

function ask.resolved(ctx, name, family, path)
  -- Loaded when used: most machines need no JSON for names.
  return require("mlxresolve.native.varlink").ask(connector(ctx), name, family, path)
end

function ask.dns_sd(ctx, name, family)
  local texts, message, code = ctx:dns_sd(name, FAMILY_NUMBERS[family])
  if not texts then
    return nil, message, code
  end
  local found = {}
  for i, text in ipairs(texts) do
    local address, scope = text:match("^([^%%]+)%%?(.*)$")
    found[i] = { address = address, interface = scope ~= "" and index_of(ctx, scope) or false }
  end
  return found
end

--- Asks one responder for a name's addresses of one family. Waits. An empty list means that
--- the name has none; ENOTFOUND that nobody has answered; ENOENT, ECONNREFUSED or ENOTSUP that
--- this responder is not there.
---@param ctx mlxresolve.Context
---@param which "avahi"|"resolved"|"dns_sd"
---@param name string
---@param family "ipv4"|"ipv6"
---@param path string?  the socket, where there is one
---@return { address: string, interface: integer|false }[]|nil, string? message, string? code
function responders.ask(ctx, which, name, family, path)
  return ask[which](ctx, name, family, path)
end

return responders
