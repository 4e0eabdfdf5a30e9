local sandbox = require("mlxresolve.sandbox")

local modules = { mlxresolve = { greeting = "hello" } }

local function run(text, spec)
  local env = sandbox.new(spec or { modules = modules })
  return pcall(assert(sandbox.load(text, "=spec", env)))
end

local function value_of(text)
  local ok, value = run(text)
  assert.is_true(ok, value)
  return value
end

describe("mlxresolve.sandbox", function()
  it("has the language", function()
    assert.equal("a-b", value_of([[return table.concat({ "a", "b" }, "-")]]))
    assert.equal(6, value_of([[return select("#", unpack { 1, 2, 3 }) * 2]]))
    assert.equal("X", value_of([[return ("x"):upper()]]))
    assert.equal(3, value_of([[return bit.band(7, math.floor(3.9))]]))
    assert.equal("hello", value_of([[return require("mlxresolve").greeting]]))
  end)

  it("lacks the machine", function()
    local absent = [[io os ffi debug package jit loadfile dofile collectgarbage getfenv setfenv
      newproxy module _G print gcinfo]]
    for name in absent:gmatch("%S+") do
      assert.is_nil(value_of("return " .. name), name)
    end
    assert.is_nil(value_of("return string.dump"))
    assert.is_nil(value_of("return math.random"))
    assert.is_nil(value_of("return math.randomseed"))
  end)

  it("requires nothing but the library's own module", function()
    for _, name in ipairs { "ffi", "luv", "io", "mlxresolve.core", "jit.util", "string" } do
      local ok, message = run(("return require(%q)"):format(name))
      assert.is_false(ok)
      assert.matches("is not for policies and plugins", message)
    end
  end)

  it("does not let library tables or globals be changed", function()
    for _, text in ipairs {
      "string.format = 1",
      "table.insert = nil",
      "x = 1",
      "string = {}",
      "math.pi = 3",
      [[rawset(string, "format", 1) assert(string.format("") == "")]],
    } do
      assert.is_false((run(text)), text)
    end
    assert.equal("1", ("%d"):format(1))
    assert.equal("function", type(string.format))
  end)

  it("lets coroutines yield that a plugin made, and nobody's call", function()
    local text = [[
      local co = coroutine.create(function(a) return coroutine.yield(a + 1) end)
      local _, first = coroutine.resume(co, 1)
      local _, second = coroutine.resume(co, 5)
      local step = coroutine.wrap(function(a) coroutine.yield(a) return "end" end)
      return { first, second, step("x"), step() }]]
    assert.same({ 2, 5, "x", "end" }, value_of(text))
    assert.is_false((run("coroutine.wrap(5)")))
    local ok, problem, ended = false, false, false
    local host = coroutine.wrap(function()
      ok, problem = run("coroutine.yield(1)")
      ended = true
    end)
    host()
    assert.is_true(ended)
    assert.is_false(ok)
    assert.matches("^spec:1: coroutine.yield: nobody resumes", problem)
  end)

  it("keeps the metatable of strings to itself", function()
    assert.is_nil(value_of([[return getmetatable("")]]))
    assert.is_false((run([[getmetatable("").__index = function() end]])))
    assert.equal("function", type(getmetatable("").__index.rep))
  end)

  it("keeps the metatables of the host's objects to itself", function()
    local object = setmetatable({}, { __name = "mlxresolve.query", __index = { a = 1 } })
    local spec = { modules = modules, globals = { object = object } }
    local ok, value = run("return getmetatable(object) == nil and object.a", spec)
    assert.is_true(ok)
    assert.equal(1, value)
    assert.is_false((run("setmetatable(object, {})", spec)))
    assert.equal(5, value_of("return setmetatable({}, { __index = { x = 5 } }).x"))
  end)

  it("has no door through library tables to the host's", function()
    assert.is_false(value_of("return getmetatable(string)") or false)
    assert.is_nil(value_of("return rawget(string, 'format')"))
  end)

  it("loads text, never bytecode, through every door", function()
    local bytecode = string.dump(function() end)
    assert.is_nil((sandbox.load(bytecode, "=x", {})))
    for _, name in ipairs { "load", "loadstring" } do
      local env = sandbox.new { modules = {}, globals = { code = bytecode } }
      local fn, message = assert(sandbox.load("return " .. name .. "(code)", "=x", env))()
      assert.is_nil(fn)
      assert.matches("bytecode", message)
    end
    local parts = sandbox.new { modules = {}, globals = { code = bytecode } }
    local text = [[
      local at = 0
      return load(function() at = at + 1 return code:sub(at, at) end)]]
    assert.is_nil((assert(sandbox.load(text, "=x", parts))()))
  end)

  it("loads text into the same environment", function()
    assert.is_nil(value_of([[return load("return io")()]]))
    assert.is_nil(value_of([[return loadstring("return os")()]]))
    assert.equal(4, value_of([[return load("return x", "n", "b", { x = 4 })()]]))
  end)

  it("gives every environment its own tables", function()
    local one, two = sandbox.new { modules = {} }, sandbox.new { modules = {} }
    assert.not_equal(one.string, two.string)
  end)

  it("names what it defines", function()
    local env = sandbox.new { modules = {} }
    for _, name in ipairs(sandbox.names()) do
      assert.is_not_nil(env[name], name)
    end
  end)
end)
