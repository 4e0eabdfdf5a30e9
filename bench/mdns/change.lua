--- A host gets another address, or leaves: how long after it has said so on the link a subscriber
--- (`resolver:watch`) is told, and a query gets the new answer.

local figures = require("figures")
local observe = require("support.mdns_observe")
local uv = require("luv")

local ADDRESSES = { "10.99.0.12", "10.99.0.77" }

local change = {}

-- One move: the moments when it was said, told and found.
local function move(net, wire, seen, to, from)
  local said_from, seen_from = #wire:output(), #seen:output()
  local on_host = "ip -n " .. net.hosts.mini2.netns .. " addr "
  -- the old one first: with the first of a network its others go as well
  assert(net:switch(("%sdel %s/24 dev eth0"):format(on_host, from)) == 0)
  assert(net:switch(("%sadd %s/24 dev eth0"):format(on_host, to)) == 0)
  local said = observe.await(wire, "said " .. to .. " 120 ", said_from, 70)
  local told = observe.await(seen, "told added " .. to .. " ", seen_from, 5)
  local found = observe.await(seen, "found " .. to .. " ", seen_from, 5)
  return said, told, found
end

local function moves(net, title, times, pause)
  local wire = observe.wire(net, "mini3", "mini2.local.")
  local seen = observe.resolver(net, "master", "mini2.local")
  observe.await(seen, "found 10.99.0.12 ", 1, 5)
  uv.sleep(2500)
  local told_after, found_after = {}, {}
  for i = 1, times do
    local from, to = ADDRESSES[2 - i % 2], ADDRESSES[1 + i % 2]
    local said, told, found = move(net, wire, seen, to, from)
    told_after[i], found_after[i] = math.max(0, told - said), math.max(0, found - said)
    uv.sleep(pause)
  end
  figures.row(title .. ", a subscriber is told", times, figures.spread(told_after))
  figures.row(title .. ", a query gets it", times, figures.spread(found_after))
  return wire, seen
end

local function leave(title, wire, seen, stop, again, times)
  local gone, missing = {}, {}
  for i = 1, times do
    local said_from, seen_from = #wire:output(), #seen:output()
    stop()
    local said = observe.await(wire, "said 10.99.0.12 0 ", said_from, 5)
    gone[i] = observe.await(seen, "told gone 10.99.0.12 ", seen_from, 5) - said
    missing[i] = observe.await(seen, "found none ", seen_from, 5) - said
    if i < times then
      again()
      observe.await(seen, "found 10.99.0.12 ", seen_from, 10)
      uv.sleep(2500)
    end
  end
  figures.row(title .. ", a subscriber is told of a goodbye", times, figures.spread(gone))
  figures.row(title .. ", a query finds no one after a goodbye", times, figures.spread(missing))
end

local POLICY = 'strategies = { use("mdns") }, observers = { use("publish", { host = "mini2" }) },'

function change.run()
  figures.head("after the packet is on the wire", "times", "median ms [least-most]")
  figures.on({ "master", "mini2", "mini3" }, function(net)
    local daemon = net:avahi("mini2", "mini2")
    local wire, seen = moves(net, "avahi-daemon", 20, 1500)
    leave("avahi-daemon", wire, seen, function()
      daemon:stop()
    end, function()
      daemon = net:avahi("mini2", "mini2")
    end, 10)
  end)
  figures.on({ "master", "mini2", "mini3" }, function(net)
    local daemon = figures.daemon(net, "mini2", POLICY)
    -- ten updates a minute are what a responder may announce (RFC 6762 section 8.4)
    local wire, seen = moves(net, "mlxresolve", 20, 6200)
    leave("mlxresolve", wire, seen, function()
      daemon:stop()
    end, function()
      daemon = figures.daemon(net, "mini2", POLICY)
    end, 10)
  end)
end

return change
