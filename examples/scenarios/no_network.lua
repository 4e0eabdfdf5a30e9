-- The only cable is out. What was known may be told for as long as the policy allows, and nothing
-- else: a resolver that says 127.0.0.1 because it has nothing better sends everybody to the wrong
-- machine.
return {
  about = "no network at all for ten minutes",

  links = { desk = {} },
  machine = "mini1",
  servers = { "192.168.2.53" },
  hosts = {
    mini1 = { interfaces = { eth0 = { link = "desk", addresses = { "192.168.2.1/24" } } } },
    mini2 = {
      responder = "avahi",
      interfaces = { eth0 = { link = "desk", addresses = { "192.168.2.2/24" } } },
    },
    nameserver = {
      dns = { records = { ["www.example"] = { "198.51.100.7" } }, ttl = "5s" },
      interfaces = { eth0 = { link = "desk", addresses = { "192.168.2.53/24" } } },
    },
  },

  timeline = {
    { at = "1s", ask = "mini2.local" },
    { at = "1s", ask = "www.example" },
    { at = "10s", unplug = "mini1/eth0" },
    { at = "11s", keep_asking = "mini2.local", every = "10s", till = "10m" },
    { at = "11s", keep_asking = "www.example", every = "10s", till = "10m" },
    -- Never asked for before: nothing is known, and nothing is said.
    { at = "20s", ask = "mini3.local", expect = "nothing" },
    { at = "20s", ask = "other.example", expect = "nothing" },
    -- This machine still answers for its own address.
    { at = "30s", ask = "mini1.local", exactly = { "192.168.2.1" } },
    { at = "10m", plug = "mini1/eth0" },
    { at = "10.01m", ask = "mini2.local", within = "2s" },
    { at = "10.01m", ask = "www.example", within = "7s" },
  },
}
