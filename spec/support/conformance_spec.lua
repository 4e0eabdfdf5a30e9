local conformance = require("support.conformance")

-- Put together here, so that this file's own strings are no tags.
local TAG = "[" .. "RFC 1 2.3: thing]"
local OTHER = "[" .. "RFC 1 4: other]"

local SPECS = [[
describe("the module", function()
  it("does one %s", function() end)
  describe("when asked", function()
    it("does two", function() end)
    it(
      "does three"
        .. " %s %s",
      function() end
    )
    it("does " .. n .. " more %s", function() end)
  end)
  it("says " .. what, function() end)
  log("%s")
end)
]]

describe("support.conformance", function()
  local function names(text)
    local lines = {}
    for i, spec in ipairs(conformance.names("x_spec.lua", text)) do
      lines[i] = spec.name .. " = " .. table.concat(spec.tags, ", ")
    end
    return lines
  end

  it("finds the tags in the names of specs, and nowhere else", function()
    assert.same({
      "does one = RFC 1 2.3: thing",
      "when asked does three = RFC 1 2.3: thing, RFC 1 4: other",
    }, names(SPECS:format(TAG, TAG, OTHER, TAG, TAG)))
  end)

  it("reads points, with what is missing", function()
    local points = conformance.points(
      "# about\n1 2.3 QR* thing: Does it,\n  twice. Always\n\n1 4 Q other: Does not. But why\n"
    )
    assert.equal(2, #points)
    assert.same({ "2.3", "QR", true, "thing", "Does it, twice. Always" }, {
      points[1].section,
      points[1].role,
      points[1].must,
      points[1].key,
      points[1].text,
    })
    assert.is_nil(points[1].gap)
    assert.same({ "Does not", "why", false }, { points[2].text, points[2].gap, points[2].must })
    assert.equal("RFC 1 4: other", conformance.tag(points[2]))
  end)

  it("refuses a line that is no point", function()
    assert.has_error(function()
      conformance.points("6762 whatever\n")
    end)
  end)
end)
