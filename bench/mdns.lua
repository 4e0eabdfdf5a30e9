-- mDNS beside real peers and on large links: all figures, or those of the parts that are named.
-- Hosts are network namespaces on a bridge. Run in the project's folder after a build with
-- -DMLXR_BENCH=ON:
--
--   luajit bench/mdns.lua [cold|loss|change|links|flood|many]...
--
-- Each part is a file in bench/mdns/ that says what it measures. A part gives its processes a
-- session of their own with a higher share of the processors, where the system allows that.
package.path = "./bench/mdns/?.lua;./lua/?.lua;./lua/?/init.lua;./spec/?.lua;" .. package.path
package.cpath = "./build/?.so;" .. package.cpath

local PARTS = { "cold", "loss", "change", "links", "flood", "many" }

local RUN =
  [[{ echo -15 >/proc/self/autogroup; } 2>/dev/null; exec luajit bench/mdns.lua --inside %s]]

local function is_part(name)
  for _, part in ipairs(PARTS) do
    if part == name then
      return true
    end
  end
end

io.stdout:setvbuf("line")
if arg[1] == "--inside" then
  require(arg[2]).run()
  return
end

local failed = false
for _, part in ipairs(#arg > 0 and arg or PARTS) do
  if not is_part(part) then
    io.stderr:write(("bench: no part '%s'; expected %s\n"):format(part, table.concat(PARTS, ", ")))
    os.exit(2)
  end
  print(("\n## %s\n"):format(part))
  io.stdout:flush()
  failed = os.execute(("setsid -w sh -c '%s'"):format(RUN:format(part))) ~= 0 or failed
end
os.exit(failed and 1 or 0)
