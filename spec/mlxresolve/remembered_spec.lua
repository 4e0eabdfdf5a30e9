local remembered = require("mlxresolve.remembered")
local virtual = require("mlxresolve.world.virtual")

describe("mlxresolve.remembered", function()
  local world, one

  before_each(function()
    world = virtual.new()
    one = remembered.new(world)
  end)

  it("remembers by check and name, without a file until it has one", function()
    assert.is_true(one:put("txt_id", "mini2.local.", "abc"))
    assert.equal("abc", one:get("txt_id", "mini2.local."))
    assert.is_nil(one:get("neighbour_mac", "mini2.local."))
    assert.is_nil(one:get("txt_id", "mini3.local."))
    assert.same({}, world.files)
  end)

  it("remembers across restarts", function()
    one:open("/state/pins")
    one:put("txt_id", "mini2.local.", "a b c")
    one:put("tls_certificate", "mini2.local.", "sha256//x=")
    local another = remembered.new(world)
    another:open("/state/pins")
    assert.equal("a b c", another:get("txt_id", "mini2.local."))
    assert.same(one:list(), another:list())
    assert.same({ "tls_certificate", "mini2.local.", "sha256//x=", math.floor(world:date()) }, {
      another:list()[1].check,
      another:list()[1].name,
      another:list()[1].evidence,
      another:list()[1].since,
    })
  end)

  it("forgets a name, or all of them, in the file too", function()
    one:open("/state/pins")
    one:put("txt_id", "mini2.local.", "abc")
    one:put("txt_id", "mini3.local.", "def")
    assert.equal(1, one:forget("mini2.local."))
    assert.is_nil(world.files["/state/pins"]:find("mini2", 1, true))
    assert.equal(0, one:forget("mini2.local."))
    assert.equal(1, one:forget())
    assert.same({}, one:list())
  end)

  it("makes nothing of lines that it did not write", function()
    world.files["/state/pins"] = "# a comment\n\nrubbish\ntxt_id\tmini2.local.\n"
      .. "txt_id\tmini2.local.\tabc\tsoon\ntxt_id\tmini3.local.\tdef\t17\n"
    one:open("/state/pins")
    assert.same(
      { { check = "txt_id", name = "mini3.local.", evidence = "def", since = 17 } },
      one:list()
    )
  end)

  it("takes only evidence that fits into a line", function()
    assert.equal("EINVAL", select(3, one:put("txt_id", "mini2.local.", "a\tb")))
    assert.equal("EINVAL", select(3, one:put("txt_id", "mini2.local.", "a\nb")))
    assert.equal("EINVAL", select(3, one:put("txt_id", "mini2.local.", "")))
  end)

  it("works on when its file cannot be written, and says so", function()
    function world.write_file()
      return nil, "/state/pins: no space left on device", "ENOSPC"
    end
    one:open("/state/pins")
    assert.is_true(one:put("txt_id", "mini2.local.", "abc"))
    assert.equal("abc", one:get("txt_id", "mini2.local."))
    assert.is_truthy(table.concat(world.lines, "\n"):find("no space left", 1, true))
  end)

  it("remembers 4,096 hosts at most", function()
    for i = 1, 4096 do
      assert(one:put("txt_id", ("n%d.local."):format(i), "x"))
    end
    assert.equal("ENOSPACE", select(3, one:put("txt_id", "more.local.", "x")))
    assert.is_true(one:put("txt_id", "n1.local.", "y"))
  end)
end)
