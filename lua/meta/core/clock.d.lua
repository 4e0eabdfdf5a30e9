---@meta mlxresolve.core

---@class mlxresolve.core
local core = {}

core.clock = {}
--- Tells when the machine has slept, and when the wall clock was set.
---@return mlxresolve.ClockWatch|nil, string? message, string? code
function core.clock.watch() end

---@class mlxresolve.ClockWatch
local ClockWatch = {}
--- What has happened since the last step: { type = "resumed", slept = ms } and
--- { type = "clock_jumped", by = ms }, forwards or back; less than a second is nothing.
---@param now number
---@param batch table  gets the events
---@return integer|nil items, string? message, string? code
function ClockWatch:step(now, batch) end
function ClockWatch:fd() end
function ClockWatch:close() end
