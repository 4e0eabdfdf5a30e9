--- Up to 200 hosts with five services each on one simulated link, with nothing happening: what is
--- said on the link a minute, and what a host needs of memory and processor, when one of them
--- follows all services and when all of them do. The last row takes some twenty minutes.

local crowd = require("crowd")
local figures = require("figures")

local COUNTS = { 20, 50, 100, 200 }
local SERVICES = 5
local SETTLING, RESTING = 300e3, 600e3 -- ms
-- Announcing begins at different moments, as machines are not switched on together.
local APART = 150

local many = {}

local function publish(host)
  host.scheduler:spawn(function()
    for i = 1, SERVICES do
      assert(host.engine:publish {
        service = "_mlx._tcp",
        instance = ("worker %d on %s"):format(i, host.world.name),
        port = 50050 + i,
        txt = { model = "x", slot = tostring(i) },
      })
    end
  end)
end

local function browse(host)
  host.found = 0
  host.scheduler:spawn(function()
    assert(host.engine:browse("_mlx._tcp", function(service)
      host.found = host.found
        + (service.kind == "added" and 1 or service.kind == "gone" and -1 or 0)
    end))
  end)
end

local function memory()
  collectgarbage()
  collectgarbage()
  return collectgarbage("count")
end

local function populate(link, count)
  for _ = 1, count do
    publish(link:add())
    link:advance(APART)
  end
  link:advance(10e3)
end

local function measure(count, followers)
  local link = crowd.new()
  populate(link, count)
  for i = 1, followers do
    browse(link.hosts[i])
    link:advance(APART)
  end
  link:advance(SETTLING)
  local packets, bytes, work = link.packets, link.bytes, 0
  for i = 1, followers do
    work = work - link.hosts[i].work
  end
  link:advance(RESTING)
  for i = 1, followers do
    local host = link.hosts[i]
    work = work + host.work
    assert(host.found == count * SERVICES, ("%d of %d found"):format(host.found, count * SERVICES))
  end
  local minutes = RESTING / 60e3
  local before = memory()
  link:drop_first()
  return {
    packets = (link.packets - packets) / minutes,
    kilobytes = (link.bytes - bytes) / minutes / 1024,
    memory = before - memory(),
    work = work / followers / minutes * 1000,
  }
end

local function growth(first, last, field)
  local times = COUNTS[#COUNTS] / COUNTS[1]
  return math.log(last[field] / first[field]) / math.log(times)
end

local function table_of(title, followers_of)
  print("")
  figures.head(
    title,
    "packets a minute",
    "KiB a minute",
    "memory each, KiB",
    "processor each, ms a minute"
  )
  local first, last
  for _, count in ipairs(COUNTS) do
    local found = measure(count, followers_of(count))
    figures.row(
      ("%d hosts, %d services"):format(count, count * SERVICES),
      ("%.0f"):format(found.packets),
      ("%.0f"):format(found.kilobytes),
      ("%.0f"):format(found.memory),
      ("%.1f"):format(found.work)
    )
    first, last = first or found, found
  end
  figures.row(
    "grows with the number of hosts to the power of",
    ("%.2f"):format(growth(first, last, "packets")),
    ("%.2f"):format(growth(first, last, "kilobytes")),
    ("%.2f"):format(growth(first, last, "memory")),
    ("%.2f"):format(growth(first, last, "work"))
  )
end

function many.run()
  table_of("one host follows all services", function()
    return 1
  end)
  table_of("every host follows all services", function(count)
    return count
  end)
end

return many
