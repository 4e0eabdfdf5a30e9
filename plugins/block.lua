--- Answers for the names of some zones itself, so that they are never looked up: with a
--- denial, or with addresses of your choice.
---
---   use("block", { zones = { "ads.example", "tracker.example" } })
---   use("block", { zones = { "printer.local" }, exact = true, answer = { "192.0.2.7" } })
local mlx = require("mlxresolve")

local block = {
  forgets = true,
  by_name = true,
  options = {
    zones = {
      "list",
      of = "zone",
      required = true,
      min = 1,
      doc = "what is blocked, and all below it",
    },
    exact = { "boolean", default = false, doc = "only the zones' own names, not those below" },
    answer = {
      "choice",
      of = { { "enum", values = { "nxdomain", "nodata" } }, { "list", of = "address", min = 1 } },
      default = "nxdomain",
      doc = "what is said instead",
    },
    ttl = { "ttl", default = "5m", doc = "how long clients may keep the answer" },
  },
}

local function by_type(addresses)
  local data = { a = {}, aaaa = {} }
  for _, address in ipairs(addresses) do
    local is_ipv4 = mlx.address.parse(address).family == "ipv4"
    table.insert(is_ipv4 and data.a or data.aaaa, address)
  end
  return data
end

-- The zones as a set and the addresses by type, made at the first question.
function block:prepare()
  self.is_zone = {}
  for _, zone in ipairs(self.options.zones) do
    self.is_zone[zone] = true
  end
  local answer = self.options.answer
  self.data = type(answer) == "table" and by_type(answer) or nil
end

function block:covers(query)
  if self.options.exact then
    return self.is_zone[query.name]
  end
  for _, zone in ipairs(self.options.zones) do
    if query:under(zone) then
      return true
    end
  end
end

function block:resolve(query)
  if not self.is_zone then
    self:prepare()
  end
  if not self:covers(query) then
    return nil
  elseif self.data then
    return query:answer(self.data, self.options.ttl)
  elseif self.options.answer == "nodata" then
    return query:nodata(self.options.ttl)
  end
  return query:nxdomain(self.options.ttl)
end

return block
