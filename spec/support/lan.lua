--- A small network: hosts that are network namespaces, joined by a bridge, connected to
--- nothing else. Works with and without root.
---
---   local lan = require("support.lan").open { "master", "mini2" }   -- names of hosts
---   local run = lan:exec("master", { "dig", "@" .. lan:address "mini2", "example.test" })
---   assert.equal(0, run.code, run.err)
---   local dns = lan:spawn("mini2", { "unbound", "-d", "-c", file })
---   dns:wait_for("start of service", 5)        -- a Lua pattern in what it printed
---   dns:stop()                                 -- SIGTERM, then SIGKILL after 2 s
---   lan:close()                                -- ends the rest, removes the namespaces
---
--- Each host has `eth0` with 10.99.0.(10 + n)/24 and fd99::(10 + n)/64 (hexadecimal, so
--- fd99::b for the first), loopback up, and a /run of its own, as machines have; the rest of
--- the file system is shared. A helper process owns everything: when the spec's process
--- dies, however it dies, the pipe to the helper ends and takes namespaces and programs along.

local avahi = require("support.avahi")
local mdnsd = require("support.mdnsd")
local shell = require("support.shell")
local uv = require("luv")

local POLL_MS = 2

local methods = {}
local mt = { __name = "support.lan", __index = methods }
local process_methods = {}
local process_mt = { __name = "support.lan.process", __index = process_methods }

local lan = {}

local SETUP = [[
mount -t tmpfs tmpfs /run && mkdir -p /run/netns /run/hosts || exit 1
mount -t sysfs sysfs /sys 2>/dev/null
ip link set lo up
ip link add br0 type bridge mcast_snooping 0 forward_delay 0 stp_state 0
ip link set br0 up
]]

-- The bridge's end of each cable keeps IPv6 out, so that only hosts speak on the link.
local HOST = [[
ip netns add NS && mkdir -p /run/hosts/NS && ip -n NS link set lo up
ip link add pINDEX type veth peer name eth0 netns NS
echo 1 >/proc/sys/net/ipv6/conf/pINDEX/disable_ipv6
ip link set pINDEX master br0 up
ip netns exec NS sysctl -qw net.ipv6.conf.all.disable_ipv6=NOV6 net.ipv6.conf.default.accept_dad=0 \
  net.ipv6.conf.eth0.accept_dad=0 net.ipv4.ip_unprivileged_port_start=0
ip -n NS link set eth0 up
ip -n NS addr add V4/24 brd + dev eth0
[ NOV6 = 1 ] || ip -n NS addr add V6/64 dev eth0 nodad
ip -n NS route add 224.0.0.0/4 dev eth0
]]

-- Runs inside the host's namespaces; its own mounts end with it.
local ENTER = [[mount --bind /run/hosts/%s /run && %s exec "$@"]]

local function wait_until(ready, seconds)
  local give_up = uv.hrtime() + seconds * 1e9
  while not ready() do
    if uv.hrtime() > give_up then
      return false
    end
    uv.sleep(POLL_MS)
  end
  return true
end

--- Sends a command line to the helper and waits until it has been run.
local function tell(self, command, seconds)
  self._count = self._count + 1
  local path = ("%s/%d.code"):format(self._folder, self._count)
  self._helper:write(("{ %s\n}; echo $? >%s.new; mv %s.new %s\n"):format(command, path, path, path))
  self._helper:flush()
  local code
  if not wait_until(function()
    code = shell.read(path)
    return code
  end, seconds) then
    error("the network's helper did not answer to: " .. command, 3)
  end
  os.remove(path)
  return tonumber(code)
end

local function host_of(self, name)
  return self.hosts[name] or error(("no host '%s' in this network"):format(tostring(name)), 3)
end

