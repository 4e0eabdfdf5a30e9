--- Troglobit's mdnsd on a host of a test network: the second stack of the field, of other descent
--- than Avahi.
---
---   lan:mdnsd("mini3", "mini3", { { type = "_mlx._tcp", port = 8080, txt = { "k=v" } } })
---   local out = mdnsd.query(lan, "mini3", "_mlx._tcp.local.")   -- what its mquery shows

local shell = require("support.shell")

local mdnsd = {}

--- Why there can be none, or nil.
---@return string|nil
function mdnsd.missing()
  for _, program in ipairs { "mdnsd", "mquery" } do
    if os.execute("command -v " .. program .. " >/dev/null 2>&1") ~= 0 then
      return program .. " is not installed"
    end
  end
end

local function service_file(service)
  local lines = { "type " .. service.type, "port " .. service.port }
  if service.name then
    lines[#lines + 1] = "name " .. service.name
  end
  for _, text in ipairs(service.txt or {}) do
    lines[#lines + 1] = "txt " .. text
  end
  return table.concat(lines, "\n") .. "\n"
end

--- Use `lan:mdnsd(host, hostname, services)`; it announces nothing without a service. It has no
--- name of its own but the machine's, so it gets a machine's name to itself.
---@param lan support.Lan
---@param host string
---@param hostname string  without ".local"
---@param services { name: string?, type: string, port: integer, txt: string[]? }[]
---@return support.LanProcess
function mdnsd.start(lan, host, hostname, services)
  local folder = lan:folder()
  for i, service in ipairs(services) do
    shell.write(("%s/%d.service"):format(folder, i), service_file(service))
  end
  local process = lan:spawn(host, {
    "unshare",
    "--uts",
    "sh",
    "-c",
    ('hostname "%s" && exec mdnsd -n -l debug -i eth0 %s'):format(hostname, folder),
  })
  process:wait_for("Send Publish", 10)
  return process
end

--- What its query tool finds in a second: lines "+ instance (address)" for a type of service, or
--- "SRV instance for 120 seconds to host:port".
---@param lan support.Lan
---@param host string
---@param name string  with a final dot
---@param number integer?  of the type, PTR when absent
---@return string
function mdnsd.query(lan, host, name, number)
  local argv = { "mquery", "-w", "1", "-i", "eth0", name }
  if number then
    argv = { "mquery", "-s", "-w", "1", "-i", "eth0", "-t", tostring(number), name }
  end
  local run = lan:exec(host, argv)
  return run.out .. run.err
end

return mdnsd
