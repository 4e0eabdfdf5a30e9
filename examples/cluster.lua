-- A policy for an inference cluster: Macs and Linux workers on one or two links, gRPC between
-- them.
--
-- gRPC (C core, so Python too) reaches workers by dns://127.0.0.1:5453/mini2.local:50051. Give the
-- channel the option grpc.dns_min_time_between_resolutions_ms = 100, or a worker that has moved is
-- found after half a minute.
local mlx = require("mlxresolve")
local use = mlx.use

local cluster = "local" -- where the workers' names live

return mlx.policy {
  listen = { "127.0.0.1:5453", "[::1]:5453" },
  control = "auto",
  deadline = "4.5s",
  -- Macs announce addresses for 75 minutes; five are enough when asking again costs a packet.
  cache = { size = "16MiB", min_ttl = "1s", max_ttl = "5m", stale = "1d" },

  strategies = {
    use("literal"),
    use("localhost"),
    use("hosts"), -- pin a worker in /etc/hosts, and it stays pinned
    use("this_host"),
    mlx.race {
      after = "150ms", -- the system's responder gets its turn when ours has heard nothing
      use("mdns", { zones = { cluster }, timeout = "1.2s" }),
      use("native_mdns", { zones = { cluster }, timeout = "2s" }),
    },
    -- Where multicast does not pass (an access point that keeps its clients apart), look for the
    -- worker among the neighbours, and in the subnets that you name; believed only if it proves
    -- who it is. Off until you take the comment away.
    -- use("scan", {
    --   zones = { cluster },
    --   subnets = { "192.168.2.0/24" },
    --   verify = { use("ssh_host_key", { known_hosts = { "/etc/ssh/ssh_known_hosts" } }) },
    -- }),
    use("dns", { servers = "system" }),
  },

  retries = { use("backoff", { attempts = 3, first = "100ms", max = "1s", jitter = 0.2 }) },
  reactions = {
    -- What a change of the network makes doubtful is looked into, while it serves on.
    use("revalidate"),
    -- A packet a second to each worker in use: one that moves without a word is found within two.
    use("verify", { zones = { cluster } }),
  },
  -- On a worker: its name and service on the link, for those who browse.
  -- observers = { use("publish", { service = "_mlx._tcp", port = 50051 }) },
  -- Whose address another host may get: believed on, and served when it ran out, only if it proves
  -- who it is; here by the key that it showed when it was first met.
  -- pins = { [cluster] = { use("tls_certificate", { port = 50051, first_use = true }) } },
  peers = { "mini1.local:50051", "mini2.local:50051" },
}
