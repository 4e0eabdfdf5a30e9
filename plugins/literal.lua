--- Answers names that are addresses themselves, "192.0.2.1" or "2001:db8::1", so that they
--- never travel. Its text is canonical (RFC 5952); the other family is NODATA.
local mlx = require("mlxresolve")

local literal = {
  forgets = true,
  by_name = true,
  options = { ttl = { "ttl", default = "1d", doc = "how long clients may keep the answer" } },
}

-- A scope ("%eth0") means something on this machine only; a record cannot carry it.
local function without_scope(address)
  return (address:gsub("%%.*$", ""))
end

-- Most names are none, and that shows at once: addresses end with a digit or hold a colon.
local function may_be_address(name)
  local last = name:byte(-2)
  return last and last >= 48 and last <= 57 or name:find(":", 1, true)
end

function literal:resolve(query)
  if not may_be_address(query.name) then
    return nil
  end
  local parsed = mlx.address.parse(without_scope(query.name:sub(1, -2)))
  if not parsed or parsed.port then
    return nil
  end
  local type = parsed.family == "ipv4" and "a" or "aaaa"
  return query:answer({ [type] = parsed.address }, self.options.ttl)
end

return literal
