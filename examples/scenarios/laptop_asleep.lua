-- The lid is closed for an hour. Meanwhile a worker moves, and says so to a machine that is asleep.
-- A machine that wakes finds its links anew, and what was learnt over them is forgotten.
return {
  about = "a laptop sleeps while a worker moves",

  links = { air = { delay = "2ms", jitter = "5ms", loss = 0.01 } },
  machine = "laptop",
  hosts = {
    laptop = {
      interfaces = { wlan0 = { link = "air", kind = "wifi", addresses = { "10.0.0.1/24" } } },
    },
    mini2 = {
      responder = "apple",
      interfaces = { en1 = { link = "air", kind = "wifi", addresses = { "10.0.0.2/24" } } },
    },
  },

  timeline = {
    { at = "1s", ask = "mini2.local" },
    -- The radio is off while the machine sleeps; nothing runs, and time goes on without it.
    { at = "10s", unplug = "laptop/wlan0" },
    { at = "10.1s", sleep = "laptop" },
    { at = "30m", readdress = "mini2/en1", to = { "10.0.0.22/24" } },
    { at = "60m", wake = "laptop" },
    { at = "60.05m", plug = "laptop/wlan0" },
    { at = "60.1m", ask = "mini2.local", within = "2s" },
    { at = "60.15m", never = "10.0.0.2", of = "mini2.local" },
    { at = "60.15m", keep_asking = "mini2.local", every = "1s", expect = "right", till = "60.5m" },
  },
}
