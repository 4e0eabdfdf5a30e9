--- Tables that are used again. A table of a dozen fields for every question is most of what a
--- question costs in Lua: making it, and collecting it. Their number is counted: finding out the
--- length of a list costs more than the rest.

local pool = {}

local MOST = 1024 -- what a burst has left behind beyond these is given up

---@return table pool
function pool.new()
  return { n = 0 }
end

--- A table that was given back, or nil.
---@param spare table
---@return table|nil
function pool.take(spare)
  local n = spare.n
  if n == 0 then
    return nil
  end
  local last = spare[n]
  spare[n], spare.n = false, n - 1
  return last
end

--- Gives a table back that nobody else has.
---@param spare table
---@param used table
function pool.give(spare, used)
  local n = spare.n
  if n < MOST then
    spare[n + 1], spare.n = used, n + 1
  end
end

return pool
