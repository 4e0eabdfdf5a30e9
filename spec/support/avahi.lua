--- An avahi-daemon on a host of a test network, without D-Bus.
---
---   lan:avahi("mini2", "mini2")                        -- publishes mini2.local
---   lan:avahi("mini3", "mini3", {
---     hosts = { ["extra.local"] = "10.99.0.99" },      -- what /etc/avahi/hosts would say
---     services = { { name = "worker", type = "_mlx._tcp", port = 50051, txt = { "k=v" } } },
---     server = { ["use-ipv6"] = "no" },                -- further lines of [server]
---     publish = { ["publish-hinfo"] = "yes" },         -- and of [publish]
---   })
---
--- Returns the process once it has announced itself. Its socket is that host's
--- /run/avahi-daemon/socket.

local shell = require("support.shell")

local avahi = {}

local SERVER = {
  ["use-ipv4"] = "yes",
  ["use-ipv6"] = "yes",
  ["enable-dbus"] = "no",
  ["ratelimit-interval-usec"] = "1000",
  ["ratelimit-burst"] = "100000",
}
local PUBLISH = { ["publish-hinfo"] = "no", ["publish-workstation"] = "no" }

local function section(title, defaults, given)
  local lines = { ("[%s]"):format(title) }
  for key, value in pairs(given or {}) do
    lines[#lines + 1] = ("%s=%s"):format(key, value)
  end
  for key, value in pairs(defaults) do
    if not (given and given[key]) then
      lines[#lines + 1] = ("%s=%s"):format(key, value)
    end
  end
  return table.concat(lines, "\n") .. "\n"
end

local function service_file(service)
  local texts = {}
  for i, text in ipairs(service.txt or {}) do
    texts[i] = ("<txt-record>%s</txt-record>"):format(text)
  end
  return ([[<?xml version="1.0" standalone="no"?>
<!DOCTYPE service-group SYSTEM "avahi-service.dtd">
<service-group><name>%s</name><service><type>%s</type><port>%d</port>%s</service></service-group>
]]):format(service.name, service.type, service.port, table.concat(texts))
end

-- The daemon gives its folder to user and group avahi, which a user namespace with one user
-- does not have: there they are root by another name.
local USERS = "avahi:x:0:0::/:/bin/false\nroot:x:0:0::/:/bin/sh\n"
local GROUPS = "avahi:x:0:\nroot:x:0:\n"

---@class support.AvahiOptions
---@field hosts table<string, string>?
---@field services { name: string, type: string, port: integer, txt: string[]? }[]?
---@field server table<string, string>?
---@field publish table<string, string>?

--- Use `lan:avahi(host, hostname, options)`.
---@param lan support.Lan
---@param host string
---@param hostname string  without ".local"
---@param options support.AvahiOptions?
---@return support.LanProcess
function avahi.start(lan, host, hostname, options)
  options = options or {}
  local folder = lan:folder()
  local lines = {}
  for name, address in pairs(options.hosts or {}) do
    lines[#lines + 1] = address .. " " .. name .. "\n"
  end
  local server = { ["host-name"] = hostname }
  for key, value in pairs(options.server or {}) do
    server[key] = value
  end
  shell.write(
    folder .. "/avahi.conf",
    section("server", SERVER, server)
      .. section("wide-area", { ["enable-wide-area"] = "no" })
      .. section("publish", PUBLISH, options.publish)
  )
  shell.write(folder .. "/hosts", table.concat(lines))
  shell.write(folder .. "/passwd", USERS)
  shell.write(folder .. "/group", GROUPS)
  os.execute("mkdir -p " .. folder .. "/services")
  for i, service in ipairs(options.services or {}) do
    shell.write(("%s/services/%d.service"):format(folder, i), service_file(service))
  end
  local process = lan:spawn(host, {
    "sh",
    "-c",
    "mkdir -p /run/avahi-daemon && exec avahi-daemon --no-drop-root --no-chroot --no-rlimits -f "
      .. folder
      .. "/avahi.conf",
  }, {
    binds = {
      ["/etc/passwd"] = folder .. "/passwd",
      ["/etc/group"] = folder .. "/group",
      ["/etc/avahi/hosts"] = folder .. "/hosts",
      ["/etc/avahi/services"] = folder .. "/services",
    },
  })
  process:wait_for("Server startup complete", 10)
  return process
end

return avahi
