-- A worker moves and says so, but nobody hears it: for five seconds multicast is lost, as it is now
-- and then over Wi-Fi, where it is sent without acknowledgement. Whoever only waits for the next
-- announcement waits for two minutes, or for 75 if the worker is a Mac. This holds for policies
-- with the reaction `verify`.
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
    -- Found out in a second or two. But while the host still answers over IPv6 and the new address
    -- can be had nowhere, the old one is given up only after ten more.
    { at = "10s", ask = "mini2.local", every = "100ms", within = "13s" },
    { at = "15s", change = "desk", multicast_loss = 0 },
    { at = "23.5s", never = "192.168.2.2", of = "mini2.local" },
    { at = "23.5s", keep_asking = "mini2.local", every = "1s", expect = "right", till = "60s" },
  },
}
