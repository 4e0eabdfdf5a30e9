-- The router is off for forty seconds and comes back with another address on the outside. Names
-- from beyond it are not to be had meanwhile, unless they are known still; names of the link are.
return {
  about = "the router reboots",

  links = { desk = {}, wire = { delay = "8ms", jitter = "4ms" } },
  machine = "mini1",
  servers = { "203.0.113.53" },
  hosts = {
    mini1 = {
      interfaces = {
        eth0 = { link = "desk", addresses = { "192.168.2.1/24" }, gateway = "192.168.2.254" },
      },
    },
    mini2 = {
      responder = "avahi",
      interfaces = { eth0 = { link = "desk", addresses = { "192.168.2.2/24" } } },
    },
    router = {
      forwards = true,
      interfaces = {
        lan = { link = "desk", addresses = { "192.168.2.254/24" } },
        wan = { link = "wire", addresses = { "203.0.113.2/24" } },
      },
    },
    nameserver = {
      dns = { records = { ["www.example"] = { "198.51.100.7" } }, ttl = "5s" },
      interfaces = { eth0 = { link = "wire", addresses = { "203.0.113.53/24" } } },
    },
  },

  timeline = {
    { at = "1s", ask = "www.example" },
    { at = "5s", off = "router" },
    -- Nobody can know it better; what is said must have been true, and come in time.
    { at = "6s", keep_asking = "www.example", every = "2s", till = "40s" },
    { at = "6s", keep_asking = "mini2.local", every = "2s", expect = "right", till = "60s" },
    { at = "44s", readdress = "router/wan", to = { "203.0.113.9/24" } },
    { at = "45s", on = "router" },
    { at = "46s", ask = "www.example", within = "10s" },
  },
}
