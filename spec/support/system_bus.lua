--- A D-Bus system bus on a host of a test network, for the programs that speak with an
--- avahi-daemon over it (avahi-browse, avahi-resolve). Start it before the daemon, and give that
--- `server = { ["enable-dbus"] = "yes" }`.

local shell = require("support.shell")

local system_bus = {}

local CONFIG = [[<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=/run/dbus/system_bus_socket</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/><allow own="*"/>
    <allow send_type="method_call"/><allow send_type="signal"/>
    <allow send_destination="*"/><allow receive_sender="*"/>
  </policy>
</busconfig>
]]

--- Why there can be none, or nil.
---@return string|nil
function system_bus.missing()
  for _, program in ipairs { "dbus-daemon", "avahi-browse", "avahi-resolve" } do
    if os.execute("command -v " .. program .. " >/dev/null 2>&1") ~= 0 then
      return program .. " is not installed"
    end
  end
end

---@param lan support.Lan
---@param host string
---@return support.LanProcess
function system_bus.start(lan, host)
  local file = lan:folder() .. "/bus.conf"
  shell.write(file, CONFIG)
  local process = lan:spawn(host, {
    "sh",
    "-c",
    "mkdir -p /run/dbus && exec dbus-daemon --nofork --nopidfile --print-address --config-file="
      .. file,
  })
  process:wait_for("unix:path", 5)
  return process
end

return system_bus
