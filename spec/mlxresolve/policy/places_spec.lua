local places = require("mlxresolve.policy.places")
local unit = require("mlxresolve.policy.unit")

-- Runs marked source; `noted` maps each table and call to its site.
local function run(text, globals)
  local source, sites = places.mark(unit.new("p.lua", text))
  local noted = {}
  local env = setmetatable(globals or {}, { __index = _G })
  env[places.table_mark] = function(number, value)
    noted[value] = sites[number]
    return value
  end
  env[places.call_mark] = function(number, fn)
    return function(...)
      noted[#noted + 1] = { site = sites[number], args = { ... } }
      return fn(...)
    end
  end
  return setfenv(assert(loadstring(source)), env)(), noted, sites
end

local function at(entry)
  return ("%d:%d"):format(entry.line, entry.column)
end

describe("mlxresolve.policy.places", function()
  it("knows the keys and values of a table", function()
    local value, noted = run('return { a = 1,\n  ["b"] = 2; "x", [3 + 4] = 5, { } }')
    local keys = noted[value].keys
    assert.equal("1:10", at(keys.a.key))
    assert.equal("1:14", at(keys.a.value))
    assert.equal("2:4", at(keys.b.key))
    assert.equal("2:11", at(keys.b.value))
    assert.equal("2:14", at(keys[1].value))
    assert.equal("2:32", at(keys[2].value))
  end)

  it("gives each table of a loop the place in the source", function()
    local value, noted =
      run("local all = {}\nfor i = 1, 2 do\n  all[i] = { x = i }\nend\nreturn all")
    assert.equal("3:14", at(noted[value[1]].keys.x.key))
    assert.equal(noted[value[1]], noted[value[2]])
  end)

  it("knows a call's name and arguments", function()
    local _, noted = run('return f("a", { 1 },\n  g.h "b")', {
      f = function() end,
      g = { h = function() end },
    })
    assert.equal("g.h", noted[1].site.callee)
    assert.equal("2:7", at(noted[1].site.keys[1].value))
    assert.equal("1:8", at(noted[2].site.place))
    assert.equal("1:10", at(noted[2].site.keys[1].value))
    assert.equal("1:15", at(noted[2].site.keys[2].value))
    assert.equal("2:3", at(noted[2].site.keys[3].value))
  end)

  it("does not take what is inside a function for a field", function()
    local value, noted = run([[return {
      f = function(a, b) local x, y = 1, 2 if a then return x, y end end,
      g = 1, function() for i = 1, 2 do repeat until true end end, "two" }]])
    local keys = noted[value].keys
    assert.equal("3:7", at(keys.g.key))
    assert.equal("3:14", at(keys[1].value))
    assert.equal("3:68", at(keys[2].value))
    assert.is_nil(keys[3])
  end)

  it("leaves the bodies of functions as they are", function()
    local _, _, sites = run("return function(q) return q:answer({ f{ 1 } }), g(2) end")
    assert.equal(0, #sites)
  end)

  it("marks a builder's arguments inside functions, too", function()
    local use = function(_, options)
      return options
    end
    local fn, noted = run('return function(i) return use("x", { n = i, { 1 } }), { 2 } end', {
      use = use,
    })
    local options = fn(7)
    assert.equal("1:38", at(noted[options].keys.n.key))
    local aliased, also = run("local u = use\nreturn function() return u { n = 1 } end", {
      use = function(given)
        return given
      end,
    })
    assert.equal("2:30", at(also[aliased()].keys.n.key))
  end)

  it("keeps the meaning and the lines of a program", function()
    local text = [[
      local t = { 1, 2, f = function(self, x) return x, ... and 1 end }
      local s = ("x"):rep(3) .. #{ 1, 2 }
      local function call(v) return v end
      local n = call{ a = { b = { c = 3 } } }.a.b.c
      local m = (call)({ 5 })[1]
      goto done
      do s = "skipped" end
      ::done::
      return s .. n .. m .. t[2] .. debug.getinfo(1, "l").currentline
    ]]
    text = text:gsub(", %.%.%. and 1", "")
    local plain = assert(loadstring(text))()
    assert.equal(plain, (run(text)))
    assert.equal("xxx23529", plain)
  end)

  it("marks an argument that stands on the next line", function()
    local value, noted = run("return f\n{ a = 1 }", {
      f = function(given)
        return given
      end,
    })
    assert.equal("2:3", at(noted[value].keys.a.key))
  end)

  it("underlines to the end of a value on its line, of a longer one its first word", function()
    local value, noted = run("return { a = 1 + 22, b = f {\n} }", {
      f = function() end,
    })
    assert.equal(6, noted[value].keys.a.value.length)
    assert.equal(1, noted[value].keys.b.value.length)
  end)
end)
