--- Failures that C code of this process reports (mlxr_report_failure), in the real world.

local core = require("mlxresolve.core")

local reports = {}

--- From now on `on_report` is called for each; they do not keep the loop going.
---@param on_report fun(name: string, address: string|false)
---@return table|nil box, string? message, string? code
function reports:reports(on_report)
  local box, message, code = core.report.open()
  if not box then
    return nil, message, code
  end
  local batch = {}
  return self:watch(box, function(world, object)
    local items = object:step(world.time, batch)
    for i = 1, items * 2, 2 do
      on_report(batch[i], batch[i + 1])
    end
    return items
  end)
end

return reports
