---@meta mlxresolve.core

---@class mlxresolve.core
local core = {}

core.report = {}

--- A box for what C code of this process reports with mlxr_report_failure.
---@return mlxresolve.Report|nil, string? message, string? code
function core.report.open() end

---@class mlxresolve.Report
local Report = {}
--- Fills `batch` with name, address|false for each report and returns their number.
---@param now number
---@param batch table
---@return integer
function Report:step(now, batch) end
---@return integer
function Report:fd() end
--- Closes it; twice is fine.
function Report:close() end
