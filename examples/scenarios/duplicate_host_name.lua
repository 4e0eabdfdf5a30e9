-- Two machines with one name: a second one is unpacked beside the first; then two networks come
-- together in which a name is taken twice. Who probes and hears that the name is taken calls itself
-- otherwise, and a name leads to those who held it, never to one who only tried.
return {
  about = "hosts that have the same name",

  links = { desk = {}, rack = {} },
  bridges = { uplink = { "desk", "rack" } }, -- one multicast domain while it holds
  machine = "mini1",
  hosts = {
    mini1 = { interfaces = { eth0 = { link = "desk", addresses = { "192.168.2.1/24" } } } },
    mini2 = {
      responder = "apple",
      interfaces = { en0 = { link = "desk", addresses = { "192.168.2.2/24" } } },
    },
    second = {
      name = "mini2",
      responder = "avahi",
      on = false, -- still in its box
      interfaces = { eth0 = { link = "desk", addresses = { "192.168.2.22/24" } } },
    },
    mini3 = {
      responder = "avahi",
      interfaces = { eth0 = { link = "desk", addresses = { "192.168.2.3/24" } } },
    },
    third = {
      name = "mini3",
      responder = "apple",
      on = false,
      interfaces = { en0 = { link = "rack", addresses = { "192.168.2.33/24" } } },
    },
  },

  timeline = {
    { at = "1s", ask = "mini2.local" },
    {
      at = "2s",
      keep_asking = "mini2.local",
      every = "250ms",
      exactly = { "192.168.2.2" },
      till = "90s",
    },
    { at = "5s", on = "second" },
    { at = "8s", ask = "mini2-2.local", within = "2s", exactly = { "192.168.2.22" } },

    -- The rack is on its own when its mini3 is switched on: nobody objects.
    { at = "20s", unplug = "uplink" },
    { at = "21s", on = "third" },
    { at = "21s", ask = "mini3.local", exactly = { "192.168.2.3" } },
    { at = "30s", plug = "uplink" },
    -- Now both have the name. It is settled when one of them claims it anew, here because somebody
    -- has restarted it.
    { at = "32s", off = "third" },
    { at = "33s", on = "third" },
    { at = "38s", ask = "mini3-2.local", within = "2s", exactly = { "192.168.2.33" } },
    { at = "42s", ask = "mini3.local", exactly = { "192.168.2.3" } },
  },
}
