--- `mlxresolve pins`: the hosts that were met for the first time, and who has proved what since.

local ask = require("mlxresolve.cli.ask")
local runtime = require("mlxresolve.cli.runtime")

local pins = {}

local STYLES = { ["for"] = "green", against = "red", none = "yellow", first = "cyan" }
local WORDS = { ["for"] = "proved", against = "another host", none = "unproved" }

local function plain(name)
  return #name > 1 and name:gsub("%.$", "") or name
end

local function rows_of(out, value)
  local rows, kinds = {}, {}
  for _, entry in ipairs(value.remembered) do
    rows[#rows + 1] = { plain(entry.name), "remembered", "-", entry.check .. " " .. entry.evidence }
    kinds[#rows] = "first"
  end
  for _, entry in ipairs(value.proofs) do
    local when = ("%s, %s ago"):format(entry.reason, out:seconds(entry.age))
    rows[#rows + 1] = { plain(entry.name), WORDS[entry.outcome], entry.address, when }
    kinds[#rows] = entry.outcome
  end
  return rows, kinds
end

local function list(cli, args)
  local value, code = ask.success(cli, args, { target = "/v1/pins" })
  if not value then
    return code
  elseif cli.out.is_json then
    cli.out:object(value)
    return runtime.OK
  end
  local rows, kinds = rows_of(cli.out, value)
  cli.out:columns(rows, {
    header = cli.out.is_pretty and { "NAME", "STATE", "ADDRESS", "BY" } or nil,
    style = function(row, column)
      if row > 0 and column == 2 then
        return STYLES[kinds[row]]
      end
      return row == 0 and "dim" or (column == 1 and "bold" or nil)
    end,
  })
  return runtime.OK
end

local function forget(cli, args)
  local request = {
    method = "POST",
    target = "/v1/pins/forget",
    body = { name = args.forget },
  }
  local value, code = ask.success(cli, args, request)
  if not value then
    return code
  elseif cli.out.is_json then
    cli.out:object(value)
  else
    local count = value.forgotten
    cli.out:line(("%d first meeting%s forgotten"):format(count, count == 1 and "" or "s"))
  end
  return runtime.OK
end

---@param cli mlxresolve.CliRuntime
---@param args table
---@return integer code
function pins.run(cli, args)
  return (args.forget and forget or list)(cli, args)
end

return pins
