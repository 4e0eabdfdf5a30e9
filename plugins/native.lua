--- Asks the system's own resolver (getaddrinfo), which knows what nsswitch.conf, the VPN and
--- the desktop have set up. Addresses only: it has no other types and tells no TTL.
local native = {
  options = { ttl = { "ttl", default = "30s", doc = "how long its answers are kept" } },
}

local families = { A = 4, AAAA = 6 }

local function without_scopes(addresses)
  local list, seen = {}, {}
  for _, address in ipairs(addresses) do
    local bare = address:gsub("%%.*$", "")
    if not seen[bare] then
      seen[bare] = true
      list[#list + 1] = bare
    end
  end
  return list
end

function native:resolve(query, ctx)
  local family = families[query.type]
  if not family then
    return nil
  end
  local addresses, message, code = ctx:native(query.name, family)
  if not addresses then
    return nil, message, code
  elseif #addresses == 0 then
    return query:nodata(self.options.ttl)
  end
  return query:answer(without_scopes(addresses), self.options.ttl)
end

return native
