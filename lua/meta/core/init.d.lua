---@meta mlxresolve.core
--- What the C core offers to Lua: `require "mlxresolve.core"`. Each of its tables is one binding
--- file, `core/bind/<name>.c`, and one file here; a spec compares them with the module.
---
--- Every failure is `nil, message, code`: words for people, a stable code for
--- programs ("ETIMEOUT", "EFORMAT", "ECONNREFUSED", …). Wrong argument types raise.
--- `now` and deadlines are monotonic milliseconds (numbers, fractions allowed), TTLs
--- are seconds. Objects close on `close()` and, at the latest, when collected.
---
--- Every I/O object has `fd()` (poll it for reading), `step(now, batch)` and
--- `close()`. `step` fills the caller's `batch` from index 1 with a fixed number of
--- values per item (the "stride") and returns the number of items, then the
--- next deadline in ms or nil. Slots of `batch` beyond the items are left as they were.
--- Absent values are `false`, never nil.

---@class mlxresolve.core
---@field version string
local core = {}

--- The sentence for an error code, e.g. "ETIMEOUT" -> "nobody answered in time".
---@param code string
---@return string
function core.explain(code) end

--- Steady time in ms, that goes on while the machine sleeps. The world's clock, not for anybody else.
---@return number
function core.now() end

--- `n` unpredictable bytes from the system's generator (at most 256).
---@param n integer
---@return string
function core.entropy(n) end

--- Lowers the priority of the calling thread by 10 steps of nice, on Linux only.
function core.yield_to_fronts() end
