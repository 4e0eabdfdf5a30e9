local tokens = require("mlxresolve.policy.tokens")

local function texts(source)
  local list = {}
  for i, token in ipairs(tokens.scan(source)) do
    list[i] = token.text
  end
  return list
end

describe("mlxresolve.policy.tokens", function()
  it("tells line, column and kind of each token", function()
    local list = tokens.scan('local x =\n  "y"')
    assert.same({ "keyword", "local", 1, 1 }, {
      list[1].kind,
      list[1].text,
      list[1].line,
      list[1].column,
    })
    assert.same({ "string", '"y"', "y", 2, 3 }, {
      list[4].kind,
      list[4].text,
      list[4].value,
      list[4].line,
      list[4].column,
    })
    assert.equal("eof", list[5].kind)
  end)

  it("skips comments of both forms", function()
    assert.same({ "a", "b", "" }, texts("a -- x { \n --[==[ ] ]] \n { ]==] b -- end"))
  end)

  it("keeps strings whole", function()
    assert.same(
      { [["a\"b"]], [['{']], "[=[x\n]] ]=]", "" },
      texts([["a\"b" '{' [=[x]] .. "\n]] ]=]")
    )
    assert.same({ '"a\\z\n  b"', "c", "" }, texts('"a\\z\n  b" c'))
    assert.same({ '"a\\\nb"', "c", "" }, texts('"a\\\nb" c'))
  end)

  it("keeps numbers whole", function()
    assert.same({ "0x1p-3", "1e+5", "3.", ".5", "10ULL", "" }, texts("0x1p-3 1e+5 3. .5 10ULL"))
    assert.same({ "0xe", "+", "1", "" }, texts("0xe+1"))
    assert.equal(1500, tokens.scan("1.5e3")[1].value)
  end)

  it("tells operators apart", function()
    assert.same(
      { "a", "==", "b", "..", "...", "::", "l", "::", "~=", "<=", "" },
      texts("a==b .. ... ::l:: ~= <=")
    )
  end)

  it("comes to an end for any text", function()
    for _, source in ipairs {
      "",
      '"open',
      "[[open",
      "--[[open",
      "\\",
      "a\0b",
      "'\\",
      "é = 1",
      "\r\n",
    } do
      local list = tokens.scan(source)
      assert.equal("eof", list[#list].kind)
    end
  end)

  it("gives places for every prefix of a program", function()
    local source = 'local t = { [1] = "a\\"", b = function(x) return x .. [==[y]==] end } -- c'
    for length = 0, #source do
      local last = 0
      for _, token in ipairs(tokens.scan(source:sub(1, length))) do
        assert.is_true(token.first > last or token.kind == "eof")
        last = token.last
      end
    end
  end)
end)
