--- 10,000 packets a second of new names for 30 s from one host: how much memory the daemon takes
--- meanwhile, and how soon it answers for its own name, which a third host asks for. The daemon
--- publishes a service of the type that the flood makes up instances of; then the same while a
--- program browses for that type.

local figures = require("figures")
local shell = require("support.shell")
local uv = require("luv")

local RATE, SECONDS = 10000, 30

local flood = {}

local POLICY = [[
strategies = { use("mdns") },
observers = { use("publish", { host = "master", service = "_mlx._tcp", port = 50051 }) },
]]

-- Asks for master.local every 30 ms; prints how long each answer took.
local ASK = figures.ON_ETH0
  .. [[
local socket = core.udp.open { bind = "0.0.0.0:0", multicast = true }
local query = core.wire.encode { id = 9,
  questions = { { name = "master.local.", type = "A", class = "IN" } } }
local asked
local batch = {}
uv.new_poll(socket:fd()):start("r", function()
  if socket:step(0, batch) > 0 and asked then
    print((uv.hrtime() - asked) / 1e6)
    asked = nil
  end
end)
local ends = uv.hrtime() + SECONDS * 1e9
local timer = uv.new_timer()
timer:start(0, 30, function()
  if uv.hrtime() > ends then os.exit(0) end
  if asked and uv.hrtime() - asked > 1e9 then print(1000) asked = nil end
  if not asked then
    asked = uv.hrtime()
    socket:send(query, "224.0.0.251:5353", index)
  end
end)
uv.run()
]]

local function memory(net, pid, field)
  local run = net:exec("master", { "cat", ("/proc/%d/status"):format(pid) })
  return assert(tonumber(run.out:match(field .. ":%s*(%d+)")), run.err)
end

local function processor_ms(net, pid)
  local run = net:exec("master", { "cat", ("/proc/%d/stat"):format(pid) })
  local fields = {}
  for word in run.out:match("%) (.*)"):gmatch("%S+") do
    fields[#fields + 1] = tonumber(word) or 0
  end
  return (fields[12] + fields[13]) * 10
end

local function measure(title, is_browsing)
  figures.on({ "master", "mini2", "mini3" }, function(net)
    local _, folder = figures.daemon(net, "master", POLICY)
    local pid =
      tonumber(net:exec("master", { "pgrep", "-f", folder .. "/policy.lua" }).out:match("%d+"))
    if is_browsing then
      net:spawn("master", {
        figures.program,
        "browse",
        "_mlx._tcp",
        "--json",
        "--control",
        folder .. "/control",
      })
    end
    uv.sleep(3000)
    local asking = ASK:gsub("SECONDS", 3)
    local quiet = figures.numbers(net:lua("mini3", asking))
    local before, ms_before = memory(net, pid, "VmRSS"), processor_ms(net, pid)
    local own = net:folder()
    local sender = net:spawn("mini2", {
      "sh",
      "-c",
      ("build/bench/mdns_flood %s %d %d >%s/sent; echo over"):format(
        net:address("mini2"),
        RATE,
        SECONDS,
        own
      ),
    })
    asking = ASK:gsub("SECONDS", SECONDS - 1)
    local waits = figures.numbers(net:lua("mini3", asking, { timeout = SECONDS + 20 }))
    sender:wait_for("over", 10)
    uv.sleep(500)
    local sent = shell.read(own .. "/sent") or ""
    local after, ms_after = memory(net, pid, "VmRSS"), processor_ms(net, pid)
    local peak = memory(net, pid, "VmHWM")
    figures.head("a flood of new names, " .. title, "")
    figures.row("packets sent, a second", sent:match("rate=(%d+)") or "?")
    figures.row("packets sent", sent:match("sent=(%d+)") or "?")
    figures.row("memory before, KiB", before)
    figures.row(
      "memory grows by, KiB (and at most, meanwhile)",
      ("%d (%d)"):format(after - before, peak - before)
    )
    figures.row(
      "processor time of the daemon",
      ("%.0f %%"):format((ms_after - ms_before) / SECONDS / 10)
    )
    figures.row("own name, no flood, ms", figures.spread(quiet))
    figures.row("own name, flood, ms", figures.spread(waits))
    figures.row("own name, flood, p99 ms", ("%.3f"):format(figures.quantile(waits, 0.99)))
    figures.row("own name, flood, asked for", #waits)
  end)
end

function flood.run()
  measure("nobody browses", false)
  print("")
  measure("somebody browses", true)
end

return flood
