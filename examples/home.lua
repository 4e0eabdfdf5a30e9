-- The default of `make run`: works on any machine, with nothing but loopback too.
local mlx = require("mlxresolve")
local use = mlx.use

return mlx.policy {
  listen = { "127.0.0.1:5453", "[::1]:5453" }, -- UDP and TCP; try: dig @127.0.0.1 -p 5453 localhost
  control = "auto", -- Unix socket for the command line
  deadline = "4.5s", -- no client waits longer
  cache = { size = "32MiB", min_ttl = "1s", max_ttl = "1h", stale = "1d" },

  strategies = { -- asked from the top; the first answer wins
    use("literal"), -- 192.0.2.1 is 192.0.2.1
    use("localhost"), -- never leaves this machine
    use("hosts"), -- /etc/hosts, read again when it changes
    use("this_host"), -- this machine's own name, also below .local
    mlx.race { -- names on this link: our own multicast first, the system's responder beside it
      after = "150ms",
      use("mdns", { zones = { "local" }, timeout = "800ms" }),
      use("native_mdns", { zones = { "local" }, timeout = "1s" }),
    },
    use("dns", { servers = "system" }), -- everything else
  },

  retries = { use("backoff", { attempts = 2, first = "100ms", max = "1s", jitter = 0.2 }) },
  reactions = { use("revalidate") }, -- what a change of the network makes doubtful is looked into
}
