-- The laptop's cable is pulled, and it goes on over Wi-Fi, in another network. The worker is in
-- both, but its address on the cable is of no use any more.
return {
  about = "a laptop goes from the cable to Wi-Fi",

  links = {
    desk = {},
    -- Slower than a cable, and it loses packets. `snooping` and `isolated` are further ills that
    -- links have; see docs/simulate.md.
    air = { delay = "2ms", jitter = "8ms", loss = 0.02 },
  },
  machine = "laptop",
  hosts = {
    laptop = {
      interfaces = {
        eth0 = { link = "desk", addresses = { "192.168.2.1/24" } },
        -- Known, but not in use yet.
        wlan0 = { link = "air", kind = "wifi", up = false },
      },
    },
    mini2 = {
      responder = "apple", -- believes in 75 minutes for an address
      interfaces = {
        en0 = { link = "desk", addresses = { "192.168.2.2/24" } },
        en1 = { link = "air", kind = "wifi", addresses = { "10.0.0.2/24" } },
      },
    },
  },

  timeline = {
    { at = "1s", ask = "mini2.local" },
    { at = "3s", unplug = "laptop/eth0" },
    { at = "4s", plug = "laptop/wlan0" },
    { at = "4.2s", readdress = "laptop/wlan0", to = { "10.0.0.1/24" } },
    -- An answer is right when it leads there, so the worker's other address is not enough.
    { at = "4.2s", ask = "mini2.local", every = "50ms", within = "2s" },
    -- The address on the cable must not come back.
    { at = "4.5s", never = "192.168.2.2", of = "mini2.local" },
    { at = "6.5s", keep_asking = "mini2.local", every = "1s", expect = "right", till = "30s" },
  },
}
