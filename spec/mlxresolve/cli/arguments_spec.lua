local arguments = require("mlxresolve.cli.arguments")

local function parse(line)
  local words = {}
  for word in line:gmatch("%S+") do
    words[#words + 1] = word
  end
  return arguments.parse(words)
end

local function assert_mistake(line, text)
  local values, message, was_asked = parse(line)
  assert.is_nil(values, line)
  assert.is_false(was_asked)
  assert.is_truthy(message:find(text, 1, true), message)
end

describe("mlxresolve.cli.arguments", function()
  it("takes --json and --control before and after the command", function()
    for _, line in ipairs {
      "--json --control /s query a",
      "query --json a --control /s",
      "query a --control=/s --json",
    } do
      local values = parse(line)
      assert.are.equal("query", values.command)
      assert.are.equal("a", values.name)
      assert.is_true(values.json)
      assert.are.equal("/s", values.control)
    end
  end)

  it("reads types, listeners and policies as lists", function()
    assert.are.same({ "SRV", "TXT" }, parse("query a SRV TXT").types)
    assert.are.same({}, parse("query a").types)
    assert.are.same({ "a:1", "b:2" }, parse("run p.lua --listen a:1 --listen b:2").listen)
    assert.are.same({ "p", "q" }, parse("check p q").policies)
  end)

  it("knows the commands of the contract", function()
    assert.are.equal("p.lua", parse("run p.lua").policy_file)
    assert.are.equal("status", parse("status").command)
    assert.are.equal("reload", parse("reload").command)
    local flush = parse("cache flush mini2.local")
    assert.are.same({ "cache", "flush", "mini2.local" }, {
      flush.command,
      flush.cache_command,
      flush.name,
    })
    assert.is_nil(parse("cache flush").name)
  end)

  it("suggests the command or option that was meant", function()
    assert_mistake("qeury a", "Did you mean 'query'?")
    assert_mistake("query a --jsn", "Did you mean '--json'?")
    assert_mistake("help qeury", "Did you mean 'query'?")
  end)

  it("says what is missing, and how it is used", function()
    assert_mistake("query", "missing argument 'NAME'")
    for _, option in ipairs { "--seeds", "--first", "--jobs", "--seed" } do
      local line = ("simulate p.lua s.lua %s 0"):format(option)
      assert_mistake(line, option .. ": expected a whole number from 1 on, got '0'")
    end
    assert_mistake("query", "Usage: mlxresolve query")
    assert_mistake("check", "POLICY")
    assert_mistake("cache", "a command is required")
    assert_mistake("--json", "a command is required")
    assert_mistake("query a --control", "'--control' requires an argument")
    assert_mistake("", "Usage: mlxresolve")
  end)

  it("gives help and version without ending the process", function()
    local lines = { "--help", "-h", "help", "query --help", "help cache flush", "--version" }
    for _, line in ipairs(lines) do
      local values, text, was_asked = parse(line)
      assert.is_nil(values)
      assert.is_true(was_asked, line)
      assert.is_true(#text > 10)
    end
    assert.are.equal(select(2, parse("help query")), (select(2, parse("query --help"))))
  end)

  it("lists in its help every option and command that it takes, and the exit codes", function()
    local _, help = parse("--help")
    for _, word in ipairs {
      "run",
      "query",
      "check",
      "status",
      "cache",
      "reload",
      "help",
      "--json",
      "--control",
      "--version",
      "130 interrupted",
    } do
      assert.is_truthy(help:find(word, 1, true), word)
    end
    for command, options in pairs {
      run = { "POLICY", "--listen" },
      query = { "NAME", "TYPE", "--trace", "--fresh", "--timeout", "--policy" },
      ["cache ls"] = { "NAME", "--type", "--interface", "--strategy", "--older-than", "--limit" },
      ["cache flush"] = { "NAME", "--type", "--interface", "--strategy", "--older-than" },
    } do
      local _, text = parse("help " .. command)
      for _, option in ipairs(options) do
        assert.is_truthy(text:find(option, 1, true), command .. ": " .. option)
      end
      assert.is_truthy(text:find("--json, --control PATH", 1, true), command)
    end
  end)
end)
