--- Every scenario in examples/scenarios/ holds for the policies that are meant to be used.

local shell = require("support.shell")

local SEEDS = 5

describe("the scenarios", function()
  for path in assert(io.popen("ls examples/scenarios/*.lua")):lines() do
    for _, policy in ipairs { "cluster", "home" } do
      it(("hold for %s: %s"):format(policy, path), function()
        local command = ("build/mlxresolve simulate examples/%s.lua %s --seeds %d 2>&1"):format(
          policy,
          path,
          SEEDS
        )
        local pipe = assert(io.popen(command))
        local text = pipe:read("*a")
        pipe:close()
        assert.is_truthy(text:find(path .. ": ok (", 1, true), text)
      end)
    end

    it("say first what happens: " .. path, function()
      assert.is_truthy(shell.read(path):find("^%-%- [^\n]+%.\n") or shell.read(path):find("^%-%- "))
      assert.is_truthy(shell.read(path):find('\n  about = "', 1, true))
    end)
  end
end)
