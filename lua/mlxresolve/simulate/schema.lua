--- What a scenario may say, as schemas of options: they feed the check and the reference.

local servers = require("mlxresolve.world.sim.servers")

local schema = {}

local addresses = { "list", of = "string" }

local function with(spec, fields)
  local copy = {}
  for _, source in ipairs { spec, fields } do
    for key, value in pairs(source) do
      copy[key] = value
    end
  end
  return copy
end

--- A link: one multicast domain.
schema.link = {
  delay = { "duration", default = "0.3ms", doc = "what every packet takes" },
  jitter = { "duration", default = "0.5ms", doc = "at most so much more" },
  loss = { "number", default = 0, min = 0, max = 1, doc = "probability that a packet is lost" },
  multicast_loss = {
    "number",
    default = 0,
    min = 0,
    max = 1,
    doc = "that multicast is lost though other packets are not, as over Wi-Fi",
  },
  duplicate = { "number", default = 0, min = 0, max = 1, doc = "that it comes twice" },
  reorder = { "number", default = 0, min = 0, max = 1, doc = "that it is late by up to 20 ms" },
  isolated = {
    "boolean",
    default = false,
    doc = "an access point that keeps its clients apart",
  },
  snooping = {
    "boolean",
    default = false,
    doc = "a switch that forgets memberships of groups when a cable is pulled",
  },
}

schema.interface = {
  link = { "string", required = true, doc = "the link that it is on" },
  addresses = with(addresses, { default = {}, doc = 'with prefix: "192.168.2.1/24"' }),
  gateway = { "address", doc = "of its default route" },
  routes = with({ "list", of = "network" }, {
    default = {},
    doc = "networks behind the gateway, in place of everything",
  }),
  kind = {
    "enum",
    values = { "ethernet", "wifi", "thunderbolt", "bridge", "tunnel", "other" },
    default = "ethernet",
    doc = "as the kernel tells it",
  },
  infrastructure = {
    "boolean",
    default = false,
    doc = "heard by the clients of an isolating access point: the router's",
  },
  up = {
    "boolean",
    default = true,
    doc = "whether the cable is in at the start; a tunnel that is not up is not there",
  },
}

schema.server = {
  records = {
    "map",
    of = { "list", of = "address" },
    default = {},
    doc = "the addresses of its names; other names do not exist",
  },
  mode = { "enum", values = servers.modes, default = "answer", doc = "how it treats questions" },
  ttl = { "ttl", default = "60s", doc = "of its records" },
  delay = { "duration", default = "1ms", doc = "how long it thinks" },
}

schema.service = {
  type = { "string", required = true, doc = '"_mlx._tcp"' },
  port = { "integer", required = true, min = 1, max = 65535, doc = "where it listens" },
  instance = { "string", doc = "what it is called; as the host when absent" },
  txt = { "map", of = "string", default = {}, doc = "further facts" },
}

schema.host = {
  name = { "string", doc = "what it calls itself; as it is called here when absent" },
  on = { "boolean", default = true, doc = "whether it is on at the start" },
  interfaces = {
    "map",
    of = { "record", fields = schema.interface },
    required = true,
    doc = "by name",
  },
  responder = {
    "enum",
    values = { "none", "avahi", "apple" },
    default = "none",
    doc = "the mDNS responder that it runs",
  },
  services = {
    "list",
    of = { "record", fields = schema.service },
    default = {},
    doc = "what its responder publishes besides the name",
  },
  mdns_ttl = { "ttl", doc = "of the responder's records; 120 s for avahi, 4500 s for apple" },
  dns = { "record", fields = schema.server, doc = "the DNS server that it runs" },
  forwards = { "boolean", default = false, doc = "it is a router" },
  tcp = { "list", of = "integer", default = {}, doc = "ports on which it takes connections" },
}

