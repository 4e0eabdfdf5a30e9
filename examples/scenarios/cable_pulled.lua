-- A worker's cable is pulled and put back a minute later.
--
-- A scenario is a table: a network, and a timeline of what happens and what is expected. To run it:
--
--   mlxresolve simulate examples/cluster.lua examples/scenarios/cable_pulled.lua
--
-- Everything random comes from a seed; the scenario is run with many, and a seed that fails can be
-- replayed. Whatever a scenario expects, each run checks that no answer holds an address that its
-- name never had, that nobody waits longer than the policy's deadline, that nothing is left open
-- at the end, and that no host sends packets like a storm.
return {
  about = "a worker's cable is pulled for a minute",

  -- One switch. Every packet takes 0.3 to 0.8 ms, and one in a hundred is lost.
  links = { desk = { loss = 0.01 } },

  -- The policy runs on mini1. Every host also has an IPv6 link-local address.
  machine = "mini1",
  hosts = {
    mini1 = { interfaces = { eth0 = { link = "desk", addresses = { "192.168.2.1/24" } } } },
    mini2 = {
      responder = "avahi", -- answers for mini2.local; probes and announces when it comes
      interfaces = { eth0 = { link = "desk", addresses = { "192.168.2.2/24" } } },
    },
  },

  timeline = {
    -- Asked once: expects an address that mini2 has, and that leads there.
    { at = "1s", ask = "mini2.local" },
    { at = "5s", unplug = "mini2/eth0" },
    -- Somebody asks twice a second the whole time; only what must always hold is checked.
    { at = "5s", keep_asking = "mini2.local", every = "500ms", till = "90s" },
    { at = "65s", plug = "mini2/eth0" },
    -- Asked until it is right, for at most two seconds.
    { at = "68s", ask = "mini2.local", within = "2s" },
  },
}
