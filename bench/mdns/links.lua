--- The machine's own link goes down and comes up: how long until its name is answered again (it is
--- probed for before, which takes 0.75 to 1.0 s: RFC 6762 section 8.1), and until a name of another
--- host is resolved again. Counted from before the command that brings the link up.

local figures = require("figures")
local mdns_watch = require("support.mdns_watch")
local observe = require("support.mdns_observe")
local uv = require("luv")

local TIMES = 20
local DOWN = 1200 -- ms
local SETTLED = 2500 -- ms

local links = {}

-- Asks for master.local from another host, again and again; prints when it is answered.
local ASK = [[
watch(function(message, from, ms)
  for _, record in ipairs(message.response and message.answers or {}) do
    if record.name == "master.local." and record.type == "A" and record.ttl > 0 then
      print(("answered %.3f"):format(ms))
    end
  end
end)
local timer = uv.new_timer()
timer:start(0, 10, function() ask { { "master.local.", "A" } } end)
print "ready"
]]

local function flap(net, asker, seen)
  local on_host = "ip -n " .. net.hosts.master.netns .. " link set eth0 "
  assert(net:switch(on_host .. "down") == 0)
  uv.sleep(DOWN)
  local asker_from, seen_from = #asker:output(), #seen:output()
  local began = uv.hrtime() / 1e6
  assert(net:switch(on_host .. "up") == 0)
  local own = observe.await(asker, "answered ", asker_from) - began
  local other = observe.await(seen, "found 10.99.0.12 ", seen_from) - began
  uv.sleep(SETTLED)
  return own, other
end

local function measure(title, start)
  figures.on({ "master", "mini2" }, function(net)
    net:avahi("mini2", "mini2")
    local seen = start(net)
    local asker = net:spawn("mini2", mdns_watch.argv(ASK))
    asker:wait_for("answered", 10)
    observe.await(seen, "found 10.99.0.12 ", 1)
    uv.sleep(SETTLED)
    local own, other = {}, {}
    for i = 1, TIMES do
      own[i], other[i] = flap(net, asker, seen)
    end
    figures.row(title .. ", its own name is answered", TIMES, figures.spread(own))
    figures.row(title .. ", a name of another host is found", TIMES, figures.spread(other))
  end)
end

local POLICY = 'strategies = { use("mdns") }, observers = { use("publish", { host = "master" }) },'

function links.run()
  figures.head("after the link is up", "times", "median ms [least-most]")
  measure("mlxresolve", function(net)
    figures.daemon(net, "master", POLICY)
    return observe.resolver(net, "master", "mini2.local")
  end)
end

return links
