--- The mDNS responders that matter, as they were seen to behave: avahi-daemon 0.8 on the wire, in
--- namespaces of its own; mDNSResponder by its published source. What they say: records.lua; when:
--- responder.lua and claims.lua.

---@class mlxresolve.SimResponderKind
---@field ttl integer               s, of host records
---@field ipv4_over_ipv6 boolean    gives IPv4 addresses over IPv6 too
---@field denies boolean            says by NSEC that a family is not there
---@field again integer             ms within which no record is multicast twice
---@field heeds_ttl boolean         a known answer of less than half of its time to live is repeated
---@field patience { [1]: integer, [2]: integer }  ms of waiting for more known answers
---@field first_probe { [1]: integer, [2]: integer }  ms until the first of three
---@field announce_after integer    ms after the last probe
---@field announce_gaps integer[]   ms between announcements
---@field announce_jitter integer   ms, at most, added to each
---@field services_after integer    ms after the name, when its services are announced
---@field asks_unicast boolean      probes ask for unicast replies
---@field notices integer           ms until a change of its own network is acted on
---@field notices_cables boolean    whether it sees at all that one was pulled
---@field forgives integer          conflicts after which a name is only probed again
---@field renamed_after integer     ms after which it probes for another name

local kinds = {}

---@type mlxresolve.SimResponderKind
kinds.avahi = {
  ttl = 120,
  ipv4_over_ipv6 = false,
  denies = false,
  again = 500,
  heeds_ttl = false,
  patience = { 20, 120 },
  first_probe = { 0, 250 },
  announce_after = 200,
  announce_gaps = { 1000, 2000 },
  announce_jitter = 250,
  services_after = 960,
  asks_unicast = false,
  notices = 0,
  notices_cables = false, -- use-iff-running=no: it looks whether an interface is up, not at carrier
  forgives = 0,
  renamed_after = 1000,
}

---@type mlxresolve.SimResponderKind
kinds.apple = {
  ttl = 4500,
  ipv4_over_ipv6 = true,
  denies = true,
  again = 1000,
  heeds_ttl = true,
  patience = { 400, 500 },
  first_probe = { 125, 250 },
  announce_after = 250,
  announce_gaps = { 1000, 2000, 4000 },
  announce_jitter = 0,
  services_after = 0,
  asks_unicast = true,
  notices = 500, -- it waits for a network to settle
  notices_cables = true,
  forgives = 1,
  renamed_after = 0,
}

return kinds
