--- `mlxresolve status`: what the daemon is and how it does.

local ask = require("mlxresolve.cli.ask")
local outputs = require("mlxresolve.cli.output")
local runtime = require("mlxresolve.cli.runtime")

local status = {}

local function span(seconds)
  local days, hours = math.floor(seconds / 86400), math.floor(seconds / 3600) % 24
  local minutes = math.floor(seconds / 60) % 60
  if days > 0 then
    return ("%d d %d h"):format(days, hours)
  elseif hours > 0 then
    return ("%d h %d min"):format(hours, minutes)
  elseif minutes > 0 then
    return ("%d min %d s"):format(minutes, seconds % 60)
  end
  return ("%d s"):format(seconds)
end

local function size(bytes)
  if bytes >= 1048576 then
    return ("%.1f MiB"):format(bytes / 1048576)
  end
  return ("%.0f KiB"):format(bytes / 1024)
end

local function describe_policy(out, policy)
  local text = policy.file or "none"
  if policy.problem then
    return text .. out:style("red", "  changed, but has mistakes: the old one is at work")
  end
  return text
end

local function describe_cache(cache)
  local asked = (cache.hits or 0) + (cache.misses or 0)
  local rate = asked > 0 and (", %.1f %% hits"):format(100 * cache.hits / asked) or ""
  local noun = cache.entries == 1 and "entry" or "entries"
  return ("%d %s, %s of %s%s"):format(
    cache.entries or 0,
    noun,
    size(cache.bytes or 0),
    size(cache.capacity or 0),
    rate
  )
end

local function describe_interface(interface)
  local addresses = {}
  for i, entry in ipairs(interface.addresses or {}) do
    addresses[i] = type(entry) == "table" and entry.address or entry
  end
  local where = table.concat(addresses, " ")
  return where ~= "" and ("%s (%s)"):format(interface.name, where) or interface.name
end

local COUNTS = { "tries", "answers", "failures", "errors" }
COUNTS.tries, COUNTS.answers, COUNTS.failures, COUNTS.errors = "try", "answer", "failure", "error"

--- Counts of a strategy that say something: "12 answers, 3 timeouts".
local function describe_strategy(out, strategy)
  local parts = {}
  for _, field in ipairs(COUNTS) do
    if (strategy[field] or 0) > 0 then
      local noun = strategy[field] == 1 and COUNTS[field] or field
      parts[#parts + 1] = ("%d %s"):format(strategy[field], noun)
    end
  end
  local text = #parts > 0 and table.concat(parts, ", ") or "not asked yet"
  if strategy.bypassed then
    text = text .. out:style("red", "  bypassed: it keeps failing")
  end
  return text
end

local function show(out, value)
  local about = ("%s, pid %d, up %s"):format(value.version, value.pid, span(value.uptime or 0))
  local rows = {
    { "mlxresolve", about },
    { "policy", describe_policy(out, value.policy or {}) },
    { "control", value.control or "none" },
    { "listening on", table.concat(value.listen or {}, ", ") },
  }
  if value.cache then
    rows[#rows + 1] = { "cache", describe_cache(value.cache) }
  end
  local label = "interfaces"
  for _, interface in ipairs(value.interfaces or {}) do
    if interface.up then
      rows[#rows + 1] = { label, describe_interface(interface) }
      label = ""
    end
  end
  for i, strategy in ipairs(value.strategies or {}) do
    local text = ("%-12s %s"):format(strategy.name, describe_strategy(out, strategy))
    rows[#rows + 1] = { i == 1 and "strategies" or "", text }
  end
  out:columns(rows, { style = outputs.by_column { "bold" } })
end

---@param cli mlxresolve.CliRuntime
---@param args table
---@return integer code
function status.run(cli, args)
  local value, code = ask.success(cli, args, { target = "/v1/status" })
  if not value then
    return code
  elseif cli.out.is_json then
    cli.out:object(value)
  else
    show(cli.out, value)
  end
  return runtime.OK
end

return status
