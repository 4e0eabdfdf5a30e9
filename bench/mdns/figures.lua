--- What the parts of this bench share: hosts on a link, figures of a list, a table's rows.

local lan = require("support.lan")
local shell = require("support.shell")

local figures = {}

local function working_folder()
  local pipe = assert(io.popen("pwd"))
  local path = pipe:read("*l")
  pipe:close()
  return path
end

figures.program = working_folder() .. "/build/mlxresolve"

--- What programs on a host begin with: `core`, `uv`, and the `index` of the link.
figures.ON_ETH0 = [[
local core, uv = require "mlxresolve.core", require "luv"
local index
for _, interface in ipairs(core.netif.open():interfaces()) do
  if interface.name == "eth0" then index = interface.index end
end
]]

--- Runs `measure(net)` on a network of these hosts and ends it, whatever happens.
---@param names string[]
---@param measure fun(net: support.Lan)
function figures.on(names, measure)
  local net = lan.open(names)
  local ok, problem = xpcall(measure, debug.traceback, net)
  net:close()
  if not ok then
    error(problem, 0)
  end
end

local HEAD = [[
local mlx = require("mlxresolve")
local use = mlx.use
return mlx.policy {
]]

--- Starts the daemon with a policy; its control socket is `folder .. "/control"`.
---@param net support.Lan
---@param host string
---@param policy string  what stands between `mlx.policy {` and `}`
---@return support.LanProcess process, string folder
function figures.daemon(net, host, policy)
  local folder = net:folder()
  shell.write(folder .. "/policy.lua", HEAD .. policy .. "\n}\n")
  local process = net:spawn(host, {
    figures.program,
    "run",
    folder .. "/policy.lua",
    "--json",
    "--control",
    folder .. "/control",
    "--listen",
    "127.0.0.1:5453",
  })
  process:wait_for('"event":"ready"', 10)
  return process, folder
end

--- The numbers of a text, one a line.
---@param text string
---@return number[]
function figures.numbers(text)
  local list = {}
  for line in text:gmatch("[^\n]+") do
    list[#list + 1] = tonumber(line)
  end
  return list
end

--- The value that a part of the list is not above: 0.5 for the median.
---@param list number[]
---@param part number
---@return number
function figures.quantile(list, part)
  table.sort(list)
  return list[math.max(1, math.ceil(#list * part))] or math.huge
end

--- "0.412 [0.301-1.204]": median, least, most.
---@param list number[]
---@return string
function figures.spread(list)
  if #list == 0 then
    return "nothing measured"
  end
  local middle = figures.quantile(list, 0.5)
  return ("%.3f [%.3f-%.3f]"):format(middle, list[1], list[#list])
end

--- Prints a table's head.
---@param ... string
function figures.head(...)
  print("| " .. table.concat({ ... }, " | ") .. " |")
  print("|" .. ("---|"):rep(select("#", ...)))
end

---@param ... string|number
function figures.row(...)
  local words = { ... }
  for i, word in ipairs(words) do
    words[i] = tostring(word)
  end
  print("| " .. table.concat(words, " | ") .. " |")
end

return figures