schema.step = {
  at = { "duration", required = true, doc = "when, since the start" },
  -- changes
  unplug = { "string", doc = '"mini2/eth0": the cable is pulled; or a bridge breaks' },
  plug = { "string", doc = '"mini2/eth0": it is put in, into another `link` if one is named' },
  flap = { "string", doc = '"mini2/eth0": out and in, `times` times, `every` so long' },
  readdress = {
    "string",
    doc = '"mini2/eth0" gets the addresses `to`; with `announce = false` without a word',
  },
  sleep = { "string", doc = "a host falls asleep" },
  wake = { "string", doc = "it wakes" },
  set_clock = { "string", doc = '"+1h", "-2h": the wall clock of the machine jumps' },
  off = { "string", doc = "a host is switched off; with `goodbye` it says so first" },
  on = { "string", doc = "it is back" },
  change = { "string", doc = "a link gets other properties" },
  partition = { "string", doc = "a link falls apart into `groups` of hosts" },
  heal = { "string", doc = "it is whole again" },
  server = { "string", doc = "a host's DNS server gets another `mode` or further `records`" },
  write = { "string", doc = "a file of the machine gets the contents `text`" },
  -- questions
  ask = { "string", doc = "a question; `within` asks it until it is answered as expected" },
  keep_asking = { "string", doc = "a question again and again, `every` so long, until `till`" },
  never = { "string", doc = "an address that no answer for `of` may hold until `till`" },
  quiet = { "string", doc = '"laptop/tun0": no multicast may leave there until `till`' },
  -- details
  link = { "string", doc = "of plug" },
  to = with(addresses, { doc = "of readdress" }),
  gateway = { "choice", of = { "address", { "off" } }, doc = "of readdress" },
  announce = {
    "boolean",
    doc = "of readdress, on, wake and plug: the responder says so; it does when absent, but avahi "
      .. "does not notice cables",
  },
  goodbye = { "boolean", default = false, doc = "of readdress and off" },
  times = { "integer", default = 3, min = 1, max = 10000, doc = "of flap" },
  every = { "duration", default = "200ms", min = "1ms", doc = "of flap, ask and keep_asking" },
  groups = { "list", of = { "list", of = "string" }, doc = "of partition: names of hosts" },
  mode = { "enum", values = servers.modes, doc = "of server" },
  records = { "map", of = { "list", of = "address" }, doc = "of server" },
  text = { "string", default = "", doc = "of write" },
  type = { "type", default = "A", doc = "of questions" },
  expect = {
    "enum",
    values = { "right", "nothing", "anything" },
    doc = "right: at least one address that leads to the host, and none that it has not; "
      .. "nothing: no address",
  },
  exactly = { "list", of = "address", doc = "of ask: these addresses, in any order" },
  within = { "duration", doc = "of ask" },
  ["of"] = { "string", doc = "of never: the name" },
  till = { "duration", doc = "of keep_asking, never and quiet; the end when absent" },
}
for name, spec in pairs(schema.link) do
  schema.step[name] = schema.step[name] or with(spec, { doc = "of change" })
  if schema.step[name].doc == "of change" then
    schema.step[name].default = nil
  end
end

--- What a step does: exactly one of these stands in it.
schema.verbs = {
  "ask",
  "change",
  "flap",
  "heal",
  "keep_asking",
  "never",
  "off",
  "on",
  "partition",
  "plug",
  "quiet",
  "readdress",
  "server",
  "set_clock",
  "sleep",
  "unplug",
  "wake",
  "write",
}

schema.scenario = {
  about = { "string", default = "", doc = "what happens, in a sentence" },
  machine = { "string", required = true, doc = "the host on which the policy runs" },
  links = { "map", of = { "record", fields = schema.link }, required = true, doc = "by name" },
  hosts = { "map", of = { "record", fields = schema.host }, required = true, doc = "by name" },
  bridges = {
    "map",
    of = { "list", of = "string" },
    default = {},
    doc = 'links that are joined to one: { cable = { "desk", "rack" } }',
  },
  servers = with(
    { "list", of = "address" },
    { default = {}, doc = "DNS servers in the machine's resolv.conf" }
  ),
  files = { "map", of = "string", default = {}, doc = "files of the machine, by path" },
  true_names = {
    "map",
    of = { "list", of = "address" },
    default = {},
    doc = "further names that are true: what the files say",
  },
  native = {
    "map",
    of = { "list", of = "address" },
    default = {},
    doc = "what the system's own resolver knows",
  },
  shares_mdns = {
    "boolean",
    default = false,
    doc = "the system's responder has port 5353, as on every Mac",
  },
  spread = { "duration", default = "50ms", doc = "each step is late by up to this" },
  packets = {
    "integer",
    default = 60,
    min = 1,
    doc = "how many packets a second a host may send before it is a storm",
  },
  timeline = {
    "list",
    of = { "record", fields = schema.step },
    required = true,
    doc = "what happens and what is expected, by time",
  },
  ends = { "duration", doc = "the end; two seconds after the last step when absent" },
}

return schema
