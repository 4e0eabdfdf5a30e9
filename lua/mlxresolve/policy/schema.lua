--- The fields of `mlx.policy { … }`, of `mlx.race { … }`, and the options that every
--- strategy takes.
local schema = {}

local function list_of(kind)
  return { "list", of = { "plugin", kind = kind }, default = {} }
end

local off = { "off" }
local AUTO_OR_PATH = "'auto', a path or false"

schema.cache = {
  size = { "size", default = "32MiB", min = "64KiB", doc = "memory for answers" },
  min_ttl = { "ttl", default = "1s", doc = "kept at least so long, by clients too" },
  max_ttl = { "ttl", default = "1h", doc = "kept at most so long, by clients too" },
  max_negative_ttl = { "ttl", default = "5m", doc = "denials are kept at most so long" },
  stale = { "ttl", default = "0s", doc = "served so long after expiry when nobody answers" },
  stale_mode = {
    "enum",
    values = { "verify", "immediate" },
    default = "verify",
    doc = "whether what ran out is served when nobody has answered in time, or at once",
  },
  stale_timer = {
    "duration",
    default = "1.8s",
    min = "1ms",
    doc = 'how long "verify" waits for an answer before it serves what ran out',
  },
  persist = {
    "choice",
    of = { "string", off },
    expected = AUTO_OR_PATH,
    default = false,
    doc = 'the file in which the cache survives a restart, or "auto"',
  },
}

schema.front = {
  threads = {
    "choice",
    of = { { "integer", min = 1, max = 32 }, { "enum", values = { "auto" } } },
    default = 1,
    doc = 'threads that answer from the cache; "auto": one for each processor (Linux)',
  },
  udp_size = {
    "integer",
    default = 1232,
    min = 512,
    max = 4096,
    doc = "the longest answer over UDP; longer ones are asked for again over TCP",
  },
  max_pending = {
    "integer",
    default = 8192,
    min = 1,
    max = 65535,
    doc = "questions under way; further ones are told to come again, those of a client with many "
      .. "when three quarters are under way",
  },
  max_tcp = { "integer", default = 128, min = 1, max = 4096, doc = "connections at once" },
  max_tcp_per_client = {
    "integer",
    default = 32,
    min = 1,
    max = 4096,
    doc = "connections of one address",
  },
  max_pipelined = {
    "integer",
    default = 64,
    min = 1,
    max = 65535,
    doc = "questions under way in one connection",
  },
  tcp_idle = {
    "duration",
    default = "10s",
    min = "1ms",
    max = "1h",
    doc = "an unused connection is closed after this",
  },
}

schema.network = {
  settle = {
    "duration",
    default = "500ms",
    min = "1ms",
    max = "10s",
    doc = "how long a change is quiet before reactions are told of it",
  },
  flapping = {
    "duration",
    default = "5s",
    min = "1s",
    max = "5m",
    doc = "an interface that is lost twice within this is told of at most so often",
  },
  -- Those of containers and virtual machines, which come and go with them, and Apple's own radio
  -- links: no worker is behind them. Tunnels count, since a VPN changes what names mean.
  ignore = {
    "list",
    of = "interface",
    default = {
      "veth*",
      "docker*",
      "br-*",
      "virbr*",
      "vnet*",
      "cni*",
      "cali*",
      "flannel*",
      "lxc*",
      "podman*",
      "awdl*",
      "llw*",
    },
    doc = "interfaces of which reactions are not told",
  },
}

schema.policy = {
  listen = {
    "list",
    of = "endpoint",
    default = {},
    max = 16, -- core/front.h
    doc = "where DNS questions are answered, over UDP and TCP",
  },
  allow = {
    "list",
    of = "network",
    default = {},
    max = 64, -- core/front.h
    doc = "networks whose hosts may ask, besides this machine itself",
  },
  front = { "record", fields = schema.front, default = {}, doc = "how questions are taken in" },
  control = {
    "choice",
    of = { "string", off },
    expected = AUTO_OR_PATH,
    default = "auto",
    doc = 'the Unix socket of the command line; "auto" is the usual one',
  },
  network = {
    "record",
    fields = schema.network,
    default = {},
    doc = "when reactions are told of changes of the network, and of which",
  },
  http = {
    "choice",
    of = { "endpoint", off },
    default = false,
    doc = "kept for metrics and a dashboard: nothing is served there in this version",
  },
  deadline = {
    "duration",
    default = "4.5s",
    min = "10ms",
    doc = "the longest that a query may take",
  },
  cache = { "record", fields = schema.cache, default = {}, doc = "how answers are kept" },
  strategies = {
    "list",
    of = { "plugin", kind = "resolve" },
    required = true,
    min = 1,
    doc = "asked from the top; the first answer wins",
  },
  retries = list_of("retry"),
  rankers = list_of("rank"),
  reactions = {
    "list",
    of = { "plugin", kind = "network_changed" },
    default = false,
    doc = 'told of network changes; `{ use("revalidate") }` when absent',
  },
  observers = list_of("answered"),
  peers = { "list", of = "peer", default = {}, doc = "hosts that are in use all the time" },
}
schema.policy.pins = {
  "map",
  keys = "zone",
  of = { "list", of = { "plugin", kind = "identify" }, min = 1 },
  default = {},
  doc = "who has to prove that it is the host of these names, or of those below them, and how",
}
schema.policy.retries.doc = "whether and when to ask all strategies again"
schema.policy.rankers.doc = "order the addresses of an answer, one after the other"
schema.policy.observers.doc = 'told of answers; also services, such as `use("publish", …)`'

schema.name = { "string", doc = "how it is called in answers and messages" }

schema.common = {
  name = schema.name,
  zones = {
    "list",
    of = "zone",
    min = 1,
    default = false,
    doc = "asked only for these names and those below them",
  },
  except = { "list", of = "zone", default = false, doc = "but not for these and those below them" },
  types = { "list", of = "type", min = 1, default = false, doc = "asked only for these types" },
  timeout = { "duration", min = "1ms", default = false, doc = "how long it may take" },
  retry = {
    "plugin",
    kind = "retry",
    default = false,
    doc = "asks this strategy again within the pass",
  },
  cache = {
    "choice",
    of = { "boolean", { "record", fields = { min_ttl = "ttl", max_ttl = "ttl" } } },
    default = true,
    doc = "whether, or how long, its answers are kept",
  },
  denials = {
    "enum",
    values = { "end", "pass" },
    default = "end",
    doc = 'whether its "no such name" ends the search',
  },
  purpose = {
    "string",
    default = false,
    doc = "asked only by programs that say this purpose to `resolve`",
  },
}

-- How long the first member has before the next is asked as well: below what people notice.
schema.race = { after = { "duration", default = "150ms", doc = "the head start of each member" } }
for _, name in ipairs { "name", "zones", "except", "types", "timeout", "purpose" } do
  schema.race[name] = schema.common[name]
end

return schema
