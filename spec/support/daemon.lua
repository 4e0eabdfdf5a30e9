--- The program on a host of a test network, and the ways in which it is asked.
---
---   local daemon = require("support.daemon").start(net, "master", [[strategies = { … }]])
---   local reply = daemon:dig("mini2.local", "A", "+tcp")
---   assert.same({ "10.99.0.12" }, reply.answers)
---   local run, shown = daemon:query("mini2.local", "--trace")   -- shown: its JSON, a table a type
---   assert.equal(0, daemon:stop())                              -- its exit code
---
--- The policy's text goes between `mlx.policy {` and `}`, with `mlx` and `use` at hand.

local json = require("mlxresolve.json")
local shell = require("support.shell")

-- Says which process it is, and how it ended.
local WATCHED = [["$@" & echo "pid $!"; wait $!; echo "ended with $?"]]

local HEAD = 'local mlx = require("mlxresolve")\nlocal use = mlx.use\nreturn mlx.policy {\n'

local daemon = {}
local methods = {}
local mt = { __name = "support.daemon", __index = methods }

local function working_folder()
  local pipe = assert(io.popen("pwd"))
  local path = pipe:read("*l")
  pipe:close()
  return path
end

daemon.program = ("%s/%s/mlxresolve"):format(working_folder(), os.getenv("MLXR_BUILD") or "build")

---@class support.DaemonOptions
---@field listen string?              "127.0.0.1:5453"
---@field env table<string, string>?  further environment
---@field binds table<string, string>?
---@field policy_file string?         in place of the text

local function environment(env)
  local words = { "sh", "-c", WATCHED, "sh", "env" }
  for name, value in pairs(env or {}) do
    words[#words + 1] = name .. "=" .. value
  end
  return words
end

--- Starts it and waits until it is ready.
---@param lan support.Lan
---@param host string
---@param policy string|nil
---@param options support.DaemonOptions?
---@return support.Daemon
function daemon.start(lan, host, policy, options)
  options = options or {}
  local folder = lan:folder()
  local self = setmetatable({
    lan = lan,
    host = host,
    folder = folder,
    control = folder .. "/control",
    file = options.policy_file or folder .. "/policy.lua",
    listen = options.listen or "127.0.0.1:5453",
  }, mt)
  if policy then
    self:write(policy)
  end
  local argv = environment(options.env)
  for _, word in ipairs {
    daemon.program,
    "run",
    self.file,
    "--json",
    "--control",
    self.control,
    "--listen",
    self.listen,
  } do
    argv[#argv + 1] = word
  end
  self.process = lan:spawn(host, argv, { binds = options.binds })
  self.process:wait_for('"event":"ready"', 10)
  self.pid = tonumber(self.process:output():match("pid (%d+)"))
  return self
end

--- Puts another policy in the place of the first; `reload` makes it count.
---@param policy string
function methods:write(policy)
  shell.write(self.file, HEAD .. policy .. "\n}\n")
end

---@class support.DigReply
---@field status string    "NOERROR", "NXDOMAIN", …
---@field answers string[] rdata of the answer section, in order
---@field owners string[]  "name TYPE" of the same records
---@field ttls integer[]
---@field ede string|nil   "22 (No Reachable Authority): (text)"
---@field ms integer
---@field text string      all that dig printed
---@field code integer

--- Asks over DNS, from the daemon's own host.
---@param ... string  a name, a type, options of dig
---@return support.DigReply
function methods:dig(...)
  local ip, port = self.listen:match("^%[?(.-)%]?:(%d+)$")
  local argv = { "dig", "-r", "@" .. ip, "-p", port, "+tries=1", "+time=8" }
  for _, word in ipairs { ... } do
    argv[#argv + 1] = word
  end
  local run = self.lan:exec(self.host, argv)
  local reply = { text = run.out .. run.err, code = run.code, answers = {}, owners = {}, ttls = {} }
  reply.status = run.out:match("status: (%u+)")
  reply.ede = run.out:match("\n; EDE: ([^\n]*)")
  reply.ms = tonumber(run.out:match("Query time: (%d+) msec"))
  local section = run.out:match(";; ANSWER SECTION:\n(.-)\n\n") or ""
  for line in section:gmatch("[^\n]+") do
    local owner, ttl, type, data = line:match("^(%S+)%s+(%d+)%s+IN%s+(%S+)%s+(.*)$")
    table.insert(reply.answers, data)
    table.insert(reply.owners, owner .. " " .. type)
    table.insert(reply.ttls, tonumber(ttl))
  end
  return reply
end

--- Runs any command of the program on the daemon's host.
---@param ... string
---@return support.Run
function methods:run(...)
  return self.lan:exec(self.host, { daemon.program, ... })
end

--- `mlxresolve query … --json` through the control socket.
---@param ... string
---@return support.Run run, table ... what was shown, an object a type
function methods:query(...)
  local run = self:run("query", "--json", "--control", self.control, ...)
  local shown = {}
  for line in run.out:gmatch("[^\n]+") do
    shown[#shown + 1] = json.decode(line)
  end
  return run, unpack(shown)
end

---@return table
function methods:status()
  return json.decode(self:run("status", "--json", "--control", self.control).out)
end

--- The resident memory, KiB.
---@return integer
function methods:memory()
  local file = ("/proc/%d/status"):format(self.pid)
  local run = self.lan:exec(self.host, { "cat", file })
  return assert(tonumber(run.out:match("VmRSS:%s*(%d+)")), run.err)
end

--- Ends it with SIGTERM: its exit code, or nil when it was not gone within a second.
---@return integer|nil code
function methods:stop()
  if not self.process:output():find("ended with") then
    self.lan:switch("kill -TERM " .. self.pid)
    if not pcall(self.process.wait_for, self.process, "ended with %d+", 1) then
      self.lan:switch("kill -KILL " .. self.pid)
      return nil
    end
  end
  return tonumber(self.process:output():match("ended with (%d+)"))
end

return daemon
