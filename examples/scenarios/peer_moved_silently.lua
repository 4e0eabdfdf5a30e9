-- A worker gets another address and says nothing: its announcements are lost, or it never made
-- any. Whoever only believes times to live gives the dead address for as long as they last; 120 s
-- here, and 75 minutes if the worker were a Mac that nobody asks anew. A policy with the reaction
-- `verify` asks each worker in use once a second, and has the new address before anybody asks.
return {
  about = "a worker moves and nobody hears of it",

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
    { at = "10s", readdress = "mini2/eth0", to = { "192.168.2.22/24" }, announce = false },
    { at = "10s", ask = "mini2.local", every = "50ms", within = "2.5s" },
    { at = "12.6s", never = "192.168.2.2", of = "mini2.local" },
    { at = "13s", keep_asking = "mini2.local", every = "1s", expect = "right", till = "60s" },
  },
}
