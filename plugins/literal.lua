--- Answers names that are addresses themselves, "192.0.2.1" or "2001:db8::1", so that they
--- never travel. Its text is canonical (RFC 5952); the other family is NODATA.
local mlx = require("mlxresolve")

local literal = {
  options = { ttl = { "ttl", default = "1d", doc = "how long clients may keep the answer" } },
}

-- A scope ("%eth0") means something on this machine only; a record cannot carry it.
local function without_scope(address)
  return (address:gsub("%%.*$", ""))
end

function literal:resolve(query)
  local parsed = mlx.address.parse(without_scope(query.name:sub(1, -2)))
  if not parsed or parsed.port then
    return nil
  end
  local type = parsed.family == "ipv4" and "a" or "aaaa"
  return query:answer({ [type] = parsed.address }, self.options.ttl)
end

return literal
