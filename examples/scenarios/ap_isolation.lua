-- An access point that keeps its clients apart: they reach the router and nobody else. Multicast
-- does not get through, so names of this link cannot be found; the others must not suffer for it.
return {
  about = "an access point isolates its clients, and then no more",

  links = {
    air = { delay = "2ms", jitter = "5ms", isolated = true },
    wire = {},
  },
  machine = "laptop",
  servers = { "10.0.0.254" }, -- in the machine's resolv.conf
  hosts = {
    laptop = {
      interfaces = {
        wlan0 = {
          link = "air",
          kind = "wifi",
          addresses = { "10.0.0.1/24" },
          gateway = "10.0.0.254",
        },
      },
    },
    mini2 = {
      responder = "apple",
      interfaces = { en1 = { link = "air", kind = "wifi", addresses = { "10.0.0.2/24" } } },
    },
    router = {
      forwards = true,
      dns = { records = { ["www.example"] = { "198.51.100.7" } } },
      interfaces = {
        lan = { link = "air", addresses = { "10.0.0.254/24" }, infrastructure = true },
        wan = { link = "wire", addresses = { "198.51.100.1/24" } },
      },
    },
  },

  timeline = {
    -- Silence is no address, and no wait beyond the policy's deadline.
    { at = "1s", ask = "mini2.local", expect = "nothing" },
    { at = "1s", ask = "www.example", exactly = { "198.51.100.7" } },
    -- Somebody has changed the settings of the access point.
    { at = "60s", change = "air", isolated = false },
    { at = "61s", ask = "mini2.local", within = "3s" },
  },
}
