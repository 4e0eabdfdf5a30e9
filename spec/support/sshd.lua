--- SSH servers on the hosts of a test network, with keys made for the test.
---
---   if sshd.can_run() then
---     local line, file = sshd.make_key(folder, "mini2")   -- "ssh-ed25519 AAAA…", the private key
---     sshd.start(net, folder, "mini2", file, { "0.0.0.0" })

local shell = require("support.shell")

local sshd = {}

--- In a chroot, for one, not even root may make a user namespace, which the server runs in here:
--- without the rights of root it has none to give up.
---@return boolean
function sshd.can_run()
  return os.execute("unshare --user --map-user=1 true 2>/dev/null") == 0
end

---@param folder string
---@param name string
---@return string public  type and key, as in known_hosts
---@return string file    with the private key
function sshd.make_key(folder, name)
  local file = folder .. "/" .. name
  local made = shell.command { "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file }
  assert(os.execute(made) == 0, "ssh-keygen failed")
  return shell.read(file .. ".pub"):match("^%S+ %S+"), file
end

---@param net support.Lan
---@param folder string
---@param host string
---@param key string          file
---@param addresses string[]  to listen on
function sshd.start(net, folder, host, key, addresses)
  local file = folder .. "/sshd_" .. host
  local settings = ("HostKey %s\nPidFile none\nUsePAM no\n"):format(key)
  for _, address in ipairs(addresses) do
    settings = settings .. ("ListenAddress %s\n"):format(address)
  end
  shell.write(file, settings)
  local argv = { "unshare", "--user", "--map-user=1", "--" }
  for _, word in ipairs { "/usr/sbin/sshd", "-D", "-e", "-f", file } do
    argv[#argv + 1] = word
  end
  net:spawn(host, argv):wait_for("Server listening")
end

return sshd
