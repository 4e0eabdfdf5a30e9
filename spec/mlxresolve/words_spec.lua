local words = require("mlxresolve.words")

describe("mlxresolve.words", function()
  it("escapes what a terminal would act on, and nothing else", function()
    assert.equal("\\027[31mred\\000\\127", words.harmless("\27[31mred\0\127"))
    assert.equal("tab\tline\nü", words.harmless("tab\tline\nü"))
  end)

  it("leaves UTF-8 as it is", function()
    for _, text in ipairs { "", "plain", "ü", "€ 中", "\240\159\152\128", "\239\191\191" } do
      assert.equal(text, words.utf8(text))
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
      assert.equal(expected, words.utf8(text))
    end
  end)
end)
