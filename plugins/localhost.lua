--- Answers *.localhost from memory, so that the name never leaves this machine (RFC 6761
--- section 6.3), and the reverse names of 127.0.0.1 and ::1.
local mlx = require("mlxresolve")

local localhost = {
  forgets = true,
  by_name = true,
  options = { ttl = { "ttl", default = "1h", doc = "how long clients may keep the answer" } },
}

local reverse = {
  [mlx.name.reverse("127.0.0.1")] = true,
  [mlx.name.reverse("::1")] = true,
}

function localhost:resolve(query)
  if query:under("localhost.") then
    return query:answer({ a = "127.0.0.1", aaaa = "::1" }, self.options.ttl)
  elseif reverse[query.name] then
    return query:answer({ ptr = "localhost." }, self.options.ttl)
  end
end

return localhost
