--- A pinned name beside real hosts: another machine gets the address, and the name, of a worker.

local daemons = require("support.daemon")
local json = require("mlxresolve.json")
local lan = require("support.lan")
local shell = require("support.shell")
local sshd = require("support.sshd")
local uv = require("luv")

local where_possible = sshd.can_run() and describe
  or function(name)
    describe(name, function()
      pending("user namespaces cannot be made here")
    end)
  end

where_possible("pins beside real hosts", function()
  local net, folder, daemon

  local function proofs()
    local run = daemon:run("pins", "--json", "--control", daemon.control)
    local found = {}
    for _, proof in ipairs(json.decode(run.out).proofs) do
      found[proof.address] = proof.outcome
    end
    return found
  end

  local function await(condition)
    local till = uv.hrtime() + 20e9
    while not condition() and uv.hrtime() < till do
      uv.sleep(100)
    end
    return condition()
  end

  setup(function()
    net = lan.open({ "master", "mini2", "printer" }, { ipv6 = false })
    folder = net:folder()
    local key, file = sshd.make_key(folder, "mini2")
    local _, other = sshd.make_key(folder, "other")
    shell.write(folder .. "/known_hosts", ("mini2.local %s\n"):format(key))
    sshd.start(net, folder, "mini2", file, { "0.0.0.0" })
    sshd.start(net, folder, "printer", other, { "0.0.0.0" })
    net:avahi("mini2", "mini2")
    daemon = daemons.start(
      net,
      "master",
      ([[
        cache = { stale = "1d" },
        strategies = { use("mdns", { zones = { "local" }, timeout = "500ms" }) },
        reactions = { use("verify") },
        pins = {
          ["mini2.local"] = { use("ssh_host_key", { known_hosts = { "%s/known_hosts" } }) },
        },
      ]]):format(folder)
    )
  end)
  teardown(function()
    net:close()
  end)

  it("have a worker prove who it is, while its address is given at once", function()
    local _, shown = daemon:query("mini2.local", "A")
    assert.equal("10.99.0.12", shown.addresses[1].address)
    assert.is_true(await(function()
      return proofs()["10.99.0.12"] == "for"
    end))
  end)

  it("give no address at which another host answers, fresh or stale", function()
    -- the worker goes, and the printer has its address and calls itself by its name
    local address = "ip -n %s addr %s 10.99.0.12/24 dev eth0"
    net:switch(address:format(net.hosts.mini2.netns, "del"))
    net:switch(("ip -n %s link set eth0 down"):format(net.hosts.mini2.netns))
    net:switch(("ip -n %s addr flush dev eth0"):format(net.hosts.printer.netns))
    net:switch(address:format(net.hosts.printer.netns, "add"))
    -- until a kernel asks again who has an address, minutes may pass
    net:exec("master", { "ip", "neigh", "flush", "dev", "eth0" })
    net:avahi("printer", "mini2")
    assert.is_true(await(function()
      daemon:query("mini2.local", "A")
      return proofs()["10.99.0.12"] == "against"
    end))
    local run, shown = daemon:query("mini2.local", "A")
    assert.same({}, shown.addresses, run.out)
    assert.is_truthy(run.out:find("another host answers", 1, true), run.out)
    assert.is_truthy(daemon.process:output():find("another host answers", 1, true))
  end)
end)
