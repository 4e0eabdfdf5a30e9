-- Eight different mistakes; all of them are told at once.
local mlx = require("mlxresolve")
local use = mlx.use

return mlx.policy {
  listen = "127.0.0.1:5453",
  cache = { size = "32 bananas" },

  strategies = {
    use("hosts", { path = 7 }),
    use("dsn", { servers = "system" }),
    use("mdns", { zones = { "local" }, timeout = "800sm" }),
    use("dns", { servers = { "192.0.2.300" } }),
    use("backoff"),
    undefined_helper("native"),
  },
}
