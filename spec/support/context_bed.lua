--- Runs a function as a strategy does, with its `ctx`.

local bed = require("support.bed")

local context_bed = {}

--- Runs `fn(ctx, query)` as a strategy: what it returned, the bed, and the result of the query.
---@param fn fun(ctx: mlxresolve.Context, query: mlxresolve.Query): any
---@param prepare fun(b: table)?  before anything is asked
function context_bed.inside(fn, prepare)
  local got
  local b = bed.open {
    bed.strategy("probe", function(query, ctx)
      got = { fn(ctx, query) }
      return query:answer { a = "192.0.2.1" }
    end),
  }
  if prepare then
    prepare(b)
  end
  local result = b:ask("a.example", "A", { trace = true })
  return got, b, result
end

return context_bed
