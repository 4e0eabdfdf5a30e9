--- Confirms a host by its SSH host key: it has to sign with the key that a known_hosts file has for
--- the name. An impostor who only shows that key fails.
---
--- `ssh` does the handshake and checks the signature; it then asks to be let in without any
--- authentication, so the host logs a refused login. Nothing is written to known_hosts.
local mlx = require("mlxresolve")

local ssh_host_key = {
  options = {
    known_hosts = {
      "list",
      of = "string",
      min = 1,
      default = { "/etc/ssh/ssh_known_hosts", "~/.ssh/known_hosts" },
      doc = "files of host keys, as ssh keeps them; hashed names and authorities too",
    },
    port = { "integer", default = 22, min = 1, max = 65535, doc = "where sshd listens" },
    user = { "string", doc = "who is refused at the host; ssh's own default when absent" },
    timeout = { "duration", default = "5s", min = "1ms", doc = "how long a host may take" },
  },
}

-- With less than LogLevel=ERROR ssh hides why it failed, with more it prints the host's banner.
local SSH = [[ssh -F none -anTx -oBatchMode=yes -oCheckHostIP=no -oConnectTimeout=3
  -oConnectionAttempts=1 -oGlobalKnownHostsFile=/dev/null -oLogLevel=ERROR
  -oPreferredAuthentications=none -oPubkeyAuthentication=no -oStrictHostKeyChecking=yes
  -oUpdateHostKeys=no]]

local function expand(path)
  return (path:gsub("^~/", function()
    return mlx.env("HOME", "") .. "/"
  end))
end

function ssh_host_key:open()
  self.known = {} -- name → { stamps, alias or false }
  self.files, self.command = {}, {}
  local quoted = {}
  for i, path in ipairs(self.options.known_hosts) do
    self.files[i] = expand(path)
    quoted[i] = '"' .. self.files[i]:gsub("%%", "%%%%"):gsub('["\\]', "\\%0") .. '"'
  end
  for word in SSH:gmatch("%S+") do
    table.insert(self.command, word)
  end
  table.insert(self.command, "-oPort=" .. self.options.port)
  table.insert(self.command, "-oUserKnownHostsFile=" .. table.concat(quoted, " "))
  if self.options.user then
    table.insert(self.command, "-l" .. self.options.user)
  end
end

--- What the files call the host: its name, or with another port "[name]:port" where that is known.
local function search(self, name, ctx)
  local host, port = name:gsub("%.$", ""), self.options.port
  local aliases = { port ~= 22 and ("[%s]:%d"):format(host, port) or host, host }
  for _, alias in ipairs(aliases) do
    for _, file in ipairs(self.files) do
      local code, message, reason = ctx:run { "ssh-keygen", "-F", alias, "-f", file }
      if code == 0 then
        return alias
      elseif not code then
        return nil, message, reason
      end
    end
  end
  return false
end

function ssh_host_key:knows(name, ctx)
  -- an odd one would be read as more than a name
  if not name:find("^%w[%w_.-]*$") then
    return false
  end
  local stamps = {}
  for i, file in ipairs(self.files) do
    stamps[i] = ctx:file_stamp(file) or "-"
  end
  local stamp, known = table.concat(stamps, " "), self.known[name]
  if not known or known.stamp ~= stamp then
    local alias, message, code = search(self, name, ctx)
    if alias == nil then
      return nil, message, code
    end
    known = { stamp = stamp, alias = alias }
    self.known = alias and self.known or {}
    self.known[name] = known
  end
  return known.alias
end

function ssh_host_key:identify(name, address, ctx)
  local alias, message, reason = self:knows(name, ctx)
  if not alias then
    return nil, message, reason
  end
  local argv = { unpack(self.command) }
  for _, word in ipairs { "-oHostKeyAlias=" .. alias, "--", address, "true" } do
    argv[#argv + 1] = word
  end
  local code, _, said = ctx:run(argv, { timeout = self.options.timeout })
  if not code then
    return nil, _, said
  end
  -- Only after the signature was checked does ssh run anything, or speak of permission. The host
  -- can put such words into other messages, but none of them begins so: hence the whole of it.
  local refused = said:match("^%S+@(%S+): Permission denied %([^\r\n]*%)%.[\r\n]*$")
  if code == 0 or (code == 255 and refused == address) then
    return true
  elseif said:find("Host key verification failed", 1, true) then
    return nil, ("has another SSH host key than %s"):format(alias), "EIDENTITY"
  elseif not said:find("^ssh: connect to host ") then
    return nil, "ssh: " .. (said:match("[^\r\n]+") or "it broke off"):gsub("%c", "?"), "EIDENTITY"
  end
end

return ssh_host_key
