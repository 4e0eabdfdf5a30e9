--- The last resort: looks for the host among this machine's neighbours and, where the policy allows
--- it, on the attached networks, and believes nobody who does not prove who he is.
---
--- One look at a time, none over tunnels, none for a name that no check could confirm.
local scan = {
  options = {
    verify = {
      "list",
      of = { "plugin", kind = "identify" },
      min = 1,
      required = true,
      doc = "who confirms a candidate: one has to, and none may refuse it",
    },
    zones = { "list", of = "zone", min = 1, required = true, doc = "whose hosts are looked for" },
    subnets = {
      "choice",
      of = { { "enum", values = { "attached" } }, { "list", of = "network", min = 1 } },
      doc = "attached networks that may be knocked at; without it, neighbours alone count",
    },
    rate = { "integer", default = 64, min = 1, max = 64, doc = "knocks a second" },
    limit = { "integer", default = 1024, min = 1, max = 1024, doc = "addresses of one scan" },
    port = { "integer", default = 9, min = 1, max = 65535, doc = "where an empty datagram goes" },
    pause = { "duration", default = "60s", min = "60s", doc = "between two scans for a name" },
    ttl = { "ttl", default = "30s", doc = "how long an answer is kept" },
  },
}

local FAMILIES = { A = "ipv4", AAAA = "ipv6" }
local ABSENT_TTL = 10 -- s, for the family that a host does not have

function scan:open()
  self.places = {} -- name → { address, mac } where it was found
end

--- The checks that could confirm this name at all; none, and perhaps why.
local function able_checks(self, name)
  local able, message, code = {}, nil, nil
  for _, check in ipairs(self.options.verify) do
    local knows, why, reason = true, nil, nil
    if check.knows then
      knows, why, reason = check:knows(name)
    end
    if knows then
      able[#able + 1] = check
    else
      message, code = message or why, code or reason
    end
  end
  return able, message, code
end

local function confirm(checks, name, address)
  local confirmed = false
  for _, check in ipairs(checks) do
    local ok, why = check:identify(name, address)
    if not ok and why then
      return false, why
    end
    confirmed = confirmed or ok
  end
  return confirmed
end

local function look(self, query, ctx, checks, wanted)
  local options = self.options
  wanted.family, wanted.networks = FAMILIES[query.type], options.subnets
  wanted.rate, wanted.limit, wanted.port = options.rate, options.limit, options.port
  local address, interface, report = ctx:sweep(wanted, function(address)
    return confirm(checks, query.name, address)
  end)
  if not address then
    return nil, interface, report
  end
  ctx:note(report)
  for _, neighbour in ipairs(query.type == "A" and ctx:neighbours() or {}) do
    if neighbour.address == address then
      self.places[query.name] = { address = address, mac = neighbour.mac }
    end
  end
  local answer = query:answer({ (address:gsub("%%.*$", "")) }, options.ttl)
  answer.interface = interface
  return answer
end

local function look_everywhere(self, query, ctx, checks)
  local key = query.name .. query.type
  return look(self, query, ctx, checks, { key = key, pause = self.options.pause })
end

--- IPv6 is not knocked at: first whatever the machine that was found for IPv4 has besides.
local function look_beside(self, query, ctx, checks)
  local known = ctx:resolve(query.name, "A")
  local place = self.places[query.name]
  if not known or known:is_denial() then
    return look_everywhere(self, query, ctx, checks)
  elseif place then
    return look(self, query, ctx, checks, { mac = place.mac }) or query:nodata(ABSENT_TTL)
  end
end

function scan:resolve(query, ctx)
  local checks, message, code = {}, nil, nil
  if FAMILIES[query.type] then
    checks, message, code = able_checks(self, query.name)
  end
  if #checks == 0 then
    return nil, message, code
  elseif query.type == "AAAA" then
    return look_beside(self, query, ctx, checks)
  end
  local place = self.places[query.name]
  local again = place and look(self, query, ctx, checks, { address = place.address })
  if again then
    return again
  end
  return look_everywhere(self, query, ctx, checks)
end

return scan
