-- No IPv4 at all: the workers find each other over link-local addresses, the DNS server is reached
-- over the router, and a question for IPv4 addresses is answered, not waited for.
return {
  about = "a network without IPv4",

  links = { desk = { loss = 0.02 }, wire = {} },
  machine = "mini1",
  servers = { "2001:db8:53::1" },
  hosts = {
    mini1 = {
      interfaces = {
        eth0 = {
          link = "desk",
          addresses = { "2001:db8:2::1/64" },
          gateway = "2001:db8:2::ffff",
        },
      },
    },
    mini2 = {
      responder = "apple",
      interfaces = { en0 = { link = "desk", addresses = { "2001:db8:2::2/64" } } },
    },
    router = {
      forwards = true,
      interfaces = {
        lan = { link = "desk", addresses = { "2001:db8:2::ffff/64" } },
        wan = { link = "wire", addresses = { "2001:db8:53::ffff/64" } },
      },
    },
    nameserver = {
      dns = { records = { ["www.example"] = { "2001:db8:80::7" } } },
      interfaces = { eth0 = { link = "wire", addresses = { "2001:db8:53::1/64" } } },
    },
  },

  timeline = {
    { at = "1s", ask = "mini2.local", type = "AAAA", within = "2s" },
    { at = "1.5s", ask = "www.example", type = "AAAA", within = "3s" },
    { at = "2s", ask = "mini2.local", type = "A", expect = "nothing" },
    -- A worker that moves says so here, too. (If nobody hears of it: peer_moved_silently.lua.)
    { at = "10s", readdress = "mini2/en0", to = { "2001:db8:2::22/64" } },
    { at = "10s", ask = "mini2.local", type = "AAAA", every = "50ms", within = "5s" },
  },
}
