local identity_bed = require("support.identity_bed")
local mlx = require("mlxresolve")

local DENIED = "me@10.0.0.5: Permission denied (publickey,password).\r\n"
local CHANGED = "@@@@@@@@\r\nHost key for mini2.local has changed and you have requested strict "
  .. "checking.\r\nHost key verification failed.\r\n"

describe("plugin ssh_host_key", function()
  local b, known

  -- `known`: what ssh-keygen finds in which file; `result`: what ssh ends with.
  local function open(options, result)
    known = { ["mini2.local"] = "/etc/keys" }
    options.known_hosts = options.known_hosts or { "/etc/keys" }
    b = identity_bed.open(mlx.use("ssh_host_key", options))
    b.world.programs["ssh-keygen"] = function(argv)
      assert.same({ "-F", "-f" }, { argv[2], argv[4] })
      return known[argv[3]] == argv[5] and 0 or 1, "", ""
    end
    b.world.programs.ssh = function()
      return unpack(result or { 255, "", DENIED }, 1, 4)
    end
  end

  local function ssh()
    local last = b.world.ran[#b.world.ran].argv
    assert.equal("ssh", last[1])
    return last, " " .. table.concat(last, " ") .. " "
  end

  it("confirms a host that ssh has let through to the question who we are", function()
    open {}
    assert.is_true(b:identify("mini2.local.", "10.0.0.5"))
    local argv, line = ssh()
    assert.same({ "--", "10.0.0.5", "true" }, { unpack(argv, #argv - 2) })
    for _, word in ipairs {
      "-F none",
      "-oStrictHostKeyChecking=yes",
      "-oHostKeyAlias=mini2.local",
      '-oUserKnownHostsFile="/etc/keys"',
      "-oGlobalKnownHostsFile=/dev/null",
      "-oPreferredAuthentications=none",
      "-oLogLevel=ERROR",
      "-oPort=22",
    } do
      assert.is_truthy(line:find(" " .. word .. " ", 1, true), word)
    end
  end)

  it("confirms a host that lets everybody in", function()
    open({}, { 0, "", "" })
    assert.is_true(b:identify("mini2.local.", "10.0.0.5"))
  end)

  it("refuses a host with another key", function()
    open({}, { 255, "", CHANGED })
    local ok, message, code = b:identify("mini2.local.", "10.0.0.5")
    assert.is_nil(ok)
    assert.equal("has another SSH host key than mini2.local", message)
    assert.equal("EIDENTITY", code)
  end)

  it("is not fooled by an impostor who words his farewell like ssh", function()
    for _, said in ipairs {
      "Received disconnect from 10.0.0.5 port 22:2: bye\n" .. DENIED,
      "Unable to negotiate with 10.0.0.5 port 22: no matching host key type found. "
        .. "Their offer: x\n"
        .. DENIED,
      "Received disconnect from 10.0.0.5 port 22:2: " .. DENIED,
      DENIED .. DENIED,
      "me@10.0.0.6: Permission denied (publickey).\r\n",
    } do
      open({}, { 255, "", said })
      local ok, message = b:identify("mini2.local.", "10.0.0.5")
      assert.is_nil(ok, said)
      assert.is_truthy(message, said)
    end
  end)

  it("cannot tell where nobody listens", function()
    local said = "ssh: connect to host 10.0.0.5 port 22: Connection refused\r\n"
    open({}, { 255, "", said })
    assert.same({}, { b:identify("mini2.local.", "10.0.0.5") })
  end)

  it("says what ssh says otherwise, without its control characters", function()
    open({}, { 255, "", "kex_exchange_identification: Connection \27[2Jclosed\r\n" })
    local _, message = b:identify("mini2.local.", "10.0.0.5")
    assert.equal("ssh: kex_exchange_identification: Connection ?[2Jclosed", message)
  end)

  it("gives a host up that takes too long, and kills ssh", function()
    open({ timeout = "300ms" }, { 255, "", DENIED, 400 })
    local ok, _, code = b:identify("mini2.local.", "10.0.0.5")
    assert.is_nil(ok)
    assert.equal("ETIMEOUT", code)
    b.world:advance(1000)
    assert.is_false(b.world.ran[#b.world.ran].is_over)
  end)

  it("says so where there is no ssh", function()
    open {}
    b.world.programs.ssh = nil
    local ok, message, code = b:identify("mini2.local.", "10.0.0.5")
    assert.is_nil(ok)
    assert.equal("ssh: no such file or directory", message)
    assert.equal("ENOENT", code)
  end)

  it("knows the names that are in the files, and looks again when they change", function()
    open { known_hosts = { "/etc/keys", "/etc/more" } }
    assert.equal("mini2.local", b:knows("mini2.local."))
    assert.is_false(b:knows("mini3.local."))
    local ran = #b.world.ran
    assert.is_false(b:knows("mini3.local."))
    assert.equal(ran, #b.world.ran)
    known["mini3.local"] = "/etc/more"
    b.world.files["/etc/more"] = "mini3.local ssh-ed25519 AAAA"
    assert.equal("mini3.local", b:knows("mini3.local."))
  end)

  it("runs nothing for names that are no names of hosts", function()
    open {}
    assert.is_false(b:knows("-omini2.local."))
    assert.is_false(b:knows("mini2\\032proxycommand.local."))
    assert.is_false(b:knows('"mini2.local.'))
    assert.same({}, b.world.ran)
  end)

  it("does not connect for a name that the files do not have", function()
    open {}
    assert.is_nil((b:identify("mini9.local.", "10.0.0.5")))
    for _, ran in ipairs(b.world.ran) do
      assert.equal("ssh-keygen", ran.argv[1])
    end
  end)

  it("takes the key of a name with its port, or else of the name", function()
    open { port = 2222, user = "probe" }
    assert.is_true(b:identify("mini2.local.", "10.0.0.5"))
    local _, line = ssh()
    assert.is_truthy(line:find(" -oHostKeyAlias=mini2.local ", 1, true))
    assert.is_truthy(line:find(" -oPort=2222 ", 1, true))
    assert.is_truthy(line:find(" -lprobe ", 1, true))
    known["[mini2.local]:2222"] = "/etc/keys"
    b.world.files["/etc/keys"] = "changed"
    assert.is_true(b:identify("mini2.local.", "10.0.0.5"))
    _, line = ssh()
    assert.is_truthy(line:find(" -oHostKeyAlias=[mini2.local]:2222 ", 1, true))
  end)

  it("hands odd file names over whole", function()
    open { known_hosts = { '/my files/a"%d', "/b" } }
    known["mini2.local"] = "/b"
    assert.is_true(b:identify("mini2.local.", "10.0.0.5"))
    local argv = ssh()
    local found
    for _, word in ipairs(argv) do
      found = found or word:match("^%-oUserKnownHostsFile=(.*)$")
    end
    assert.equal([["/my files/a\"%%d" "/b"]], found)
  end)
end)
