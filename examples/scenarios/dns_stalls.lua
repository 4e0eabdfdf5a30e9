-- Two DNS servers. The first stops answering, then cuts its answers off, then somebody forges
-- replies in its name. The name stays right all the time, and nobody waits past the deadline.
return {
  about = "a DNS server goes through everything that servers go through",

  links = { desk = { loss = 0.01 } },
  machine = "mini1",
  servers = { "192.168.2.53", "192.168.2.54" },
  hosts = {
    mini1 = { interfaces = { eth0 = { link = "desk", addresses = { "192.168.2.1/24" } } } },
    first = {
      dns = { records = { ["www.example"] = { "198.51.100.7" } }, ttl = "2s" },
      interfaces = { eth0 = { link = "desk", addresses = { "192.168.2.53/24" } } },
    },
    second = {
      dns = { records = { ["www.example"] = { "198.51.100.7" } }, ttl = "2s" },
      interfaces = { eth0 = { link = "desk", addresses = { "192.168.2.54/24" } } },
    },
  },

  timeline = {
    -- The records live for two seconds, so that most questions really go to a server.
    { at = "1s", keep_asking = "www.example", every = "500ms", expect = "right", till = "80s" },
    { at = "10s", server = "first", mode = "stall" },
    { at = "20s", server = "first", mode = "truncate" }, -- over UDP; over TCP it answers
    { at = "30s", server = "first", mode = "forged" }, -- wrong IDs, ports and names come first
    { at = "40s", server = "first", mode = "refuse" },
    { at = "50s", server = "first", mode = "fail" },
    { at = "60s", server = "first", mode = "deaf" }, -- the port is closed
    { at = "70s", server = "first", mode = "answer" },
  },
}
