-- Lookups within a program: CPU time per operation of a name that is cached, beside a Lua table
-- with a clock. Run in the project's folder, after a build: luajit bench/inprocess.lua [ROUNDS]
package.path = "./lua/?.lua;./lua/?/init.lua;" .. package.path
package.cpath = "./build/?.so;./build/lib/?.so;" .. package.cpath

local core = require("mlxresolve.core")
local mlx = require("mlxresolve")
local record = dofile("bench/record.lua")
local uv = require("luv")

local ROUNDS = tonumber(arg[1] or 7)
local COUNT = 100000
local NAMES = 1000

local resolver = assert(mlx.open(mlx.policy {
  strategies = {
    mlx.use {
      name = "known",
      resolve = function(_, query)
        return query:answer({ a = "192.0.2.1", aaaa = "2001:db8::1" }, 3000)
      end,
    },
  },
}))

local names = {}
for i = 1, NAMES do
  names[i] = ("worker%d.cluster.example"):format(i)
end

--- Calls `fn` until every name has been resolved.
local function warm_up()
  local left = NAMES
  for i = 1, NAMES do
    resolver:resolve(names[i], nil, function(result)
      assert(result.status == "answer")
      left = left - 1
    end)
  end
  while left > 0 do
    uv.run("once")
  end
end

local function median(list)
  table.sort(list)
  return list[math.floor((#list + 1) / 2)]
end

local cases = {}

--- `measure` is its row in the summary.
local function case(title, measure, run)
  cases[#cases + 1] = { title = title, measure = measure, run = run, times = {} }
end

local copies = {}
for i = 1, NAMES do
  copies[names[i]] = { address = "192.0.2.1", till = core.now() + 3000e3 }
end

case("Lua table and clock", "table", function()
  local found = 0
  for i = 1, COUNT do
    local entry = copies[names[i % NAMES + 1]]
    if entry and core.now() < entry.till then
      found = found + 1
    end
  end
  return found
end)

case("peek(name)", "peek", function()
  local found = 0
  for i = 1, COUNT do
    if resolver:peek(names[i % NAMES + 1]) then
      found = found + 1
    end
  end
  return found
end)

case('peek(name, "AAAA")', "peek_aaaa", function()
  local found = 0
  for i = 1, COUNT do
    if resolver:peek(names[i % NAMES + 1], "AAAA") then
      found = found + 1
    end
  end
  return found
end)

--- `wanted` at a time, as a program does that asks for many names at once.
local function resolve(options, read)
  local found = 0
  local function done(result)
    found = found + 1
    return read and read(result)
  end
  for i = 1, COUNT do
    resolver:resolve(names[i % NAMES + 1], options, done)
    if i % NAMES == 0 then
      uv.run("nowait")
    end
  end
  while found < COUNT do
    uv.run("once")
  end
  return found
end

local ONE_TYPE = { type = "A" }

case("resolve, A", "resolve", function()
  return resolve(ONE_TYPE)
end)

case("resolve, A and AAAA", "resolve_both", function()
  return resolve(nil)
end)

case("resolve, A and AAAA, addresses read", "resolve_read", function()
  return resolve(nil, function(result)
    return #result.addresses
  end)
end)

warm_up()
for round = 0, ROUNDS do
  for _, one in ipairs(cases) do
    collectgarbage()
    local started = os.clock()
    assert(one.run() == COUNT, one.title)
    if round > 0 then
      one.times[round] = (os.clock() - started) * 1e9 / COUNT
    end
  end
end
print(("%-38s %10s"):format("cached name, median", "CPU ns/op"))
for _, one in ipairs(cases) do
  print(("%-38s %10.0f"):format(one.title, median(one.times)))
  record(one.measure, "mlxresolve", one.times)
end
resolver:close()
uv.run()
