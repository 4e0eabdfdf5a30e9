-- A worker is shut down as it should be, and says goodbye. From then on nobody is sent to it, and
-- when it is back, its name is to be had again at once.
return {
  about = "a worker is shut down and comes back",

  links = { desk = { duplicate = 0.02, reorder = 0.1 } },
  machine = "mini1",
  hosts = {
    mini1 = { interfaces = { eth0 = { link = "desk", addresses = { "192.168.2.1/24" } } } },
    mini2 = {
      responder = "apple",
      interfaces = { en0 = { link = "desk", addresses = { "192.168.2.2/24" } } },
    },
  },

  timeline = {
    { at = "1s", ask = "mini2.local" },
    { at = "10s", off = "mini2", goodbye = true },
    -- A record that says goodbye lives for another second.
    { at = "12s", keep_asking = "mini2.local", every = "1s", expect = "nothing", till = "28s" },
    { at = "30s", on = "mini2" },
    -- It probes for its name for a second, and then announces it.
    { at = "30s", ask = "mini2.local", every = "20ms", within = "2s" },
    { at = "33s", keep_asking = "mini2.local", every = "1s", expect = "right", till = "40s" },
  },
}
