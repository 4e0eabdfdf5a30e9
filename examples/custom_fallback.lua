-- A lesson: your own strategy, retry policy and reaction, written in place.
--
--   mlxresolve check examples/custom_fallback.lua
--   mlxresolve run   examples/custom_fallback.lua
--   mlxresolve query gpu2 --trace
--
-- A policy is one Lua file that returns a value. The order of the list is the order of work: no
-- priorities, no hidden defaults. Everything is checked before anything starts.
local mlx = require("mlxresolve")
local use = mlx.use

-- A strategy is a table with a `resolve` function. It runs as a task and may wait for anything
-- (ctx:sleep, ctx:exchange, ctx:connect, ctx:resolve, …) without callbacks. What it returns:
--
--   nothing                  not mine; the next strategy is asked
--   query:answer(data, ttl)  found; `data` is a table by record type
--   query:nxdomain()         I know that there is no such name: the chain ends
--   nil, message, code       tried and failed: the next is asked, and the trace says why
local by_number = use {
  name = "by_number",
  resolve = function(_, query, ctx)
    local number = query.name:match("^gpu(%d+)%.$")
    if not number then
      return
    end
    -- A question of our own goes through the whole chain: cache, hosts, mDNS, whatever is listed.
    -- The answer is for mini2.local; a CNAME from gpu2 is put in front of it.
    ctx:note("asking for mini" .. number)
    return ctx:resolve("mini" .. number .. ".local.")
  end,
}

-- An instance may keep fields of its own in `self`: here, a rack whose addresses follow a rule.
local rack = use {
  name = "rack",
  zones = { "rack.example" }, -- asked for names below rack.example only
  timeout = "200ms", -- every strategy can have a time of its own
  resolve = function(self, query)
    self.asked = (self.asked or 0) + 1
    local slot = tonumber(query.name:match("^slot(%d+)%."))
    if not slot then
      return query:nxdomain(30)
    end
    if slot > 48 then
      return nil, ("the rack has 48 slots, not %d"):format(slot), "ERANGE"
    end
    return query:answer({ a = "198.51.100." .. slot }, 300)
  end,
}

-- A retry policy says how long to wait before the whole list is asked again, or nothing.
local patient = use {
  name = "patient",
  retry = function(_, failure)
    if failure.attempt <= 2 and failure.code ~= "ERANGE" then
      return 100 * failure.attempt -- ms
    end
  end,
}

-- A reaction hears of network changes: interfaces lost and gained, addresses added and removed.
local tell = use {
  name = "tell",
  network_changed = function(_, change, ctx)
    for _, name in ipairs(change.lost) do
      local dropped = ctx.cache:flush { interface = change.indexes[name] }
      ctx:log("info", ("%s is gone; forgot %d answers learnt there"):format(name, dropped or 0))
    end
  end,
}

return mlx.policy {
  listen = { "127.0.0.1:5453" },
  control = "auto",
  strategies = {
    use("literal"),
    use("localhost"),
    use("hosts"),
    by_number,
    rack,
    use("mdns", { zones = { "local" }, timeout = "800ms" }),
    use("dns", { servers = "system" }),
  },
  retries = { patient },
  reactions = { tell },
}
