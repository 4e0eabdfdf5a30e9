local lan = require("support.lan")
local netns = require("support.netns")

-- A port where nobody listens: only a host that is there refuses.
local CONNECT = [[
  local uv = require "luv"
  uv.new_tcp():connect("%s", 9, function(err) io.write(err:match "^%%w+") uv.stop() end)
  uv.run()
]]

describe("support.netns", function()
  it("gives the code a network of its own", function()
    assert.equal("lo\n", (netns.check([[os.execute "ls /sys/class/net"]])))
  end)
  it("hands on arguments, environment, output and exit code", function()
    local run = netns.run(
      [[io.write(..., " ", os.getenv "WORD"); io.stderr:write "oops"; os.exit(7)]],
      { args = { "it's" }, env = { WORD = "a b" } }
    )
    assert.same({ code = 7, out = "it's a b", err = "oops" }, run)
  end)
  it("ends code that does not end", function()
    assert.equal(124, netns.run("while true do end", { timeout = 0.3 }).code)
  end)
end)

describe("support.lan", function()
  local net
  after_each(function()
    net:close()
  end)

  it("joins its hosts", function()
    net = lan.open { "master", "mini2" }
    assert.equal("10.99.0.12", net:address("mini2"))
    for _, family in ipairs { 4, 6 } do
      local code = CONNECT:format(net:address("mini2", family))
      assert.equal("ECONNREFUSED", net:lua("master", code))
    end
  end)
  it("tracks what it started and ends it", function()
    net = lan.open { "master" }
    local process = net:spawn("master", { "sh", "-c", "echo ready; exec sleep 1000" })
    process:wait_for("ready")
    assert.is_true(process:is_running())
    assert.is_true(process:stop())
    assert.is_false(process:is_running())
  end)
  it("runs Lua on a host, with files put over others", function()
    net = lan.open { "master" }
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write("192.0.2.7 box\n")
    file:close()
    local out = net:lua("master", [[io.write(io.open("/etc/hosts"):read "*a")]], {
      binds = { ["/etc/hosts"] = path },
    })
    os.remove(path)
    assert.equal("192.0.2.7 box\n", out)
  end)
  it("says which host it does not know", function()
    net = lan.open { "master" }
    assert.has_error(function()
      net:exec("mini9", { "true" })
    end, "no host 'mini9' in this network")
  end)
end)

describe("support.avahi", function()
  local net
  after_each(function()
    net:close()
  end)

  it("publishes a host's name on the link", function()
    net = lan.open { "master", "mini2" }
    net:avahi("mini2", "mini2")
    net:avahi("master", "master")
    local run = net:exec("master", {
      "luajit",
      "-e",
      [[
      local uv = require "luv"
      local pipe = uv.new_pipe()
      pipe:connect("/run/avahi-daemon/socket", function(err)
        assert(not err, err)
        pipe:write "RESOLVE-HOSTNAME-IPV4 mini2.local\n"
        pipe:read_start(function(_, data) io.write(data or "") uv.stop() end)
      end)
      uv.run()]],
    })
    assert.matches("^%+ %d+ 0 mini2%.local 10%.99%.0%.12\n", run.out, nil, nil, run.err)
  end)
end)
