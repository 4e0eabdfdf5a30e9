--- What the mDNS responder of a simulated host says of its name, as the two that matter do it:
--- avahi-daemon ("avahi": TTL 120, IPv4 addresses over IPv4 only) and mDNSResponder ("apple": TTL
--- 4500 for host records, both families over both, and an NSEC record for a family that is not
--- there).

local KINDS = {
  avahi = { ttl = 120, ipv4_over_ipv6 = false, denies = false },
  apple = { ttl = 4500, ipv4_over_ipv6 = true, denies = true },
}
local TYPES = { ipv4 = "A", ipv6 = "AAAA" }

local records = {}
local methods = {}
local mt = { __name = "mlxresolve.world.sim.records", __index = methods }

---@class mlxresolve.SimRecords
---@field name string   "mini2.local."
---@field ttl integer   s
---@param host mlxresolve.SimHost
---@param kind "avahi"|"apple"
---@param ttl integer?  s; that of the kind when absent
---@return mlxresolve.SimRecords
function records.new(host, kind, ttl)
  return setmetatable({
    kind = KINDS[kind],
    ttl = ttl or KINDS[kind].ttl,
    name = host.name:lower() .. ".local.",
  }, mt)
end

local function record(self, type, data, ttl)
  return { name = self.name, type = type, ttl = ttl, data = data, cache_flush = true }
end

local function denial(self, has)
  local types = (has.A and " A" or "") .. (has.AAAA and " AAAA" or "")
  return record(self, "NSEC", self.name .. types, self.ttl)
end

--- The records of an interface that go out over a transport, of the types that are wanted; and,
--- from who says such things, that a wanted type is not there.
---@param interface mlxresolve.SimInterface
---@param transport "ipv4"|"ipv6"
---@param wants { A: boolean?, AAAA: boolean? }
---@return table[] records, table|false denial
function methods:of(interface, transport, wants)
  local list, has = {}, {}
  for _, entry in ipairs(interface.addresses) do
    local type = TYPES[entry.family]
    has[type] = true
    local goes = transport == "ipv4" or type == "AAAA" or self.kind.ipv4_over_ipv6
    if goes and wants[type] then
      list[#list + 1] = record(self, type, entry.address, self.ttl)
    end
  end
  local lacks = (wants.A and not has.A) or (wants.AAAA and not has.AAAA)
  return list, lacks and self.kind.denies and denial(self, has) or false
end

--- The records of addresses that go (RFC 6762 section 10.1).
---@param entries table[]
---@return table[]
function methods:goodbye(entries)
  local list = {}
  for i, entry in ipairs(entries) do
    list[i] = record(self, TYPES[entry.family], entry.address, 0)
  end
  return list
end

return records
