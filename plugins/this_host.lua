--- Answers this machine's own name, plain and below .local, with the addresses of its interfaces.
---
--- Loopback is given only when there is nothing else, so that a name never means somebody else on
--- another machine that believes it.
local this_host = {
  options = {
    host = { "string", doc = "in place of the machine's host name, without a domain" },
    ttl = { "ttl", default = "10s", doc = "how long clients may keep the answer" },
  },
}

local function own_label(self, ctx)
  local name = self.options.host or ctx:hostname()
  return (name:lower():match("^[^.]+"))
end

local function collect(interfaces, family, wants_loopback)
  local found = {}
  for _, interface in ipairs(interfaces) do
    if interface.up and (interface.kind == "loopback") == wants_loopback then
      for _, entry in ipairs(interface.addresses) do
        local is_scoped = entry.address:find("^fe80:") ~= nil
        if entry.family == family and not entry.tentative and not is_scoped then
          found[#found + 1] = entry.address
        end
      end
    end
  end
  return found
end

function this_host:resolve(query, ctx)
  local label = own_label(self, ctx)
  if query.name ~= label .. "." and query.name ~= label .. ".local." then
    return nil
  end
  local interfaces = ctx:interfaces()
  local data = { a = collect(interfaces, "ipv4", false), aaaa = collect(interfaces, "ipv6", false) }
  if #data.a + #data.aaaa == 0 then
    data.a, data.aaaa = collect(interfaces, "ipv4", true), collect(interfaces, "ipv6", true)
  end
  return query:answer(data, self.options.ttl)
end

return this_host
