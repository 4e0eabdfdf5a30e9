local check = require("mlxresolve.cli.check")
local fake_cli = require("support.fake_cli")

describe("mlxresolve.cli.check", function()
  local saved

  before_each(function()
    saved = package.loaded["mlxresolve.policy"]
    package.loaded["mlxresolve.policy"] = {
      load = function(path)
        if path == "good.lua" then
          return { strategies = { {}, {} } }
        end
        local mistake = { file = path, line = 6, column = 7, text = "no", source = "x = 1" }
        return nil,
          setmetatable({ mistake }, {
            __tostring = function()
              return path .. ":6:7: error: no"
            end,
          })
      end,
    }
  end)

  after_each(function()
    package.loaded["mlxresolve.policy"] = saved
  end)

  it("says ok and ends with 0", function()
    local cli = fake_cli.new()
    assert.are.equal(0, check.run(cli, { policies = { "good.lua" } }))
    assert.are.equal("good.lua: ok (2 strategies)\n", cli.shown.stdout)
  end)

  it("checks all policies and ends with 4 when one has mistakes", function()
    local cli = fake_cli.new()
    assert.are.equal(4, check.run(cli, { policies = { "a.lua", "good.lua", "b.lua" } }))
    assert.are.equal("good.lua: ok (2 strategies)\n", cli.shown.stdout)
    assert.are.equal("a.lua:6:7: error: no\nb.lua:6:7: error: no\n", cli.shown.stderr)
  end)

  it("prints one object a policy as JSON", function()
    local cli = fake_cli.new { is_json = true }
    check.run(cli, { policies = { "good.lua", "a.lua" } })
    assert.are.equal(
      '{"policy":"good.lua","ok":true,"mistakes":[]}\n'
        .. '{"policy":"a.lua","ok":false,"mistakes":[{"file":"a.lua","line":6,"column":7,'
        .. '"text":"no","source":"x = 1"}]}\n',
      cli.shown.stdout
    )
  end)
end)
