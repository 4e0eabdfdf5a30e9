--- Asks who an address is: the machine itself, by a unicast mDNS question to its port 5353, and the
--- rest of the policy for the address's reverse name.
---
--- Proves no more than multicast DNS would: on the link, anybody may claim a name; and a reverse
--- zone is only as good as who fills it. Use `ssh_host_key` where impostors are to be feared.
local mlx = require("mlxresolve")

local reverse_name = {
  options = {
    ask = {
      "list",
      of = { "enum", values = { "mdns", "dns" } },
      min = 1,
      default = { "mdns", "dns" },
      doc = "mdns: the machine itself; dns: the strategies of the policy",
    },
    wait = { "duration", default = "1s", min = "1ms", doc = "how long, for both side by side" },
  },
}

local ways = {}

function ways.mdns(self, reverse, address, ctx)
  local server = (address:find(":", 1, true) and "[%s]:5353" or "%s:5353"):format(address)
  local asked = ctx:query(reverse, "PTR")
  return ctx:exchange(server, asked, { timeout = self.options.wait, recurse = false })
end

function ways.dns(self, reverse, _, ctx)
  local answer
  ctx:race {
    function()
      answer = ctx:resolve(reverse, "PTR")
      return true
    end,
    function()
      ctx:sleep(self.options.wait)
      return true
    end,
  }
  return answer
end

--- The names that an address has: a set, and one of them.
local function names_of(self, address, ctx)
  local reverse = mlx.name.reverse(address)
  local functions, set, one = {}, {}, nil
  for i, way in ipairs(self.options.ask) do
    functions[i] = function()
      return ways[way](self, reverse, address, ctx)
    end
  end
  for _, result in ipairs(ctx:all(functions)) do
    for _, said in ipairs(result[1] and result[1]:data() or {}) do
      one = mlx.name.canonical(said) or said
      set[one] = true
    end
  end
  return set, one
end

function reverse_name:identify(name, address, ctx)
  local set, one = names_of(self, address, ctx)
  if set[name] then
    return true
  elseif one then
    return nil, "is called " .. one, "EIDENTITY"
  end
end

return reverse_name
