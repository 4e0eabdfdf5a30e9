-- The library in a program of your own: any loop that luv drives (plain luajit, Neovim).
--
--   luajit examples/embed.lua mini2.local        (from the source tree, after `make build`)
package.path = "./lua/?.lua;./lua/?/init.lua;" .. package.path
package.cpath = "./build/?.so;" .. package.cpath

local mlx = require("mlxresolve") -- on the main thread, never first inside a coroutine
local uv = require("luv")

local name = arg and arg[1] or "localhost"

-- Nothing is opened that was not asked for: no listener, no control socket, no signals.
local resolver, report = mlx.open(mlx.policy {
  strategies = {
    mlx.use("literal"),
    mlx.use("localhost"),
    mlx.use("hosts"),
    mlx.use("this_host"),
    mlx.use("mdns", { zones = { "local" }, timeout = "800ms" }),
    mlx.use("dns", { servers = "system" }),
  },
})
if not resolver then
  io.stderr:write(report, "\n")
  os.exit(4)
end

-- With a callback …
local request = resolver:resolve(name, { type = "A" }, function(result, message, code)
  if result then
    print(
      "callback:",
      result.name,
      result.status,
      result.addresses[1] and result.addresses[1].address
    )
  else
    print("callback:", name, message, code)
  end
end)
assert(request.cancel, "a request can be given up")

-- … or without one, inside a coroutine.
coroutine.wrap(function()
  local result, message, code = resolver:resolve(name, { types = { "A", "AAAA" }, trace = true })
  if not result then
    print("coroutine:", message, code)
  else
    for _, address in ipairs(result.addresses) do
      print("coroutine:", address.address, address.strategy, address.ttl .. " s")
    end
    for _, try in ipairs(result.trace) do
      print("  tried:", try.type, try.strategy, try.result, try.detail or "")
    end
  end
  resolver:close()
end)()

uv.run()
