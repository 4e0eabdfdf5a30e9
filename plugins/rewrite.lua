--- Answers the names of some zones with those of another, or with addresses. The answer
--- begins with a CNAME, so that clients see where it comes from.
---
---   use("rewrite", { zones = { "cluster" }, to = "local" })  -- mini2.cluster: mini2.local
---   use("rewrite", { zones = { "gpu" }, exact = true, to = { "192.0.2.9" } })
local mlx = require("mlxresolve")

local rewrite = {
  by_name = true,
  options = {
    zones = { "list", of = "zone", required = true, min = 1, doc = "what is rewritten" },
    exact = { "boolean", default = false, doc = "only the zones' own names, not those below" },
    to = {
      "choice",
      of = { "zone", { "list", of = "address", min = 1 } },
      required = true,
      doc = "the name that takes the zone's place, or addresses",
    },
    ttl = { "ttl", default = "5m", doc = "of answers that are addresses from here" },
  },
}

-- The zone that covers the name: the longest, as the more particular rule.
function rewrite:zone_of(query)
  local found
  for _, zone in ipairs(self.options.zones) do
    local is_longer = not found or #zone > #found
    local is_covered = query.name == zone or (not self.options.exact and query:under(zone))
    if is_longer and is_covered then
      found = zone
    end
  end
  return found
end

function rewrite:addresses(query)
  local data = { a = {}, aaaa = {} }
  for _, address in ipairs(self.options.to) do
    local is_ipv4 = mlx.address.parse(address).family == "ipv4"
    table.insert(is_ipv4 and data.a or data.aaaa, address)
  end
  return query:answer(data, self.options.ttl)
end

function rewrite:resolve(query, ctx)
  local zone = self:zone_of(query)
  if not zone then
    return nil
  elseif type(self.options.to) == "table" then
    return self:addresses(query)
  end
  local prefix = query.name:sub(1, #query.name - #zone)
  local name, message, code = mlx.name.canonical(prefix .. self.options.to)
  if not name then
    return nil, message, code
  end
  return ctx:resolve(name, query.type)
end

return rewrite
