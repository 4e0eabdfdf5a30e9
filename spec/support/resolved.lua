--- A systemd-resolved on a host of a test network: unpacked from its Debian package, never
--- installed, since installing it takes over the machine's own name resolution.
---
---   local path, why = resolved.available()      -- fetched once, into build/
---   local process = resolved.start(net, "master")

local shell = require("support.shell")

local resolved = {}

local FOLDER = "build/resolved"
local FETCH = "mkdir -p %s && cd %s && apt-get download systemd-resolved && dpkg -x *.deb ."

--- Where the program is; nil and why when it cannot be had.
---@return string|nil path, string? why
function resolved.available()
  local pipe = assert(io.popen("pwd"))
  local path = pipe:read("*l") .. "/" .. FOLDER .. "/lib/systemd/systemd-resolved"
  pipe:close()
  if not shell.read(path) then
    os.execute(("(%s) >/dev/null 2>&1"):format(FETCH:format(FOLDER, FOLDER)))
  end
  local is_broken = os.execute(("ldd %s 2>&1 | grep -q 'not found'"):format(path)) == 0
  if is_broken or not shell.read(path) then
    return nil, "systemd-resolved cannot be had here"
  end
  return path
end

-- Without networkd somebody else has to say that the link is managed and speaks mDNS.
local LINK = "ADMIN_STATE=configured\\nOPER_STATE=routable\\nMDNS=yes\\nLLMNR=no\\n"
local CONFIGURATION = "[Resolve]\nMulticastDNS=yes\nDNSStubListener=no\nLLMNR=no\n"
local USERS = "root:x:0:0::/:/bin/sh\nsystemd-resolve:x:0:0::/:/bin/false\n"
local GROUPS = "root:x:0:\nsystemd-resolve:x:0:\n"

--- Starts it, speaking mDNS on the host's eth0, and waits until it can be asked.
---@param lan support.Lan
---@param host string
---@return support.LanProcess
function resolved.start(lan, host)
  local folder = lan:folder()
  os.execute("mkdir -p " .. folder .. "/systemd")
  shell.write(folder .. "/systemd/resolved.conf", CONFIGURATION)
  shell.write(folder .. "/passwd", USERS)
  shell.write(folder .. "/group", GROUPS)
  local script = (
    "mkdir -p /run/systemd/resolve /run/systemd/netif/links && "
    .. "printf '%s' >/run/systemd/netif/links/$(cat /sys/class/net/eth0/ifindex) && exec %s"
  ):format(LINK, assert(resolved.available()))
  local process = lan:spawn(host, { "sh", "-c", script }, {
    binds = {
      ["/etc/passwd"] = folder .. "/passwd",
      ["/etc/group"] = folder .. "/group",
      ["/etc/systemd"] = folder .. "/systemd",
    },
  })
  -- 5353 is bound once a link speaks mDNS; before that nobody is asked.
  local bound = "grep -q ':14E9 ' /proc/net/"
  local wait = ("until [ -S %s ] && %sudp && %sudp6; do sleep 0.02; done"):format(
    "/run/systemd/resolve/io.systemd.Resolve",
    bound,
    bound
  )
  assert(lan:exec(host, { "sh", "-c", wait }, { timeout = 5 }).code == 0, process:output())
  return process
end

return resolved
