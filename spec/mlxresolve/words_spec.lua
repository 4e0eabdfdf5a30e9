local utf8 = require("mlxresolve.utf8")

describe("mlxresolve.utf8", function()
  it("leaves UTF-8 as it is", function()
    for _, text in ipairs { "", "plain", "ü", "€ 中", "\240\159\152\128", "\239\191\191" } do
      assert.equal(text, utf8.text(text))
    end
  end)

  it("writes the bytes of all else as \\DDD (RFC 3629 section 4)", function()
    for text, expected in pairs {
      ["ra\255ised"] = "ra\\255ised",
      ["\195"] = "\\195",
      ["\195a\188"] = "\\195a\\188",
      ["ü\128"] = "\\195\\188\\128",
      ["\192\128"] = "\\192\\128",
      ["\224\159\191"] = "\\224\\159\\191",
      ["\237\160\128"] = "\\237\\160\\128",
      ["\244\144\128\128"] = "\\244\\144\\128\\128",
    } do
      assert.equal(expected, utf8.text(text))
    end
  end)
end)
