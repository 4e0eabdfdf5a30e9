--- An unbound on a host of a test network, authoritative for a zone and for nothing else.
---
---   local dns = unbound.start(net, "mini2", "example.test", [[
---   www 60 IN A 192.0.2.80
---   ]])
---   dns:count "num.query.tcp"
---   dns.process:stop()
---
--- Names below `broken.test` are SERVFAIL: their servers cannot be reached.

local shell = require("support.shell")

local CONFIGURATION = [[
server:
  interface: 0.0.0.0
  interface: ::0
  access-control: 0.0.0.0/0 allow
  access-control: ::0/0 allow
  username: ""
  chroot: ""
  directory: "FOLDER"
  pidfile: ""
  use-syslog: no
  log-queries: yes
  verbosity: 1
  local-zone: "test." nodefault
  module-config: "iterator"
  extended-statistics: yes
remote-control:
  control-enable: yes
  control-interface: FOLDER/control
  control-use-cert: no
auth-zone:
  name: "ZONE"
  zonefile: "FOLDER/zone"
  for-upstream: no
  for-downstream: yes
forward-zone:
  name: "broken.test"
  forward-addr: 127.0.0.1@9
]]

local SOA = "%s. 300 IN SOA ns.%s. hostmaster.%s. 1 3600 600 86400 60\n"

local unbound = {}
local methods = {}
local mt = { __name = "support.unbound", __index = methods }

---@param lan support.Lan
---@param host string
---@param zone string
---@param records string  master file lines; names are relative to the zone
---@return support.Unbound
function unbound.start(lan, host, zone, records)
  local folder = lan:folder()
  local fields = { FOLDER = folder, ZONE = zone }
  shell.write(folder .. "/unbound.conf", (CONFIGURATION:gsub("%u%u%u%u+", fields)))
  shell.write(
    folder .. "/zone",
    "$ORIGIN " .. zone .. ".\n" .. SOA:format(zone, zone, zone) .. "@ 300 IN NS ns\n" .. records
  )
  local self = setmetatable({ lan = lan, host = host, folder = folder }, mt)
  self.process = lan:spawn(host, { "unbound", "-d", "-c", folder .. "/unbound.conf" })
  self.process:wait_for("start of service", 10)
  return self
end

--- A figure of `unbound-control stats_noreset`.
---@param name string  "num.query.tcp"
---@return integer
function methods:count(name)
  local argv = { "unbound-control", "-c", self.folder .. "/unbound.conf", "stats_noreset" }
  local run = self.lan:exec(self.host, argv)
  local found = ("\n" .. run.out):match("\n" .. name:gsub("%p", "%%%0") .. "=(%d+)")
  return assert(tonumber(found), run.out .. run.err)
end

return unbound
