-- A worker moves and says so, but nobody hears it: for five seconds multicast is lost, as it is now
-- and then over Wi-Fi, where it is sent without acknowledgement. Whoever only waits for the next
-- announcement waits for 75 minutes.
return {
  about = "a worker moves and its announcements are lost",

  links = { desk = {} },
  machine = "mini1",
  hosts = {
    mini1 = { interfaces = { eth0 = { link = "desk", addresses = { "192.168.2.1/24" } } } },
    mini2 = {
      responder = "avahi",
      interfaces = { eth0 = { link = "desk", addresses = { "192.168.2.2/24" } } },
    },
  },

  timeline = {
    { at = "1s", ask = "mini2.local" },
    { at = "9s", change = "desk", multicast_loss = 1 },
    { at = "10s", readdress = "mini2/eth0", to = { "192.168.2.22/24" } },
    { at = "10s", ask = "mini2.local", every = "200ms", within = "115s" },
    { at = "15s", change = "desk", multicast_loss = 0 },
    { at = "127s", never = "192.168.2.2", of = "mini2.local" },
    { at = "127s", keep_asking = "mini2.local", every = "1s", expect = "right", till = "140s" },
  },
}
