-- Five strategies; the last one forwards to the answering machine.
local mlx = require("mlxresolve")
local use = mlx.use

return mlx.policy {
  listen = { "127.0.0.1:5301" },
  control = false,
  cache = { size = "512MiB" },
  strategies = {
    use("literal"),
    use("localhost"),
    use("hosts"),
    use("mdns", { zones = { "local" } }),
    use("dns", { servers = { "127.0.0.2:5310" } }),
  },
}
