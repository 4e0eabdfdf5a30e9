-- The laptop leaves for a phone's hotspot: another subnet, and nobody of the old network in it.
-- Then for a café whose subnet is the one from home, down to the addresses, where the worker's
-- address is somebody else's: no kernel tells of that, only that the radio was off for a moment.
return {
  about = "a laptop goes to a hotspot, to a network like the one at home, and back",

  links = {
    home = { delay = "2ms", jitter = "5ms", loss = 0.01 },
    -- Phones keep the clients of their hotspots apart.
    phone = { delay = "5ms", jitter = "20ms", loss = 0.02, isolated = true },
    cafe = { delay = "2ms", jitter = "5ms" },
    mobile = { delay = "30ms", jitter = "20ms" },
  },
  machine = "laptop",
  servers = { "10.0.0.254" },
  hosts = {
    laptop = {
      interfaces = {
        wlan0 = {
          link = "home",
          kind = "wifi",
          addresses = { "10.0.0.1/24" },
          gateway = "10.0.0.254",
        },
      },
    },
    mini2 = {
      responder = "apple",
      interfaces = { en1 = { link = "home", kind = "wifi", addresses = { "10.0.0.2/24" } } },
    },
    router = {
      forwards = true,
      dns = { records = { ["www.example"] = { "198.51.100.7" } }, ttl = "5s" },
      interfaces = { lan = { link = "home", addresses = { "10.0.0.254/24" } } },
    },
    iphone = {
      responder = "apple",
      forwards = true,
      dns = { records = { ["www.example"] = { "198.51.100.7" } }, ttl = "5s" },
      interfaces = {
        bridge100 = {
          link = "phone",
          addresses = { "172.20.10.1/28" },
          infrastructure = true, -- heard by all who are in its hotspot
        },
        pdp_ip0 = { link = "mobile", addresses = { "198.51.100.9/24" } },
      },
    },
    stranger = {
      responder = "apple",
      interfaces = { en0 = { link = "cafe", kind = "wifi", addresses = { "10.0.0.2/24" } } },
    },
  },

  timeline = {
    { at = "1s", ask = "mini2.local" },
    { at = "2s", ask = "www.example" },

    { at = "10s", plug = "laptop/wlan0", link = "phone" },
    {
      at = "10.5s",
      readdress = "laptop/wlan0",
      to = { "172.20.10.2/28" },
      gateway = "172.20.10.1",
    },
    { at = "10.6s", write = "/etc/resolv.conf", text = "nameserver 172.20.10.1\n" },
    -- The worker is not here. Its address is of a network that is gone, so it cannot be right.
    { at = "10.8s", never = "10.0.0.2", of = "mini2.local", till = "29s" },
    { at = "10.8s", keep_asking = "mini2.local", every = "1s", till = "29s" },
    { at = "11s", ask = "iphone.local", within = "3s" },
    { at = "11s", ask = "www.example", within = "7s" },

    -- The same subnet as at home, and the same lease.
    { at = "30s", plug = "laptop/wlan0", link = "home" },
    { at = "30.5s", readdress = "laptop/wlan0", to = { "10.0.0.1/24" }, gateway = "10.0.0.254" },
    { at = "31s", ask = "mini2.local", within = "3s" },
    { at = "40s", plug = "laptop/wlan0", link = "cafe" },
    { at = "45s", never = "10.0.0.2", of = "mini2.local", till = "59s" },
    { at = "45s", keep_asking = "mini2.local", every = "1s", till = "59s" },
    { at = "50s", ask = "stranger.local", within = "3s" },

    { at = "60s", plug = "laptop/wlan0", link = "home" },
    { at = "60.5s", ask = "mini2.local", within = "3s" },
  },
}
