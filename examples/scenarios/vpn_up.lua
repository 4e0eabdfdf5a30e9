-- The VPN comes up: a tunnel with an address, a default route through it, and other DNS servers.
-- Names of the link stay what they are, and nobody asks the company's network for them by
-- multicast; a colleague's machine over there has the same name as our worker.
return {
  about = "a VPN comes up and goes down",

  links = { desk = {}, vpn = { delay = "15ms", jitter = "5ms" }, wire = { delay = "5ms" } },
  machine = "laptop",
  servers = { "192.168.2.254" },
  hosts = {
    laptop = {
      interfaces = {
        eth0 = { link = "desk", addresses = { "192.168.2.1/24" }, gateway = "192.168.2.254" },
        -- A tunnel comes and goes as a whole; its routes come before others that are as long.
        tun0 = {
          link = "vpn",
          kind = "tunnel",
          addresses = { "10.8.0.2/24" },
          gateway = "10.8.0.1",
          up = false,
        },
      },
    },
    mini2 = {
      responder = "avahi",
      mdns_ttl = "10s", -- so that it is asked for again and again
      interfaces = { eth0 = { link = "desk", addresses = { "192.168.2.2/24" } } },
    },
    router = {
      forwards = true,
      dns = { records = { ["www.example"] = { "198.51.100.7" } }, ttl = "5s" },
      interfaces = {
        lan = { link = "desk", addresses = { "192.168.2.254/24" } },
        wan = { link = "wire", addresses = { "198.51.100.1/24" } },
      },
    },
    concentrator = {
      forwards = true,
      dns = {
        records = { ["intranet.example"] = { "10.8.0.80" }, ["www.example"] = { "198.51.100.7" } },
        ttl = "5s",
      },
      interfaces = { tun = { link = "vpn", addresses = { "10.8.0.1/24" } } },
    },
    colleague = {
      name = "mini2", -- what it calls itself
      responder = "apple",
      interfaces = { utun3 = { link = "vpn", addresses = { "10.8.0.22/24" } } },
    },
  },

  timeline = {
    { at = "1s", ask = "mini2.local" },
    { at = "1s", quiet = "laptop/tun0" },
    { at = "1s", never = "10.8.0.22", of = "mini2.local" },
    { at = "2s", keep_asking = "mini2.local", every = "500ms", expect = "right", till = "70s" },

    { at = "10s", plug = "laptop/tun0" },
    { at = "10.1s", write = "/etc/resolv.conf", text = "nameserver 10.8.0.1\n" },
    { at = "10.2s", ask = "intranet.example", within = "7s" },
    { at = "17s", ask = "nobody.local", expect = "nothing" },
    { at = "18s", ask = "www.example", exactly = { "198.51.100.7" } },

    { at = "40s", unplug = "laptop/tun0" },
    { at = "40.1s", write = "/etc/resolv.conf", text = "nameserver 192.168.2.254\n" },
    { at = "40.2s", ask = "www.example", within = "7s" },
    { at = "55s", ask = "intranet.example", expect = "nothing" },
  },
}
