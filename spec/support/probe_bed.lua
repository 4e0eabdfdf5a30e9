--- A resolver whose only strategy asks one health check whether an address lives.

local bed = require("support.bed")
local mlx = require("mlxresolve")
local netns = require("support.netns")

local probe_bed = {}

--- Opens one. `bed:probe(endpoint)` returns what the check says.
---@param check any  what `mlx.use` makes
function probe_bed.open(check)
  local endpoint, results
  local opened = bed.open({
    mlx.use {
      name = "asker",
      options = { check = { "plugin", kind = "probe" } },
      check = check,
      resolve = function(self, query)
        results = { self.options.check:probe(endpoint) }
        return query:nodata(0)
      end,
    },
  }, { deadline = "60s" })
  function opened:probe(asked) -- luacheck: ignore 212
    endpoint = asked
    opened.resolver:flush {}
    opened:ask("who.test", "A", { fresh = true })
    return unpack(results, 1, 3)
  end
  return opened
end

-- `probe(options, endpoint)` is what the plugin of this name says of real sockets.
local REAL = [[
local mlx = require("mlxresolve")
local uv = require("luv")
local function probe(options, endpoint)
  local results
  local resolver = assert(mlx.open(mlx.policy { deadline = "20s", strategies = { mlx.use {
    name = "asker",
    options = { check = { "plugin", kind = "probe" } },
    check = mlx.use("%s", options),
    resolve = function(self, query)
      results = { self.options.check:probe(endpoint) }
      return query:nodata(0)
    end,
  } } }))
  resolver:resolve("who.test", { types = { "A" } }, function()
    resolver:close()
  end)
  uv.run()
  print(unpack(results, 1, 3))
end
local function sh(line)
  assert(os.execute(line) == 0, line)
end
]]

--- Runs Lua source in a network namespace of its own; in it `probe(options, endpoint)` asks the
--- plugin with real sockets and prints what it says, and `sh(line)` runs a shell's line.
---@param name string  of the plugin
---@param source string
---@return string out
function probe_bed.real(name, source)
  return netns.check(REAL:format(name) .. source)
end

return probe_bed
