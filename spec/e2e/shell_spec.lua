--- What a shell does to the program: closed files, full disks, terminals that are closed.

local netns = require("support.netns")
local shell = require("support.shell")

local program = (os.getenv("MLXR_BUILD") or "build") .. "/mlxresolve"

-- $mlxresolve, and $folder for what it writes; a run that hangs ends with 124.
local function run(script)
  local folder = shell.temp_folder()
  local head = ("folder=%s mlxresolve=%s\n"):format(shell.quote(folder), shell.quote(program))
  local done = netns.exec({ "bash", "-c", head .. script }, { timeout = 30 })
  shell.remove_folder(folder)
  return done.out, done.err
end

describe("mlxresolve in a shell", function()
  it("works where standard files are closed", function()
    local out, err = run([[
      for closed in "0<&-" "1>&-" "2>&-" "0<&- 1>&- 2>&-"; do
        eval "timeout 10 $mlxresolve query localhost --policy examples/home.lua $closed" \
          >$folder/out
        echo "$closed $?"
      done
      grep -c 127.0.0.1 $folder/out]])
    assert.equal("0<&- 0\n1>&- 0\n2>&- 0\n0<&- 1>&- 2>&- 0\n0\n", out, err)
  end)

  it("does not end with 0 when nothing could be written", function()
    local out, err = run([[
      timeout 10 $mlxresolve check examples/home.lua >/dev/full; echo $?
      timeout 10 $mlxresolve query localhost --json --policy examples/home.lua >/dev/full; echo $?
      timeout 10 $mlxresolve watch localhost --policy examples/home.lua >/dev/full; echo $?]])
    assert.equal("1\n1\n1\n", out)
    local _, count = err:gsub("the output could not be written: No space left on device", "")
    assert.equal(3, count, err)
  end)

  it("says nothing when the reader has seen enough", function()
    local out, err = run([[
      echo 192.0.2.1 a.test >$folder/hosts
      cat >$folder/policy.lua <<END
        local mlx = require("mlxresolve")
        return mlx.policy {
          strategies = { mlx.use("hosts", { paths = { "$folder/hosts" }, ttl = "1s" }) },
        }
END
      mkfifo $folder/pipe
      (timeout 20 $mlxresolve watch a.test --json --policy $folder/policy.lua >$folder/pipe
        echo $? >$folder/code) &
      head -n 1 $folder/pipe | grep -o '"event":"[a-z]*"'
      echo 192.0.2.2 a.test >$folder/hosts # there is more to tell, and nobody reads it
      wait
      cat $folder/code]])
    assert.equal('"event":"added"\n0\n', out, err)
    assert.equal("", err)
  end)

  it("ends when its terminal is closed, unless nohup was asked for", function()
    local out, err = run([[
      for before in "" nohup; do
        timeout 10 $before $mlxresolve watch localhost --policy examples/home.lua \
          </dev/null >$folder/out 2>&1 &
        until grep -q added $folder/out 2>/dev/null; do sleep 0.02; done
        watching=$(pgrep -x mlxresolve -P $!)
        kill -HUP $watching
        if [ -z "$before" ]; then
          wait $!; echo "ended with $?"; rm $folder/out
        else
          sleep 0.2; kill -TERM $watching && echo "still there"; wait
        fi
      done]])
    assert.equal("ended with 130\nstill there\n", out, err)
  end)
end)
