--- `mlxresolve status`: what the daemon is and how it does.

local ask = require("mlxresolve.cli.ask")
local runtime = require("mlxresolve.cli.runtime")
local service_name = require("mlxresolve.mdns.service_name")

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

-- Each `describe` returns a text, and the style of what a person should look at.

local function describe_policy(policy)
  local text = policy.file or "none"
  if policy.problem then
    return text .. "  changed, but has mistakes: the old one is at work", "red"
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

--- A strategy and its counts that say something: "hosts  12 answers, 3 timeouts".
local function describe_strategy(strategy)
  local parts = {}
  for _, field in ipairs(COUNTS) do
    if (strategy[field] or 0) > 0 then
      local noun = strategy[field] == 1 and COUNTS[field] or field
      parts[#parts + 1] = ("%d %s"):format(strategy[field], noun)
    end
  end
  local text = #parts > 0 and table.concat(parts, ", ") or "not asked yet"
  local line = ("%-12s %s"):format(strategy.name, text)
  if strategy.bypassed then
    line = line .. "  bypassed: it keeps failing"
  end
  if strategy.last_error then
    line = ("%s  (%s)"):format(line, strategy.last_error:match("^[^\n]*"))
  end
  return line, strategy.bypassed and "red" or strategy.last_error and "yellow" or nil
end

--- Plugins that are no strategies, where they have raised errors.
local function failing(value)
  local list = {}
  for _, section in ipairs { "retries", "rankers", "reactions", "observers" } do
    for _, plugin in ipairs(value[section] or {}) do
      list[#list + 1] = plugin.last_error and plugin or nil
    end
  end
  return list
end

local function describe_persistence(disk)
  local text = ("%d entries on disk, %s"):format(disk.entries, size(disk.bytes))
  if disk.loading then
    return text .. ", loading"
  elseif not disk.working then
    return text .. "  answers are not kept for now", "red"
  end
  return text
end

local function short(name)
  return (name:gsub("(.)%.$", "%1"))
end

--- "Worker 1._mlx._tcp:50051  announced on eth0, wlan0".
local function describe_published(one)
  local about = one.service and service_name.parse(one.name)
  local name = about and ("%s.%s:%d"):format(about.instance, about.type, one.port)
    or short(one.name)
  local interfaces = {}
  for _, link in ipairs(one.links or {}) do
    interfaces[#interfaces + 1] = link.state == one.state and link.interface or nil
  end
  local where = #interfaces > 0 and " on " .. table.concat(interfaces, ", ") or ""
  local text = ("%s  %s%s"):format(name, one.state, where)
  if one.wanted then
    return ("%s  renamed: another has %s"):format(text, short(one.wanted)), "yellow"
  end
  return text, one.state == "no link" and "red" or nil
end

local function count(number, noun, plural)
  return ("%d %s"):format(number, number == 1 and noun or plural)
end

local function describe_watch(one)
  local text = ("%s  %s, %s"):format(
    short(one.name),
    count(one.watchers, "watcher", "watchers"),
    count(one.addresses, "address", "addresses")
  )
  if one.suspect > 0 then
    return ("%s, %d suspect"):format(text, one.suspect), "yellow"
  end
  return text
end

local HEALTH_STYLES = { suspect = "yellow", dead = "red" }

local function describe_health(one)
  local form = "%s  %s  %s for %s: %s"
  local text = form:format(short(one.name), one.address, one.state, span(one.seconds), one.reason)
  return text, HEALTH_STYLES[one.state]
end

--- A row for each of a list, the label on the first.
local function add(rows, label, list, describe)
  for i, one in ipairs(list or {}) do
    local text, style = describe(one)
    rows[#rows + 1] = { i == 1 and label or "", text, style = style }
  end
end

local function show(out, value)
  local about = ("%s, pid %d, up %s"):format(value.version, value.pid, span(value.uptime or 0))
  local rows = {
    { "mlxresolve", about },
  }
  add(rows, "policy", { value.policy or {} }, describe_policy)
  rows[#rows + 1] = { "control", value.control or "none" }
  local listen = table.concat(value.listen or {}, ", ")
  rows[#rows + 1] = { "listening on", listen ~= "" and listen or "nothing" }
  if value.cache then
    rows[#rows + 1] = { "cache", describe_cache(value.cache) }
  end
  add(rows, "", { value.persistence or nil }, describe_persistence)
  local up = {}
  for _, interface in ipairs(value.interfaces or {}) do
    up[#up + 1] = interface.up and interface or nil
  end
  add(rows, "interfaces", up, describe_interface)
  add(rows, "strategies", value.strategies, describe_strategy)
  add(rows, "plugins", failing(value), describe_strategy)
  add(rows, "published", value.published, describe_published)
  add(rows, "watched", value.watches, describe_watch)
  add(rows, "addresses", value.health, describe_health)
  if (value.in_use or 0) > 0 then
    rows[#rows + 1] = { "in use", count(value.in_use, "name", "names") }
  end
  out:columns(rows, {
    style = function(row, column)
      return column == 1 and "bold" or rows[row].style
    end,
  })
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
