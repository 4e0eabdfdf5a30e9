---@meta mlxresolve.core
--- The system's own responder, through dns_sd. macOS only: elsewhere nil, message, "ENOTSUP".

---@class mlxresolve.core
local core = {}

core.dnssd = {}

---@return mlxresolve.Dnssd|nil, string? message, string? code
function core.dnssd.open() end

---@class mlxresolve.Dnssd
local Dnssd = {}
---@param name string
---@param family integer  4, 6 or 0
---@param deadline number
---@param now number
---@return integer|nil slot, string? message, string? code
function Dnssd:ask(name, family, deadline, now) end
--- Forgets the question: there will be no result.
function Dnssd:cancel(slot) end
--- As core.native's: slot, addresses (list of texts)|false, message|false, code|false.
---@return integer items, number? deadline
function Dnssd:step(now, batch) end
function Dnssd:fd() end
function Dnssd:close() end
