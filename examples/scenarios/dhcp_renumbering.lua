-- The network gets other addresses: first a worker's lease changes, then this machine's own.
return {
  about = "addresses change under hosts that say so",

  links = { desk = { loss = 0.01, duplicate = 0.02, reorder = 0.1 } },
  machine = "mini1",
  hosts = {
    mini1 = { interfaces = { eth0 = { link = "desk", addresses = { "192.168.2.1/24" } } } },
    mini2 = {
      responder = "apple",
      interfaces = { en0 = { link = "desk", addresses = { "192.168.2.2/24" } } },
    },
    mini3 = {
      responder = "apple",
      interfaces = { en0 = { link = "desk", addresses = { "10.1.0.3/16" } } },
    },
  },

  timeline = {
    { at = "1s", ask = "mini2.local", exactly = { "192.168.2.2" } },
    -- The responder probes for its name and announces the new address, twice. That tells everybody
    -- to forget the old one, 75 minutes or not.
    { at = "10s", readdress = "mini2/en0", to = { "192.168.2.22/24" } },
    {
      at = "10s",
      ask = "mini2.local",
      exactly = { "192.168.2.22" },
      every = "20ms",
      within = "2s",
    },
    { at = "15s", never = "192.168.2.2", of = "mini2.local" },
    { at = "15s", keep_asking = "mini2.local", every = "1s", expect = "right", till = "25s" },

    -- Now the whole network: the worker first, this machine a second later.
    { at = "30s", readdress = "mini2/en0", to = { "10.1.0.2/16" }, goodbye = true },
    { at = "31s", readdress = "mini1/eth0", to = { "10.1.0.1/16" } },
    { at = "31s", ask = "mini2.local", every = "20ms", within = "3s" },
    { at = "36s", never = "192.168.2.22", of = "mini2.local" },
    { at = "36s", keep_asking = "mini2.local", every = "1s", expect = "right", till = "45s" },

    -- A name that nobody has asked for in a while, so that nobody looks after it: what its host
    -- says is heard all the same, and the old address is not kept beside the new one.
    { at = "46s", ask = "mini3.local", exactly = { "10.1.0.3" } },
    { at = "110s", readdress = "mini3/en0", to = { "10.1.0.33/16" } },
    { at = "113s", ask = "mini3.local", exactly = { "10.1.0.33" } },
  },
}
