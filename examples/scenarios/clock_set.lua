-- Somebody sets the clock: an hour forwards, two hours back, ten years forwards, as machines do
-- that hear the time late. Nothing runs out early for it, and nothing lives longer.
return {
  about = "the wall clock jumps",

  links = { desk = {} },
  machine = "mini1",
  servers = { "192.168.2.53" },
  hosts = {
    mini1 = { interfaces = { eth0 = { link = "desk", addresses = { "192.168.2.1/24" } } } },
    nameserver = {
      dns = { records = { ["www.example"] = { "198.51.100.7" } }, ttl = "60s" },
      interfaces = { eth0 = { link = "desk", addresses = { "192.168.2.53/24" } } },
    },
  },

  timeline = {
    { at = "1s", ask = "www.example" },
    -- From here on nobody could answer but the cache.
    { at = "2s", server = "nameserver", mode = "stall" },
    { at = "5s", set_clock = "+1h" },
    { at = "6s", keep_asking = "www.example", every = "1s", expect = "right", till = "50s" },
    { at = "20s", set_clock = "-2h" },
    { at = "35s", set_clock = "+3650d" },
    -- It has another address now, and the old one has run out.
    {
      at = "55s",
      server = "nameserver",
      mode = "answer",
      records = { ["www.example"] = { "198.51.100.8" } },
    },
    { at = "65s", ask = "www.example", within = "2s", exactly = { "198.51.100.8" } },
    { at = "68s", never = "198.51.100.7", of = "www.example" },
    { at = "68s", keep_asking = "www.example", every = "1s", expect = "right", till = "80s" },
  },
}
