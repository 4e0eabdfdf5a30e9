-- A bad plug: the link goes down and up fifty times in ten seconds, on a switch that forgets each
-- time who wanted to hear multicast. That must be no storm of questions, and when it is over,
-- everything is found and heard again.
return {
  about = "this machine's link flaps for ten seconds",

  links = { desk = { snooping = true } },
  machine = "mini1",
  packets = 40, -- a second: what a host may send
  hosts = {
    mini1 = { interfaces = { eth0 = { link = "desk", addresses = { "192.168.2.1/24" } } } },
    mini2 = {
      responder = "apple",
      interfaces = { en0 = { link = "desk", addresses = { "192.168.2.2/24" } } },
    },
  },

  timeline = {
    { at = "1s", ask = "mini2.local" },
    { at = "5s", keep_asking = "mini2.local", every = "250ms", till = "20s" },
    { at = "5s", flap = "mini1/eth0", times = 50, every = "100ms" },
    { at = "15.5s", ask = "mini2.local", within = "2s" },
    -- The membership of the group was renewed: this announcement is heard.
    { at = "25s", readdress = "mini2/en0", to = { "192.168.2.22/24" } },
    { at = "27.5s", ask = "mini2.local", within = "2s" },
  },
}
