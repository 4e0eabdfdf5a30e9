--- Checks that a host on an attached link lives by what the kernel knows of its neighbours: nothing
--- has to be open on the host, and no firewall hides it.
---
--- Where the kernel is not sure, an empty datagram makes it ask the link. It waits five seconds
--- before it asks a neighbour that it knows already (Linux), hence `wait`.
local mlx = require("mlxresolve")

local neighbour = {
  options = {
    wait = { "duration", default = "7s", min = "1ms", doc = "how long the kernel may take" },
    port = { "integer", default = 9, min = 1, max = 65535, doc = "where the datagram goes" },
  },
}

local SOONEST, LATEST = 20, 500 -- ms between two looks

local function plain(address)
  return (address:gsub("%%.*$", ""))
end

--- The interface on whose link an address is.
local function link_of(address, ctx)
  local zone = address:match("%%(.*)$")
  for _, interface in ipairs(ctx:interfaces()) do
    for _, own in ipairs(interface.up and interface.addresses or {}) do
      local network = ("%s/%d"):format(plain(own.address), own.prefix)
      local is_inside = mlx.address.is_within(plain(address), network)
      if is_inside and (not zone or zone == interface.name) then
        return interface
      end
    end
  end
end

--- "reachable", "doubtful", or nothing when the kernel knows of no such neighbour.
local function look(address, link, ctx)
  for _, entry in ipairs(ctx:neighbours()) do
    if entry.index == link.index and plain(entry.address) == plain(address) then
      return entry.reachable and "reachable" or "doubtful"
    end
  end
end

local function provoke(self, address, link, ctx)
  local is_ipv6 = address:find(":", 1, true)
  local socket, message, code = ctx:udp { bind = is_ipv6 and "[::]:0" or "0.0.0.0:0" }
  if not socket then
    return nil, message, code
  end
  local to = (is_ipv6 and "[%s]:%d" or "%s:%d"):format(address, self.options.port)
  local sent
  sent, message, code = socket:send("", to, link.index)
  socket:close()
  return sent, message, code
end

local function await(address, link, ctx, till)
  local pause = SOONEST
  local state
  repeat
    ctx:sleep(math.min(pause, till - ctx:now()))
    pause = math.min(pause * 2, LATEST)
    state = look(address, link, ctx)
  until state == "reachable" or ctx:now() >= till
  return state
end

function neighbour:probe(endpoint, ctx)
  local address, ms = endpoint.address, self.options.wait
  local link = link_of(address, ctx)
  if not link then
    return nil, address .. " is on no attached link", "ENOTSUP"
  elseif look(address, link, ctx) == "reachable" then
    return true
  end
  local till = ctx:now() + ms
  local sent, message, code = provoke(self, address, link, ctx)
  if not sent then
    return nil, message, code
  end
  local state = await(address, link, ctx, till)
  if state == "reachable" then
    return true
  elseif state then
    return nil, ("%s was not asked for within %g ms"):format(address, ms), "EAGAIN"
  end
  return nil, ("nobody on %s has %s"):format(link.name, address), "EHOSTUNREACH"
end

return neighbour
