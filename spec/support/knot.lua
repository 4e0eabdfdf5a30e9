--- A Knot DNS on a host of a test network, authoritative for a zone; over UDP it refuses with
--- BADCOOKIE those who send a cookie without the part that it gave them (RFC 7873).
---
---   local dns = knot.start(net, "dns2", "example.test", "www 60 IN A 192.0.2.80\n")
---   dns:stats()["mod-cookies.presence"]
---   dns.process:stop()

local shell = require("support.shell")

local CONFIGURATION = [[
server:
  rundir: "FOLDER"
  listen: [ 0.0.0.0@53 ]
  tcp-workers: 1
  udp-workers: 1
  background-workers: 1
log:
  - target: stderr
    any: info
database:
  storage: "FOLDER"
mod-cookies:
  - id: strict
    badcookie-slip: 1
mod-stats:
  - id: counts
    request-protocol: on
template:
  - id: default
    storage: "FOLDER"
    file: "zone"
    global-module: [ mod-cookies/strict, mod-stats/counts ]
    zonefile-sync: -1
    journal-content: none
zone:
  - domain: ZONE
]]

local SOA = "%s. 300 IN SOA ns.%s. hostmaster.%s. 1 3600 600 86400 60\n"

local knot = {}
local methods = {}
local mt = { __name = "support.knot", __index = methods }

---@param lan support.Lan
---@param host string
---@param zone string
---@param records string  master file lines; names are relative to the zone
function knot.start(lan, host, zone, records)
  local folder = lan:folder()
  local fields = { FOLDER = folder, ZONE = zone }
  shell.write(folder .. "/knot.conf", (CONFIGURATION:gsub("%u%u%u%u+", fields)))
  shell.write(
    folder .. "/zone",
    "$ORIGIN " .. zone .. ".\n" .. SOA:format(zone, zone, zone) .. "@ 300 IN NS ns\n" .. records
  )
  local self = setmetatable({ lan = lan, host = host, folder = folder }, mt)
  self.process = lan:spawn(host, { "knotd", "-c", folder .. "/knot.conf" })
  self.process:wait_for("server started", 10)
  return self
end

--- Its counters.
---@return table<string, integer>
function methods:stats()
  local argv = { "knotc", "-c", self.folder .. "/knot.conf", "stats" }
  local run = self.lan:exec(self.host, argv)
  local counts = {}
  for name, value in run.out:gmatch("([^\n]+) = (%d+)") do
    counts[name] = tonumber(value)
  end
  return counts
end

return knot
