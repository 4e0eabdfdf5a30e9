local option_text = require("mlxresolve.option_text")

describe("mlxresolve.option_text", function()
  it("shows values as a reader knows them", function()
    local show = option_text.show
    assert.equal("'x'", show("x"))
    assert.equal("'" .. ("x"):rep(37) .. "...'", show(("x"):rep(50)))
    assert.equal("5", show(5))
    assert.equal("true", show(true))
    assert.equal("nil", show(nil))
    assert.equal("a list", show { 1 })
    assert.equal("a table", show { a = 1 })
    assert.equal("an empty table", show {})
    assert.equal("a function", show(print))
  end)

  it("shows objects by their own words, and survives those that have none", function()
    local worded = setmetatable({}, {
      __tostring = function()
        return "use(…)"
      end,
    })
    local broken = setmetatable({}, {
      __tostring = function()
        error("no")
      end,
    })
    assert.equal("use(…)", option_text.show(worded))
    assert.equal("an object", option_text.show(broken))
  end)

  it("says what a specification wants", function()
    local expected = option_text.expected
    assert.equal("a whole number", expected("integer"))
    assert.equal("'a', 'b' or 'c'", expected { "enum", values = { "a", "b", "c" } })
    assert.equal("a list such as { 'local' }", expected { "list", of = "zone" })
    assert.equal("a list { … }", expected { "list", of = "string" })
    assert.equal("a table { name = … }", expected { "map", of = "zone" })
    assert.equal('a plugin such as use("…")', expected { "plugin", kind = "retry" })
    assert.matches("'127.0.0.1:5453'", expected("endpoint"))
    assert.matches("such as '192.0.2.53', or", expected { "endpoint", port = 53 })
    assert.equal("a string or false", expected { "choice", of = { "string", "off" } })
    assert.equal("an even number", expected { "integer", expected = "an even number" })
  end)
end)
