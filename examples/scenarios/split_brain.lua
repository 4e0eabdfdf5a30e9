-- The cable between two switches breaks: the workers on the far side are gone, though nobody's own
-- cable is out and no kernel notices. Those on this side must be found all the time.
return {
  about = "a network falls into two parts, and comes together again",

  links = { rack = { reorder = 0.05, duplicate = 0.01 } },
  machine = "mini1",
  hosts = {
    mini1 = { interfaces = { eth0 = { link = "rack", addresses = { "192.168.2.1/24" } } } },
    mini2 = {
      responder = "avahi",
      interfaces = { eth0 = { link = "rack", addresses = { "192.168.2.2/24" } } },
    },
    mini3 = {
      responder = "apple",
      interfaces = { en0 = { link = "rack", addresses = { "192.168.2.3/24" } } },
    },
  },

  timeline = {
    { at = "5s", partition = "rack", groups = { { "mini1", "mini2" }, { "mini3" } } },
    { at = "6s", keep_asking = "mini2.local", every = "1s", expect = "right", till = "90s" },
    -- Nobody has asked for mini3 before, so there is nothing to remember.
    { at = "6s", ask = "mini3.local", expect = "nothing" },
    { at = "10s", keep_asking = "mini3.local", every = "3s", till = "60s" },
    { at = "60s", heal = "rack" },
    { at = "61s", ask = "mini3.local", within = "3s" },
  },
}
