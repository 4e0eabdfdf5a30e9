--- What the responder publishes and how far it has come, for people.

local service_name = require("mlxresolve.mdns.service_name")

local summary = {}

local STATES = {
  waiting = "probing",
  probing = "probing",
  announcing = "announcing",
  established = "announced",
  covered = "covered",
}
-- The state of a name is that of the link where it has come farthest.
local RANK = { announced = 4, announcing = 3, covered = 2, probing = 1 }

---@alias mlxresolve.mdns.PublishedState
---| "announced"
---| "announcing"
---| "covered"   another program of this machine says it already
---| "probing"   it may still turn out to be another host's
---| "no link"

---@class mlxresolve.mdns.PublishedName
---@field name string       as it is now
---@field wanted string|false   the name that was meant, when another host has that one
---@field service string|false  "_mlx._tcp"; of the host's name there is none
---@field port integer|false
---@field state mlxresolve.mdns.PublishedState
---@field links { interface: string, state: mlxresolve.mdns.PublishedState }[]

local function links_of(responder, claim)
  local links = {}
  for _, view in pairs(responder.views) do
    local standing = view.standings[claim]
    if standing then
      links[#links + 1] = { interface = view.link.name, state = STATES[standing.step] }
    end
  end
  table.sort(links, function(a, b)
    return a.interface < b.interface
  end)
  return links
end

local function best_of(links)
  local best = "no link"
  for _, link in ipairs(links) do
    if (RANK[link.state] or 0) > (RANK[best] or 0) then
      best = link.state
    end
  end
  return best
end

--- The names that are claimed, in the order in which they were published.
---@param responder mlxresolve.mdns.Responder
---@return mlxresolve.mdns.PublishedName[]
function summary.list(responder)
  local list = {}
  for _, claim in ipairs(responder.claims) do
    if not claim.leaving then
      local about = not claim.is_host and service_name.parse(claim.name)
      local links = links_of(responder, claim)
      list[#list + 1] = {
        name = claim.name,
        wanted = claim.wanted ~= claim.name and claim.wanted,
        service = about and about.type or false,
        port = claim.port or false,
        state = best_of(links),
        links = links,
      }
    end
  end
  return list
end

return summary
