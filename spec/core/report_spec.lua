local core = require("mlxresolve.core")
local ffi = require("ffi")

ffi.cdef([[
  int mlxr_report_failure(const char *name, const char *address);
]])

--- The same library that Lua has loaded.
local function library()
  return ffi.load(assert(package.cpath:match("%./build[^/]*/")) .. "mlxresolve.so")
end

local ETEXT, EBUSY, ECLOSED = -20002, -20007, -20010

describe("core.report", function()
  local boxes, c

  before_each(function()
    boxes, c = {}, library()
  end)
  after_each(function()
    for _, box in ipairs(boxes) do
      box:close()
    end
  end)

  local function open()
    boxes[#boxes + 1] = assert(core.report.open())
    return boxes[#boxes]
  end

  --- All that is in a box, as "name address".
  local function take(box)
    local found, batch = {}, {}
    repeat
      local count = box:step(0, batch)
      for i = 1, count * 2, 2 do
        found[#found + 1] = batch[i] .. " " .. tostring(batch[i + 1])
      end
    until count == 0
    return found
  end

  it("hands what C reports to every box", function()
    local one, two = open(), open()
    assert.equal(0, c.mlxr_report_failure("Mini2.local", "192.0.2.7"))
    assert.equal(0, c.mlxr_report_failure("mini3.local.", nil))
    local expected = { "mini2.local. 192.0.2.7", "mini3.local. false" }
    assert.same(expected, take(one))
    assert.same(expected, take(two))
    assert.same({}, take(one))
  end)

  it("leaves the port out, and keeps a scope", function()
    local box = open()
    assert.equal(0, c.mlxr_report_failure("a.test", "[fe80::1%lo]:443"))
    assert.same({ "a.test. fe80::1%lo" }, take(box))
  end)

  it("keeps the same report once, and is bounded", function()
    local box = open()
    for _ = 1, 1000 do
      assert.equal(0, c.mlxr_report_failure("a.test", "192.0.2.1"))
    end
    assert.same({ "a.test. 192.0.2.1" }, take(box))
    local refused = 0
    for i = 1, 100 do
      local rc = c.mlxr_report_failure(("h%d.test"):format(i), nil)
      assert.is_true(rc == 0 or rc == EBUSY)
      refused = refused + (rc == EBUSY and 1 or 0)
    end
    assert.equal(36, refused)
    assert.equal(64, #take(box))
    assert.equal(0, c.mlxr_report_failure("again.test", nil))
  end)

  it("refuses what is no name or no address", function()
    open()
    assert.equal(ETEXT, c.mlxr_report_failure("a..b", nil))
    assert.equal(ETEXT, c.mlxr_report_failure("a.test", "nonsense"))
    assert.is_true(c.mlxr_report_failure(nil, nil) < 0)
    assert.same({}, take(boxes[1]))
  end)

  it("says that nobody listens", function()
    assert.equal(ECLOSED, c.mlxr_report_failure("a.test", nil))
    open():close()
    assert.equal(ECLOSED, c.mlxr_report_failure("a.test", nil))
  end)

  it("raises when a closed box is used", function()
    local box = open()
    box:close()
    box:close()
    assert.has_error(function()
      box:step(0, {})
    end)
  end)
end)
