--- Keeps a row of a measurement for the summary, where tools/bench wants one.

--- Median, least and most of a list, which is sorted.
local function spread(list)
  table.sort(list)
  return list[math.floor((#list + 1) / 2)], list[1], list[#list]
end

---@param measure string
---@param who string
---@param values number[]  of the rounds
return function(measure, who, values)
  local path = os.getenv("BENCH_RESULTS")
  if path then
    local file = assert(io.open(path, "a"))
    file:write(("%s\t%s\t%g\t%g\t%g\n"):format(measure, who, spread(values)))
    file:close()
  end
end
