local policies = require("support.policies")
local repair = require("mlxresolve.policy.repair")
local unit = require("mlxresolve.policy.unit")

-- The errors as "line:column text", and the text that compiles.
local function mend(text)
  local errors, mended = repair.mend(unit.new("p.lua", text))
  local list = {}
  for i, one in ipairs(errors) do
    list[i] = ("%d:%d %s"):format(one.place.line, one.place.column, one.text)
  end
  return list, mended
end

describe("mlxresolve.policy.repair", function()
  it("leaves a good source alone", function()
    local errors, text = mend("return { 1, 2 }")
    assert.same({}, errors)
    assert.equal("return { 1, 2 }", text)
  end)

  it("covers a value that is missing", function()
    local errors, text = mend("return { a = , b = 1 }")
    assert.same({ "1:14 unexpected symbol near ','" }, errors)
    assert.equal("return { \255   , b = 1 }", text)
  end)

  it("covers two values without a comma between", function()
    local errors, text = mend("return { 1, 2 3, 4 }")
    assert.same({ "1:15 '}' expected near '3'" }, errors)
    assert.is_truthy(loadstring(text))
    assert.matches("^return { 1, \255  , 4 }$", text)
  end)

  it("adds a bracket that is missing before another", function()
    local errors, text = mend("return {\n  { f(1 },\n  2\n}")
    assert.equal(1, #errors)
    assert.matches("^2:9 '%)' expected", errors[1])
    assert.is_truthy(loadstring(text))
  end)

  it("closes a call at the end of its line when a later line shows that it is open", function()
    local errors, text = mend("return {\n  f(1, { 2 },\n  g(3),\n}")
    assert.equal(1, #errors)
    assert.equal("return {\n  f(1, { 2 }),\n  g(3),\n}", text)
  end)

  it("makes a local unknown whose value does not parse", function()
    local errors, text = mend("local x = = 3\nreturn x")
    assert.same({ "1:11 unexpected symbol near '='" }, errors)
    assert.equal("local x = \255  \nreturn x", text)
  end)

  it("tells the first error alone when nothing helps", function()
    local errors, text = mend("retrun mlx.policy {\n  a = ,\n}")
    assert.equal(1, #errors)
    assert.matches("^1:8 '=' expected near 'mlx'", errors[1])
    assert.is_nil(text)
  end)

  it("points at the token, not at one that looks the same", function()
    local errors = mend("return { f(1, 2), 3, , 4 }")
    assert.same({ "1:22 unexpected symbol near ','" }, errors)
  end)

  it("comes to an end for every prefix of a policy", function()
    local text =
      'local a = 1\nreturn f { a = { "x", g(1, { b = [[y]] }) }, function() return 1 end }\n'
    for length = 0, #text do
      local errors, mended = mend(text:sub(1, length))
      assert.is_true(mended == nil or loadstring(mended) ~= nil)
      assert.is_true(mended ~= nil or #errors == 1)
    end
  end)

  it("lets the other mistakes be found in the same run", function()
    assert.same(
      {
        "3:14 unexpected symbol near ','",
        "5:9 no plugin named 'findr' (did you mean 'finder'?)",
        "6:29 unexpected symbol near '}'",
        "7:21 finder: unknown option 'cuont' (did you mean 'count'?)",
        "9:37 unexpected symbol near ','",
        "10:29 undefined variable 'y'",
        "11:3 unexpected symbol near '}'",
        "12:14 policy: 'rankers' must be a list such as { use(\"…\") }, got 5",
      },
      policies.mistakes([[
return mlx.policy {
  deadline = ,
  strategies = {
    use("findr"),
    use("finder", { count = }),
    use("finder", { cuont = 1 },
    use("finder"),
    use { name = "x", resolve = 1 + , },
    use("finder", { count = y }),
  },
  rankers  = 5,
}]])
    )
  end)
end)
