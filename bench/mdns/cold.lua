--- A name of another host that nobody has asked for before: over DNS from this program, from a bare
--- packet, and from Avahi's resolver, in turns. The other host is an avahi-daemon.

local figures = require("figures")
local uv = require("luv")

local ROUNDS = 10
local PAUSE = 15 -- ms
local ANNOUNCED = 9000 -- ms
local EACH = 20 -- names per round, of Avahi's resolver a tenth

local cold = {}

-- Asks names in turns: with a bare packet, whose answer comes to its port alone, and over DNS.
-- Prints the kind and ms.
local ASK = figures.ON_ETH0
  .. [[
local mdns = core.udp.open { bind = "0.0.0.0:0", multicast = true }
local dns = core.udp.open { bind = "127.0.0.1:0" }
local KINDS = {
  { "bare", "b", mdns, "224.0.0.251:5353", index },
  { "ours", "o", dns, "127.0.0.1:5453", 0 },
}
local began, kind, name
local ask
local function heard(socket)
  local batch = {}
  for i = 1, socket:step(0, batch) * 6, 6 do
    local ms = (uv.hrtime() - began) / 1e6
    local message = core.wire.decode(batch[i])
    assert(message.answers[1].name == name and socket == kind[3], message.rcode)
    print(kind[1] .. " " .. ms)
    local pause = uv.new_timer()
    pause:start(PAUSE, 0, function() pause:close() ask() end)
  end
end
for _, one in ipairs(KINDS) do
  uv.new_poll(one[3]:fd()):start("r", function() heard(one[3]) end)
end
local at, number = 0, FIRST - 1
function ask()
  at = at % #KINDS + 1
  if at == 1 then number = number + 1 end
  if number > LAST then os.exit(0) end
  kind = KINDS[at]
  name = kind[2] .. number .. ".local."
  local query = core.wire.encode { id = at, recursion_desired = true,
    questions = { { name = name, type = "A" } } }
  began = uv.hrtime()
  kind[3]:send(query, kind[4], kind[5])
end
ask()
uv.run()
]]

-- Asks the daemon's simple socket; prints ms.
local ASK_AVAHI = [[
local uv = require "luv"
local function ask(i)
  if i > LAST then return end
  local pipe = uv.new_pipe(false)
  local began = uv.hrtime()
  pipe:connect("/run/avahi-daemon/socket", function(problem)
    assert(not problem, problem)
    pipe:write("RESOLVE-HOSTNAME-IPV4 a" .. i .. ".local\n")
    pipe:read_start(function(_, data)
      assert(data and data:find("10.99.1.", 1, true), data)
      print((uv.hrtime() - began) / 1e6)
      pipe:read_stop()
      pipe:close()
      ask(i + 1)
    end)
  end)
end
ask(FIRST)
uv.run()
]]

local function with(code, first, last)
  return (code:gsub("FIRST", first):gsub("LAST", last):gsub("PAUSE", PAUSE))
end

-- Every address but once: their reverse names are Avahi's as well.
local function names()
  local hosts = {}
  for i = 1, ROUNDS * EACH do
    hosts["b" .. i .. ".local"] = ("10.99.2.%d"):format(i)
    hosts["o" .. i .. ".local"] = ("10.99.4.%d"):format(i)
  end
  for i = 1, ROUNDS * EACH / 10 do
    hosts["a" .. i .. ".local"] = ("10.99.1.%d"):format(i)
  end
  return hosts
end

function cold.run()
  figures.on({ "master", "mini2", "mini3" }, function(net)
    net:avahi("mini2", "mini2", { hosts = names() })
    -- all is announced before the next comes, so that its cache is as cold as ours
    uv.sleep(ANNOUNCED)
    net:avahi("mini3", "mini3")
    figures.daemon(net, "master", 'strategies = { use("literal"), use("localhost"), use("mdns") }')
    local lists = { bare = {}, ours = {}, avahi = {} }
    for round = 0, ROUNDS - 1 do
      local first = round * EACH + 1
      local out = net:lua("master", with(ASK, first, first + EACH - 1), { timeout = 60 })
      for kind, ms in out:gmatch("(%a+) ([%d.e-]+)\n") do
        table.insert(lists[kind], tonumber(ms))
      end
      local of_avahi = round * EACH / 10 + 1
      out = net:lua("mini3", with(ASK_AVAHI, of_avahi, of_avahi + EACH / 10 - 1))
      for _, ms in ipairs(figures.numbers(out)) do
        table.insert(lists.avahi, ms)
      end
    end
    local floor = figures.quantile(lists.bare, 0.5)
    local function row(title, list)
      local times = figures.quantile(list, 0.5) / floor
      figures.row(title, figures.spread(list), ("%.2f"):format(times))
    end
    figures.head(("a cold name, %d each"):format(#lists.ours), "median ms [least-most]", "times")
    row("a bare packet and its answer", lists.bare)
    row("mlxresolve over DNS", lists.ours)
    row("avahi's resolver", lists.avahi)
    local ours, avahi = figures.quantile(lists.ours, 0.5), figures.quantile(lists.avahi, 0.5)
    print(("avahi's resolver takes %.0f times as long as mlxresolve"):format(avahi / ours))
  end)
end

return cold
