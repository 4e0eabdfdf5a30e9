-- A bad radio link. A question or its answer is lost, and the next one has to leave soon: nobody
-- wants to wait a second for a name because of one packet.
return {
  about = "packets are lost on Wi-Fi, the first one, and then every tenth",

  links = { air = { delay = "2ms", jitter = "5ms" } },
  spread = "10ms", -- of the steps: what follows depends on their order
  machine = "laptop",
  hosts = {
    laptop = {
      interfaces = { wlan0 = { link = "air", kind = "wifi", addresses = { "10.0.0.1/24" } } },
    },
    mini2 = {
      responder = "avahi",
      interfaces = { wlan0 = { link = "air", kind = "wifi", addresses = { "10.0.0.2/24" } } },
    },
    mini3 = {
      responder = "apple",
      mdns_ttl = "10s", -- so that it is asked for often
      interfaces = { en1 = { link = "air", kind = "wifi", addresses = { "10.0.0.3/24" } } },
    },
  },

  timeline = {
    -- The first packets are lost.
    { at = "0.9s", change = "air", loss = 1 },
    { at = "1s", ask = "mini2.local", within = "600ms" },
    { at = "1.1s", change = "air", loss = 0 },

    -- From here on every tenth. No question may go unanswered for it.
    { at = "10s", change = "air", loss = 0.1 },
    { at = "10s", keep_asking = "mini3.local", every = "1s", expect = "right", till = "120s" },
  },
}
