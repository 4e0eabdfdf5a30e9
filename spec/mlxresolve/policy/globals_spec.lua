local globals = require("mlxresolve.policy.globals")

local function of(text)
  local list = {}
  for i, use in ipairs(globals.of(assert(loadstring(text)))) do
    list[i] = ("%s%s:%d"):format(use.is_write and "=" or "", use.name, use.line)
  end
  return list
end

describe("mlxresolve.policy.globals", function()
  it("finds reads and writes with their lines", function()
    assert.same({ "print:1", "=y:2", "z:3" }, of("print(1)\ny = 2\nlocal a = z"))
  end)

  it("looks into functions that have not run", function()
    local text =
      "local function f() return\n a end\nreturn function() return function() b = f end end"
    assert.same({ "a:2", "=b:3" }, of(text))
  end)

  it("leaves out locals, parameters, upvalues and fields", function()
    assert.same(
      {},
      of([[
      local x, t = 1, {}
      return function(y) t.z = x + y return t.print end]])
    )
  end)
end)
