--- The program with a policy that computes without end.

local shell = require("support.shell")
local uv = require("luv")

local POLICY = [[
local mlx = require("mlxresolve")
return mlx.policy {
  strategies = {
    mlx.use {
      name = "stuck",
      resolve = function(_, _, ctx)
        ctx:log("warn", "begins")
        while true do
        end
      end,
    },
  },
}
]]
local PATIENCE = 20 -- s; it takes five

describe("core.ending", function()
  local program = ("%s/%s/mlxresolve"):format(uv.cwd(), os.getenv("MLXR_BUILD") or "build")
  local folder

  before_each(function()
    folder = shell.temp_folder()
    shell.write(folder .. "/p.lua", POLICY)
  end)
  after_each(function()
    shell.remove_folder(folder)
  end)

  --- Starts the program, lets `script` happen, and returns its exit code and what it printed.
  local function run(script)
    local argv = { "run", folder .. "/p.lua", "--control", folder .. "/control" }
    local output, err, code = uv.new_pipe(), uv.new_pipe(), nil
    local texts = { "", "" }
    local handle, pid = uv.spawn(program, { args = argv, stdio = { nil, output, err } }, function(c)
      code = c
    end)
    for i, pipe in ipairs { output, err } do
      pipe:read_start(function(_, data)
        texts[i] = texts[i] .. (data or "")
      end)
    end
    local guard = uv.new_timer()
    uv.update_time() -- the loop's is from when it ran last
    guard:start(PATIENCE * 1000, 0, function()
      uv.kill(pid, "sigkill")
    end)
    local function wait(what)
      repeat
        uv.run("once")
      until what() or code or not guard:is_active()
    end
    wait(function()
      return texts[1]:find("control ", 1, true)
    end)
    script(pid, function(text)
      wait(function()
        return texts[2]:find(text, 1, true)
      end)
    end)
    wait(function()
      return code
    end)
    for _, one in ipairs { handle, output, err, guard } do
      one:close()
    end
    uv.run()
    return code, texts[2]
  end

  -- Only SIGKILL ended it.
  it("ends a program whose policy computes without end, and says so", function()
    local code, text = run(function(pid, wait_for)
      local ask = "%s query stuck.test --control %s/control --timeout 300ms >%s/asked 2>&1 &"
      os.execute(ask:format(program, folder, folder))
      wait_for("begins")
      uv.kill(pid, "sigterm")
    end)
    assert.equal(1, code, text)
    assert.matches("computes without end", text)
  end)

  it("lets one end in good order that can", function()
    local code, text = run(function(pid)
      uv.kill(pid, "sigterm")
    end)
    assert.equal(0, code, text)
    assert.is_nil(text:find("computes", 1, true))
  end)
end)
