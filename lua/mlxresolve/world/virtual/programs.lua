--- Programs in a virtual world: scripted by the first word of their command line.

---@class mlxresolve.VirtualWorld
local programs = {}

--- `world.programs[argv[1]]` is a function (argv, world) that returns the exit code, stdout, stderr
--- and optionally a delay in ms; or nil, message, code, delay. Where there is none, there is no
--- such program.
function programs:run(waiter, argv)
  local ran = { argv = argv, at = self.time, is_over = false }
  self.ran[#self.ran + 1] = ran
  local program = self.programs[argv[1]]
  if not program then
    return nil, argv[1] .. ": no such file or directory", "ENOENT"
  end
  local code, stdout, stderr, delay = program(argv, self)
  return self:begin(waiter, delay or 1, function()
    ran.is_over = true
    return code, stdout, stderr
  end)
end

return programs
