--- Every try of a flight, kept as flat slots and told as text only when somebody asks.
---
--- A small table per try would cost a fifth of the time of a cold query; a trace is one array of
--- five values a try, from a ring that is reused.

local words = require("mlxresolve.words")

local trace = {}

local STRIDE = 5 -- label, result, started (ms), took (ms), detail|false

---@alias mlxresolve.TryResult
---| "answer" | "nodata" | "nxdomain" answered
---| "pass"      not its business
---| "silent"    it asked and nobody answered (ENOTFOUND)
---| "failed"    it tried and failed
---| "timeout"   its time was over
---| "error"     the plugin raised an error or returned rubbish
---| "skipped"   not asked, and why
---| "cached"    the cache knew
---| "cancelled" another one of a race was faster

---@class mlxresolve.Trace
---@field n integer  slots in use
local methods = {}
local mt = { __name = "mlxresolve.trace", __index = methods }

---@return mlxresolve.Trace
function trace.new()
  return setmetatable({ n = 0 }, mt)
end

function methods:clear()
  self.n = 0
end

--- Adds a try.
---@param label string
---@param result mlxresolve.TryResult
---@param started number  ms
---@param took number     ms
---@param detail string|false
function methods:add(label, result, started, took, detail)
  local n = self.n
  self[n + 1], self[n + 2], self[n + 3], self[n + 4], self[n + 5] =
    label, result, started, took, detail or false
  self.n = n + STRIDE
end

--- The tries as a list of { strategy, result, at, ms, detail }; `at` counts from the first.
---@return table[]
function methods:list()
  local list = {}
  local zero = self[3] or 0
  for i = 1, self.n, STRIDE do
    list[#list + 1] = {
      strategy = self[i],
      result = self[i + 1],
      at = self[i + 2] - zero,
      ms = self[i + 3],
      detail = self[i + 4],
    }
  end
  return list
end

local SHOWN = { silent = true, failed = true, timeout = true, error = true }

--- One line for Extended DNS Errors: who tried and why it did not help.
---@param most integer  bytes
---@return string
function methods:summary(most)
  local parts, length = {}, 0
  for i = 1, self.n, STRIDE do
    local result, detail = self[i + 1], self[i + 4]
    if SHOWN[result] or (result == "skipped" and detail) then
      local part = self[i] .. ": " .. (detail or result)
      length = length + #part + 2
      if length > most then
        break
      end
      parts[#parts + 1] = part
    end
  end
  return words.utf8(table.concat(parts, "; "))
end

return trace
