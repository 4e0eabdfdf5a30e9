local outputs = require("mlxresolve.cli.output")

describe("mlxresolve.cli.output", function()
  local function new(options)
    local text, problems = {}, {}
    local env = options.env or {}
    options.env = function(name)
      return env[name]
    end
    options.write = function(part)
      text[#text + 1] = part
    end
    options.write_problem = function(part)
      problems[#problems + 1] = part
    end
    return outputs.new(options), text, problems
  end

  it("aligns columns, in a pipe without colours", function()
    local out, text = new {}
    out:columns(
      { { "a", "bbb", "1" }, { "aaa", "b", "22" } },
      { style = outputs.by_column { "bold", "green" } }
    )
    assert.are.equal("a    bbb  1\naaa  b    22\n", table.concat(text))
  end)

  it("counts characters, not bytes", function()
    local out, text = new {}
    out:columns { { "é", "x" }, { "ab", "x" } }
    assert.are.equal("é   x\nab  x\n", table.concat(text))
  end)

  it("leaves no spaces at the ends of lines", function()
    local out, text = new {}
    out:columns { { "a", "" }, { "b", "c" } }
    assert.are.equal("a\nb  c\n", table.concat(text))
  end)

  it("colours on a terminal, outside of the padding", function()
    local out, text = new { stdout_is_terminal = true }
    out:columns(
      { { "a", "b" }, { "aa", "b" } },
      { style = outputs.by_column { "bold" }, header = { "X", "Y" } }
    )
    assert.are.equal(
      "\27[2mX\27[0m   \27[2mY\27[0m\n\27[1ma\27[0m   b\n\27[1maa\27[0m  b\n",
      table.concat(text)
    )
  end)

  it("respects NO_COLOR and dumb terminals", function()
    local cases = {
      { env = { NO_COLOR = "1" }, is_pretty = true, text = "x" },
      { env = { NO_COLOR = "" }, is_pretty = true, text = "\27[1mx\27[0m" },
      { env = { TERM = "dumb" }, is_pretty = false, text = "x" },
      { env = { TERM = "xterm" }, is_pretty = true, text = "\27[1mx\27[0m" },
    }
    for _, case in ipairs(cases) do
      local out = new { stdout_is_terminal = true, stderr_is_terminal = true, env = case.env }
      assert.are.equal(case.is_pretty, out.is_pretty)
      assert.are.equal(case.text, out:style("bold", "x"))
    end
  end)

  it("is not pretty with --json, on a terminal either", function()
    local out, text = new { stdout_is_terminal = true, is_json = true }
    assert.is_false(out.is_pretty)
    out:object { name = "a", addresses = {} }
    assert.are.equal('{"name":"a","addresses":[]}\n', table.concat(text))
  end)

  it("tells problems on stderr", function()
    local out, text, problems = new {}
    out:problem("%d of %s", 1, "2")
    out:problem("100 %")
    assert.are.equal("mlxresolve: 1 of 2\nmlxresolve: 100 %\n", table.concat(problems))
    assert.are.same({}, text)
  end)

  it("lets no name command the terminal", function()
    local out, text, problems = new { stdout_is_terminal = true }
    out:columns { { "a\27[2Jb" } }
    out:problem("%s", "\7x")
    assert.are.equal("a\\027[2Jb\n", table.concat(text))
    assert.are.equal("mlxresolve: \\007x\n", table.concat(problems))
  end)

  it("writes times so that people, and in a pipe programs, can read them", function()
    local plain, pretty = new {}, new { stdout_is_terminal = true }
    assert.are.equal("1.3ms", plain:ms(1.26))
    assert.are.equal("0.0 ms", pretty:ms(0.04))
    assert.are.equal("100 ms", pretty:ms(99.96))
    assert.are.equal("1014 ms", pretty:ms(1014))
    assert.are.equal("10.0 s", pretty:ms(9999.9))
    assert.are.equal("75s", plain:seconds(75))
    assert.are.equal("75 s", pretty:seconds(75))
  end)
end)
