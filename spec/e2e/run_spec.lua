--- `make run` after the build, as tools/run: what a stranger types first.

local netns = require("support.netns")
local shell = require("support.shell")

-- Waits until the daemon of `$1` says what to try; $2 is the log.
local PRELUDE = [[
wait_for() {
  for _ in $(seq 200); do
    grep -q "Try next" "$1" 2>/dev/null && return
    sleep 0.05
  done
  echo "waited in vain for $1"
}
ms() { date +%s%3N; }
]]

local function run(script)
  local folder = shell.temp_folder()
  shell.write(
    folder .. "/none.lua",
    [[
    local mlx = require("mlxresolve")
    return mlx.policy { control = false, strategies = { mlx.use("localhost") } }]]
  )
  local done = netns.exec({
    "bash",
    "-c",
    "cd "
      .. shell.quote(assert(io.popen("pwd"):read("*l")))
      .. "\nfolder="
      .. folder
      .. "\n"
      .. PRELUDE
      .. script,
  }, { timeout = 30 })
  shell.remove_folder(folder)
  return done
end

local function says(text, part)
  assert.is_truthy(text:find(part, 1, true), ("%q does not say %q"):format(text, part))
end

describe("make run", function()
  it("ends with 1 beside another one, and says whose socket it found", function()
    local done = run([[
      tools/run >$folder/out 2>&1 & first=$!
      wait_for $folder/out
      tools/run; echo "code $?"
      kill $first; wait $first; echo "first $?"]])
    says(done.out, "code 1\n")
    says(done.out, "first 0\n")
    says(done.err, "/run/mlxresolve.sock is the control socket of another mlxresolve (pid ")
    says(done.err, "examples/home.lua, listens on 127.0.0.1:5453, [::1]:5453)")
    assert.is_nil(done.out:find("Try next", 1, true))
  end)

  it("runs a second one elsewhere, and names its socket in what to try", function()
    local done = run([[
      tools/run >$folder/out 2>&1 & first=$!
      wait_for $folder/out
      tools/run examples/custom_fallback.lua --control /run/b.sock --listen [::1]:5454 \
        >$folder/b 2>&1 & second=$!
      wait_for $folder/b
      build/mlxresolve query slot7.rack.example --control /run/b.sock
      kill $first $second; wait; cat $folder/b]])
    says(done.out, "build/mlxresolve status --control /run/b.sock ")
    says(done.out, "dig @::1 -p 5454 localhost AAAA")
    says(done.out, "slot7.rack.example  198.51.100.7  -  rack")
  end)

  it("serves a policy without a control socket, and tells no command that needs one", function()
    local done = run([[
      tools/run $folder/none.lua --listen 127.0.0.1:5455 >$folder/out 2>&1 & first=$!
      wait_for $folder/out
      kill $first; wait $first; cat $folder/out]])
    says(done.out, "dig @127.0.0.1 -p 5455")
    assert.is_nil(done.out:find("mlxresolve status", 1, true))
  end)

  it("ends with 4 for a policy with mistakes", function()
    local done =
      run([[echo 'return {' >$folder/bad.lua; tools/run $folder/bad.lua; echo "code $?"]])
    says(done.out, "code 4\n")
    says(done.err, "bad.lua:1:")
  end)

  it("ends within a second of Ctrl-C, with all that it started", function()
    local done = run([[
      cat >$folder/terminal.py <<'PY'
import os, pty, sys, time
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
seen = b""
try:
    while True:
        data = os.read(terminal, 4096)
        seen += data
        if b"Try next" in seen:
            os.write(terminal, b"\x03")
            began = time.time()
            seen = b""
except OSError:
    pass
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
print("code", code, "in time" if time.time() - began < 1 else "late")
PY
      python3 $folder/terminal.py tools/run
      test -e /run/mlxresolve.sock && echo "left its socket"
      grep -lx mlxresolve /proc/[0-9]*/comm 2>/dev/null]])
    assert.equal("code 0 in time\n", done.out, done.err)
  end)
end)
