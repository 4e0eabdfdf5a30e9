local core = require("mlxresolve.core")
local identity_bed = require("support.identity_bed")
local mlx = require("mlxresolve")

describe("plugin txt_id", function()
  local b

  local function open(options, texts)
    b = identity_bed.open(mlx.use("txt_id", options))
    for address, text in pairs(texts) do
      b.world.servers[address .. ":5353"] = function(name)
        b.owner = name
        return core.answer.build(name, "TXT", { text }, 10), "answer", 10
      end
    end
  end

  it("confirms a host by its id, for which it is asked at its own address", function()
    open({ ids = { ["Mini2.local"] = "abc" } }, { ["10.0.0.5"] = '"v=1" "ID=abc"' })
    assert.is_true(b:identify("mini2.local.", "10.0.0.5"))
    assert.equal("mini2.local.", b.owner)
  end)

  it("refuses a host with another id", function()
    open({ ids = { ["mini2.local"] = "abc" } }, { ["10.0.0.5"] = '"id=xyz"' })
    local ok, message, code = b:identify("mini2.local.", "10.0.0.5")
    assert.is_nil(ok)
    assert.same({ "has the id xyz, not that of mini2.local.", "EIDENTITY" }, { message, code })
  end)

  it("asks for the service of that name, and another key, where it is told so", function()
    open(
      { ids = { ["mini2.local"] = "abc" }, service = "_mlx._tcp", key = "serial" },
      { ["10.0.0.5"] = '"id=xyz" "serial=abc"' }
    )
    assert.is_true(b:identify("mini2.local.", "10.0.0.5"))
    assert.equal("mini2._mlx._tcp.local.", b.owner)
  end)

  it("cannot tell of silence, of a record without an id, and of names without one", function()
    open({ ids = { ["mini2.local"] = "abc" } }, { ["10.0.0.5"] = '"v=1" "id="' })
    assert.same({}, { b:identify("mini2.local.", "10.0.0.5") })
    assert.same({}, { b:identify("mini2.local.", "10.0.0.6") })
    assert.same({}, { b:identify("mini9.local.", "10.0.0.5") })
    assert.is_true(b:knows("mini2.local."))
    assert.is_false(b:knows("mini9.local."))
  end)

  it("remembers the id that a host had when it was first met", function()
    open(
      { ids = { ["mini2.local"] = "abc" }, first_use = true },
      { ["10.0.0.5"] = '"id=one"', ["10.0.0.6"] = '"id=two"' }
    )
    assert.is_false(b:knows("mini3.local."))
    assert.is_nil((b:identify("mini3.local.", "10.0.0.5")))
    assert.is_true(b:learn("mini3.local.", "10.0.0.5"))
    assert.is_true(b:knows("mini3.local."))
    assert.is_true(b:identify("mini3.local.", "10.0.0.5"))
    assert.equal("EIDENTITY", select(3, b:identify("mini3.local.", "10.0.0.6")))
    assert.is_nil((b:learn("mini3.local.", "10.0.0.6")))
    assert.is_nil((b:learn("mini2.local.", "10.0.0.6")))
  end)
end)
