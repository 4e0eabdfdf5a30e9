-- A lesson: your own strategy, retry policy and reaction, written in place.
--
--   mlxresolve check examples/custom_fallback.lua
--   mlxresolve run   examples/custom_fallback.lua
--   mlxresolve query gpu2 --trace
--
-- A policy is one Lua file that returns a value. The order of the list is the order of work; there
-- are no priorities. Everything is checked before anything starts.
local mlx = require("mlxresolve")
local use = mlx.use

-- A strategy is a table with a `resolve` function. It runs as a task and may wait for anything
-- (ctx:sleep, ctx:exchange, ctx:connect, ctx:resolve, …) without callbacks. What it returns:
--
--   nothing                  not mine; the next strategy is asked
--   query:answer(data, ttl)  found; `data` is a table by record type
--   query:nxdomain()         I know that there is no such name: the chain ends
--   nil, message, code       tried and failed: the next is asked, and the trace says why; the code
--                            "ENOTFOUND" is no failure: asked, and nobody knew it
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
  resolve = function(self, query, ctx)
    self.asked = (self.asked or 0) + 1
    ctx:note("question " .. self.asked) -- seen in the trace
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

-- A reaction hears of network changes: what was lost and gained, added, removed and moved, and what
-- that touches.
local tell = use {
  name = "tell",
  network_changed = function(_, change, ctx)
    for index, why in pairs(change.touched) do
      local known, has_more = ctx.cache:list({ interface = index }, 100)
      local many = has_more and "more than " or ""
      ctx:log("info", ("%s; %s%d answers learnt there"):format(why, many, #known))
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
  -- A list takes the place of the reaction that every policy has, so it is named here.
  reactions = { use("revalidate"), tell },
}
