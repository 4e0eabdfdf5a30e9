-- 1,000 lookups at once, of names that are not in the cache: through the library, by the strategy
-- `hosts`, and through uv.getaddrinfo and c-ares, which read the same file. c-ares and the system's
-- resolver read the file anew for every name: they are measured with a file of ten lines too, which
-- is the best case for them.
--
-- Prints medians of interleaved rounds. It writes /etc/hosts: tools/bench gives it one of its own.
--
-- usage: luajit bench/lookups.lua ROUNDS BUILD
package.path = "./lua/?.lua;./lua/?/init.lua;" .. package.path
package.cpath = "./build/?.so;./build/lib/?.so;" .. package.cpath

local mlx = require("mlxresolve")
local record = dofile("bench/record.lua")
local uv = require("luv")

local ROUNDS = tonumber(arg[1] or 7)
local BUILD = arg[2] or "build"
local HOSTS = "/etc/hosts"
local AT_ONCE = 1000
local WARM = 10 -- turns before anything counts: programs that live long are compiled
local TURNS = 5 -- in a round

--- A hosts file of so many lines.
local function write_hosts(count)
  local lines = {}
  for i = 1, count do
    lines[i] = ("10.%d.%d.1 worker%d.cluster.example\n"):format(i / 256, i % 256, i)
  end
  local file = assert(io.open(HOSTS, "w"))
  file:write(table.concat(lines))
  file:close()
end

--- AT_ONCE names of such a file, in turn.
local function names_of(count)
  local names = {}
  for i = 1, AT_ONCE do
    names[i] = ("worker%d.cluster.example"):format((i - 1) % count + 1)
  end
  return names
end

--- Starts all lookups, runs the loop until the last one is done; thousands a second.
local function measure(names, look_up)
  local left, failed = #names, 0
  local function done(is_good)
    left = left - 1
    failed = failed + (is_good and 0 or 1)
  end
  local started = uv.hrtime()
  for i = 1, #names do
    look_up(names[i], done)
  end
  while left > 0 do
    uv.run("once")
  end
  assert(failed == 0, failed .. " lookups failed")
  return #names / (uv.hrtime() - started) * 1e6
end

local ONE_TYPE = { type = "A" }

local function by_library(names)
  local resolver = assert(mlx.open(mlx.policy {
    strategies = { mlx.use("hosts", { paths = { HOSTS } }) },
  }))
  local function look_up(name, done)
    resolver:resolve(name, ONE_TYPE, function(result)
      done(result and result.addresses[1] ~= nil)
    end)
  end
  return function()
    resolver:flush()
    local before = resolver:status().queries.started
    local rate = measure(names, look_up)
    assert(resolver:status().queries.started - before == #names, "some were cached")
    return rate
  end
end

local function by_uv(names)
  local hints = { family = "inet", socktype = "stream" }
  local function look_up(name, done)
    uv.getaddrinfo(name, nil, hints, function(problem, found)
      done(not problem and found[1].addr)
    end)
  end
  return function()
    return measure(names, look_up)
  end
end

local function by_cares(names)
  local path = os.tmpname()
  return function()
    local file = assert(io.open(path, "w"))
    file:write(table.concat(names, "\n"), "\n")
    file:close()
    local program = assert(io.popen(("%s/bench/lookups_cares %s 3"):format(BUILD, path)))
    local rate = program:read("*n")
    program:close()
    os.remove(path)
    return assert(rate, "lookups_cares said nothing")
  end
end

local ways = {
  { name = "mlxresolve", lines = AT_ONCE, make = by_library },
  { name = "uv.getaddrinfo", lines = AT_ONCE, make = by_uv },
  { name = "uv.getaddrinfo", lines = 10, make = by_uv },
}
local cares = io.open(BUILD .. "/bench/lookups_cares")
if cares then
  cares:close()
  ways[#ways + 1] = { name = "c-ares", lines = AT_ONCE, make = by_cares }
  ways[#ways + 1] = { name = "c-ares", lines = 10, make = by_cares }
end

local function median(list)
  table.sort(list)
  return list[math.floor((#list + 1) / 2)]
end

for _, way in ipairs(ways) do
  way.turn, way.rates = way.make(names_of(way.lines)), {}
  write_hosts(way.lines)
  for _ = 1, WARM do
    way.turn()
  end
end
for round = 1, ROUNDS do
  for _, way in ipairs(ways) do
    write_hosts(way.lines)
    way.turn() -- the library looks at its file once a second
    collectgarbage()
    local rates = {}
    for turn = 1, TURNS do
      rates[turn] = way.turn()
    end
    way.rates[round] = median(rates)
  end
end

print(("%d lookups at once that are not in the cache, %d rounds"):format(AT_ONCE, ROUNDS))
print("| by | lines in hosts | k/s med [min-max] | mlxresolve is |")
print("|---|---|---|---|")
for _, way in ipairs(ways) do
  local middle = median(way.rates)
  local least, most = way.rates[1], way.rates[ROUNDS]
  local spread = ("%.1f [%.1f-%.1f]"):format(middle, least, most)
  record(("lookups_%d"):format(way.lines), way.name, way.rates)
  local ratio = ("%.2f"):format(median(ways[1].rates) / middle)
  print(("| %s | %d | %s | %s |"):format(way.name, way.lines, spread, ratio))
end
