-- Five strategies; the last one forwards to the answering machine. One that never returns is there
-- for the benchmark that wants to know who notices.
local mlx = require("mlxresolve")
local use = mlx.use

local function spin()
  local n = 0
  while n < 1e15 do
    n = n + 1
  end
end

return mlx.policy {
  listen = { "127.0.0.1:" .. mlx.env("BENCH_PORT", "5301") },
  front = { threads = tonumber(mlx.env("BENCH_THREADS", "1")) },
  control = false,
  -- a million fit into the larger
  cache = { size = tonumber(mlx.env("BENCH_NAMES", "1200000")) * 85 },
  strategies = {
    use("literal"),
    use("localhost"),
    use("hosts"),
    use("mdns", { zones = { "local" } }),
    use { name = "spin", zones = { "spin.example" }, resolve = spin },
    use("dns", { servers = { "127.0.0.2:5310" } }),
  },
}
