--- The global names that a compiled chunk reads and writes, in all of its functions, run
--- or not. The bytecode tells: the compiler has resolved every local name already.
local jit_util = require("jit.util")

local globals = {}

local band, rshift = bit.band, bit.rshift

-- Opcode numbers differ between releases of LuaJIT: ask the compiler instead.
local function opcode(source, pc)
  return band(jit_util.funcbc(assert(loadstring(source)), pc), 0xff)
end
local GGET, GSET = opcode("return x", 1), opcode("x = 1", 2)

local function scan(fn, found)
  local info = jit_util.funcinfo(fn)
  for pc = 1, info.bytecodes - 1 do
    local instruction = jit_util.funcbc(fn, pc)
    local op = band(instruction, 0xff)
    if op == GGET or op == GSET then
      found[#found + 1] = {
        name = jit_util.funck(fn, -rshift(instruction, 16) - 1),
        line = jit_util.funcinfo(fn, pc).currentline,
        is_write = op == GSET,
      }
    end
  end
  for i = -1, -info.gcconsts, -1 do
    local constant = jit_util.funck(fn, i)
    if type(constant) == "proto" then
      scan(constant, found)
    end
  end
end

--- In order of appearance, the enclosing function before those in it.
---@param fn function  a Lua function
---@return { name: string, line: integer, is_write: boolean }[]
function globals.of(fn)
  local found = {}
  scan(fn, found)
  return found
end

return globals
