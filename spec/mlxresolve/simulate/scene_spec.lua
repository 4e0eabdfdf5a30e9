local scenario = require("mlxresolve.simulate.scenario")
local scenes = require("mlxresolve.simulate.scene")
local sim_bed = require("support.sim_bed")

describe("mlxresolve.simulate.scene", function()
  local scene, world

  local function build(more, network)
    local text = (network or sim_bed.network) .. (more or "") .. " timeline = {}"
    local checked = assert(scenario.load("s.lua", sim_bed.files(text)))
    scene = scenes.new(checked, 1)
    world = scene.world
  end

  it("builds the network, the machine's files and what is true", function()
    build([[ servers = { "192.0.2.53" }, files = { ["/etc/hosts"] = "192.0.2.9 a" },
      true_names = { a = { "192.0.2.9" } }, native = { ["b.local"] = { "192.0.2.8" } }, ]])
    assert.equal("mini1", world:hostname())
    assert.equal("nameserver 192.0.2.53\n", world:read_file("/etc/resolv.conf"))
    assert.equal("192.0.2.9 a", world:read_file("/etc/hosts"))
    assert.same({ "192.0.2.2", "fe80::2:2" }, scene.truth:list("mini2.local."))
    assert.is_true(scene.truth:holds("mini2.", "192.0.2.2"))
    assert.is_true(scene.truth:holds("a.", "192.0.2.9"))
    assert.same({ "192.0.2.8" }, world.names["b.local."])
  end)

  it("knows a host by the name that it calls itself", function()
    build("", (sim_bed.network:gsub('responder = "avahi"', 'name = "Worker", responder = "avahi"')))
    assert.is_true(scene.truth:holds("worker.local.", "192.0.2.2"))
    assert.same({}, scene.truth:list("mini2.local."))
    assert.equal("worker", world.net.by_name.mini2.label)
  end)

  it("takes the name away where a responder has lost it", function()
    build()
    local mini2 = world.net.by_name.mini2
    mini2.responder.claimed = "mini2-2"
    mini2.responder.on_name()
    assert.same({}, scene.truth:list("mini2.local."))
    assert.is_true(scene.truth:holds("mini2-2.local.", "192.0.2.2"))
    assert.is_true(scene.truth:ever_held("mini2.local.", "192.0.2.2"))
  end)
end)
