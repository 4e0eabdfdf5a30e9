--- A resolver whose only strategy asks one identity check who an address is.

local bed = require("support.bed")
local mlx = require("mlxresolve")

local identity_bed = {}

--- Opens one. `bed:identify(name, address)` returns what the check says, as does `bed:knows(name)`.
---@param check any  what `mlx.use` makes
---@param further table[]?  strategies behind it
function identity_bed.open(check, further)
  local task, results
  local strategies = {
    {
      name = "asker",
      zones = { "ask.test" },
      options = { check = { "plugin", kind = "identify" } },
      check = check,
      resolve = function(self, query)
        local handle = self.options.check
        results = { n = 3, handle[task[1]](handle, unpack(task, 2, task.n)) }
        return query:nodata(0)
      end,
    },
    unpack(further or {}),
  }
  strategies[1] = mlx.use(strategies[1])
  local opened = bed.open(strategies, { deadline = "60s" })
  local function call(...)
    task = { n = select("#", ...), ... }
    opened.resolver:flush {}
    opened:ask("who.ask.test", "A", { fresh = true })
    return unpack(results, 1, 3)
  end
  function opened:identify(name, address) -- luacheck: ignore 212
    return call("identify", name, address)
  end
  function opened:learn(name, address) -- luacheck: ignore 212
    return call("learn", name, address)
  end
  function opened:knows(name) -- luacheck: ignore 212
    return call("knows", name)
  end
  return opened
end

return identity_bed
