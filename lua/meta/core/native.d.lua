---@meta mlxresolve.core

---@class mlxresolve.core
local core = {}

core.native = {}

---@param options table?  { threads=, max_threads=, max_waiting= }
function core.native.open(options) end

---@class mlxresolve.Native
local Native = {}
---@param name string
---@param family integer  4, 6 or 0
---@param deadline number
---@param now number
---@return integer|nil slot, string? message, string? code
function Native:ask(name, family, deadline, now) end
--- Forgets the question: there will be no result.
function Native:cancel(slot) end
--- Stride 4: slot, addresses (list of texts)|false, message|false, code|false.
---@return integer items, number? deadline
function Native:step(now, batch) end
function Native:stats() end
function Native:fd() end
function Native:close() end