--- The words that run `argv` on a host. `binds` puts files or folders over others.
local function on_host(host, argv, binds)
  local mounts = {}
  for target, source in pairs(binds or {}) do
    local from, to = shell.quote(source), shell.quote(target)
    mounts[#mounts + 1] = source == "tmpfs" and ("mount -t tmpfs tmpfs %s &&"):format(to)
      or ("mount --bind %s %s &&"):format(from, to)
  end
  local enter = ENTER:format(host.netns, table.concat(mounts, " "))
  return ("ip netns exec %s sh -c %s sh %s"):format(
    host.netns,
    shell.quote(enter),
    shell.command(argv)
  )
end

---@class support.LanOptions
---@field ipv6 boolean?  false: IPv4 only

---@class support.LanHost
---@field name string
---@field netns string  namespace, as the helper's `ip netns` knows it
---@field ipv4 string
---@field ipv6 string|false

---@class support.Lan
---@field hosts table<string, support.LanHost>

--- Makes the network. Raises when it cannot.
---@param names string[]
---@param options support.LanOptions?
---@return support.Lan
function lan.open(names, options)
  local unshare = assert(shell.unshare())
  local self = setmetatable({ hosts = {}, _count = 0, _folders = 0 }, mt)
  self._folder = shell.temp_folder()
  self._log = self._folder .. "/helper.log"
  self._helper = assert(io.popen(("exec %s sh >%s 2>&1"):format(unshare, self._log), "we"))
  -- when the spec's process dies, nobody else is there to remove it
  local script = { ("trap 'rm -rf %s' EXIT\n"):format(self._folder), SETUP }
  local prefix = "mlxt" .. self._folder:match("%.(%w+)$")
  local with_ipv6 = not options or options.ipv6 ~= false
  for i, name in ipairs(names) do
    local host = {
      name = name,
      netns = ("%s%d"):format(prefix, i),
      ipv4 = ("10.99.0.%d"):format(10 + i),
      ipv6 = with_ipv6 and ("fd99::%x"):format(10 + i),
    }
    self.hosts[name] = host
    script[#script + 1] = (
      HOST:gsub("%u[%u%d]+", {
        NS = host.netns,
        INDEX = tostring(i),
        V4 = host.ipv4,
        V6 = host.ipv6 or "",
        NOV6 = with_ipv6 and "0" or "1",
      })
    )
  end
  if tell(self, "set -e\n" .. table.concat(script) .. "set +e", 20) ~= 0 then
    local log = shell.read(self._log)
    self:close()
    error("the network could not be made: " .. log, 2)
  end
  return self
end

--- A host's address.
---@param name string
---@param family integer?  4 (default) or 6
---@return string
function methods:address(name, family)
  local host = host_of(self, name)
  return family == 6 and host.ipv6 or host.ipv4
end

---@class support.LanExec
---@field timeout number?  s, 20
---@field binds table<string, string>?  { ["/etc/hosts"] = "/tmp/my-hosts", ["/var/x"] = "tmpfs" }

--- Runs a program on a host and waits for it.
---@param name string
---@param argv string[]
---@param options support.LanExec?
---@return support.Run
function methods:exec(name, argv, options)
  local host = host_of(self, name)
  local seconds = options and options.timeout or 20
  local timed = { "timeout", "-k", "1", tostring(seconds), unpack(argv) }
  local out, err = self._folder .. "/out", self._folder .. "/err"
  local command = on_host(host, timed, options and options.binds)
  local code = tell(self, ("%s >%s 2>%s </dev/null"):format(command, out, err), seconds + 5)
  return { code = code, out = shell.read(out), err = shell.read(err) }
end

--- Runs Lua source on a host, with the spec's modules; raises when it fails.
---@param name string
---@param source string
---@param options support.LanExec?
---@return string out
function methods:lua(name, source, options)
  local file = self._folder .. "/code.lua"
  shell.write(file, source)
  local run = self:exec(name, {
    "env",
    "LUA_PATH=" .. package.path,
    "LUA_CPATH=" .. package.cpath,
    "luajit",
    file,
  }, options)
  if run.code ~= 0 then
    error(("the code on %s ended with %d:\n%s%s"):format(name, run.code, run.out, run.err), 2)
  end
  return run.out
end

--- Starts a program on a host in the background.
---@param name string
---@param argv string[]
---@param options support.LanExec?
---@return support.LanProcess
function methods:spawn(name, argv, options)
  local host = host_of(self, name)
  local base = ("%s/spawn%d"):format(self._folder, self._count)
  local command = on_host(host, argv, options and options.binds)
  tell(
    self,
    ("%s >%s.log 2>&1 </dev/null & echo $! >%s.pid"):format("exec " .. command, base, base),
    5
  )
  local pid = tonumber(shell.read(base .. ".pid"))
  return setmetatable({ _lan = self, pid = pid, _log = base .. ".log" }, process_mt)
end

--- Runs a shell command line where the bridge is: `ip link set p2 down` pulls the cable of
--- the second host, `ip -n NETNS …` changes a host.
---@param command string
---@return integer code
function methods:switch(command)
  return tell(self, command, 20)
end

--- A new folder that goes with the network, for configuration files and sockets.
---@return string
function methods:folder()
  self._folders = self._folders + 1
  local path = ("%s/folder%d"):format(self._folder, self._folders)
  os.execute("mkdir " .. path)
  return path
end

--- Start a stack on a host: see spec/support/avahi.lua and spec/support/mdnsd.lua.
methods.avahi = avahi.start
methods.mdnsd = mdnsd.start

--- Ends all programs and removes the namespaces.
function methods:close()
  if self._helper then
    self._helper:close()
    self._helper = nil
    shell.remove_folder(self._folder)
  end
end

---@class support.LanProcess
---@field pid integer  within the network's process namespace

--- Sends a signal, such as "HUP".
---@return boolean was_there
function process_methods:signal(name)
  return tell(self._lan, ("kill -%s %d 2>/dev/null"):format(name, self.pid), 5) == 0
end

---@return boolean
function process_methods:is_running()
  local test = [[case $(cat /proc/%d/stat 2>/dev/null) in ""|*") Z "*) false;; esac]]
  return tell(self._lan, test:format(self.pid), 5) == 0
end

--- What it printed so far, stdout and stderr together.
---@return string
function process_methods:output()
  return shell.read(self._log) or ""
end

--- Waits until it printed a Lua pattern; raises with its output when it did not.
---@param pattern string
---@param seconds number?  5
function process_methods:wait_for(pattern, seconds)
  if not wait_until(function()
    return self:output():find(pattern)
  end, seconds or 5) then
    error(("'%s' was not printed, but:\n%s"):format(pattern, self:output()), 2)
  end
end

--- Ends it: SIGTERM, and SIGKILL when that did not do within `seconds` (2).
---@param seconds number?
---@return boolean gently
function process_methods:stop(seconds)
  self:signal("TERM")
  local gently = wait_until(function()
    return not self:is_running()
  end, seconds or 2)
  if not gently then
    self:signal("KILL")
  end
  return gently
end

return lan
