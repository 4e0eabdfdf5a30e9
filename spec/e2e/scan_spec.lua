--- The last resort beside real hosts: sshd and avahi-daemon on others, multicast out of order.

local daemons = require("support.daemon")
local lan = require("support.lan")
local shell = require("support.shell")
local sshd = require("support.sshd")

local NAMES = { "master", "mini2", "impostor", "liar", "mini5" }

-- Breaks off before the key exchange, with words that look like those after it.
local LIAR = [[
import socket, struct
listener = socket.create_server(("10.99.0.14", 22))
print("ready", flush=True)
while True:
    client, _ = listener.accept()
    client.sendall(b"SSH-2.0-liar\r\n")
    text = b"bye\nroot@10.99.0.14: Permission denied (publickey)."
    payload = b"\x01" + struct.pack(">I", 2) + struct.pack(">I", len(text)) + text + b"\0\0\0\0"
    padding = 8 - (len(payload) + 5) % 8 + 4
    padding += -(len(payload) + 5 + padding) % 8
    head = struct.pack(">IB", len(payload) + 1 + padding, padding)
    client.sendall(head + payload + b"\0" * padding)
    try:
        while client.recv(4096):
            pass
    except OSError:
        pass
    client.close()
]]

local where_possible = sshd.can_run() and describe
  or function(name)
    describe(name, function()
      pending("user namespaces cannot be made here")
    end)
  end

where_possible("scan beside hosts that multicast does not reach", function()
  local net, folder, by_key, by_name

  local function start_sshd(host, key)
    sshd.start(net, folder, host, key, { net:address(host), net:address(host, 6) })
  end

  local function drop(host, what)
    local rules = "add table inet t; "
    for _, hook in ipairs { "input", "output" } do
      rules = rules
        .. ("add chain inet t %s { type filter hook %s priority 0; }; "):format(hook, hook)
        .. ("add rule inet t %s %s drop; "):format(hook, what)
    end
    local run = net:exec(host, { "nft", rules })
    assert.equal(0, run.code, run.err)
  end

  setup(function()
    net = lan.open(NAMES)
    folder = net:folder()
    local mini2_key, mini2_file = sshd.make_key(folder, "mini2")
    local mini3_key = sshd.make_key(folder, "mini3")
    local _, other_file = sshd.make_key(folder, "other")
    shell.write(
      folder .. "/known_hosts",
      ("mini2.local %s\nmini3.local %s\n"):format(mini2_key, mini3_key)
    )
    start_sshd("mini2", mini2_file)
    start_sshd("impostor", other_file)
    shell.write(folder .. "/liar.py", LIAR)
    net:spawn("liar", { "python3", folder .. "/liar.py" }):wait_for("ready")
    drop("mini2", "udp dport 5353")
    net:avahi("mini2", "mini2")
    drop("mini5", "ip daddr 224.0.0.251")
    drop("mini5", "ip6 daddr ff02::fb")
    net:avahi("mini5", "mini5")
    local policy = [[
      deadline = "12s",
      strategies = {
        use("mdns", { timeout = "300ms" }),
        use("scan", { %s }),
      }]]
    by_key = daemons.start(
      net,
      "master",
      policy:format(
        ([[subnets = { "10.99.0.0/26" }, zones = { "local" },
          verify = { use("ssh_host_key", { known_hosts = { "%s/known_hosts" } }) }]]):format(
          folder
        )
      )
    )
    by_name = daemons.start(
      net,
      "master",
      policy:format([[subnets = "attached", limit = 32, zones = { "local" },
        verify = { use("reverse_name", { ask = { "mdns" } }) }]]),
      { listen = "127.0.0.1:5454" }
    )
  end)
  teardown(function()
    net:close()
  end)

  local function tries(shown)
    local by_strategy = {}
    for _, try in ipairs(shown.trace) do
      by_strategy[try.strategy] = try
    end
    return by_strategy
  end

  it("finds a host by its SSH host key", function()
    local run, shown = by_key:query("mini2.local", "A", "--trace")
    assert.equal(0, run.code, run.out .. run.err)
    assert.equal("10.99.0.12", shown.addresses[1].address)
    assert.equal("eth0", shown.addresses[1].interface)
    assert.equal("scan", shown.addresses[1].strategy)
    assert.equal("silent", tries(shown).mdns.result)
    assert.matches("^%d candidates, %d refused, %d unknown", tries(shown).scan.detail)
  end)

  it("finds the IPv6 address that the same machine has, when it was seen", function()
    net:exec("master", { "ssh-keyscan", "-T", "2", net:address("impostor", 6) })
    net:exec("master", { "ssh-keyscan", "-T", "2", net:address("mini2", 6) })
    local run, shown = by_key:query("mini2.local", "AAAA", "--trace")
    assert.equal(0, run.code, run.out .. run.err)
    assert.equal("fd99::c", shown.addresses[1].address)
    assert.matches("^%d candidates, 0 refused", tries(shown).scan.detail)
  end)

  it("believes neither another key nor somebody who talks like ssh", function()
    local run, shown = by_key:query("mini3.local", "A", "--trace")
    assert.equal(2, run.code, run.out .. run.err)
    local detail = tries(shown).scan.detail
    assert.matches(
      "^4 candidates, 3 refused, 1 unknown, [56]%d of 62 addresses knocked at; ",
      detail
    )
    assert.matches("10.99.0.12: has another SSH host key than mini3.local", detail, 1, true)
    assert.matches("10.99.0.13: has another SSH host key than mini3.local", detail, 1, true)
    assert.matches("10.99.0.14: ssh: Received disconnect from", detail, 1, true)
  end)

  it("leaves alone who is not in known_hosts", function()
    local run, shown = by_key:query("typo.local", "A", "--trace")
    assert.equal(2, run.code, run.out .. run.err)
    assert.equal("pass", tries(shown).scan.result)
  end)

  it("finds a host that says its name when it is asked itself", function()
    local run, shown = by_name:query("mini5.local", "A", "--trace")
    assert.equal(0, run.code, run.out .. run.err)
    assert.equal("10.99.0.15", shown.addresses[1].address)
    assert.equal("silent", tries(shown).mdns.result)
  end)
end)
