--- Hosts on the links of a virtual world, who answer ARP and so get into the neighbour table.

local virtual_lan = {}

--- An interface: "eth0" with one or more "10.0.0.1/24", an index and, by `fields`, a kind….
function virtual_lan.link(index, name, addresses, fields)
  local link = { index = index, name = name, kind = "ethernet", up = true, multicast = true }
  link.point_to_point, link.mac, link.mtu, link.gateways = false, false, 1500, {}
  link.addresses = {}
  for _, text in ipairs(addresses) do
    local address, prefix = text:match("^(.*)/(%d+)$")
    link.addresses[#link.addresses + 1] = {
      address = address,
      family = address:find(":", 1, true) and "ipv6" or "ipv4",
      prefix = tonumber(prefix),
      temporary = false,
      tentative = false,
    }
  end
  for key, value in pairs(fields or {}) do
    link[key] = value
  end
  return link
end

function virtual_lan.neighbour(index, address, mac, reachable)
  return {
    address = address,
    interface = "eth" .. index - 2,
    index = index,
    mac = mac or "02:00:00:00:00:01",
    reachable = reachable ~= false,
  }
end

--- Lets hosts be found: `hosts` is address → MAC. Knocks are in `world.sent`.
function virtual_lan.attach(world, hosts)
  world.on_send = function(sent)
    local address = sent.to:match("^(.*):%d+$")
    if hosts[address] then
      local entry = virtual_lan.neighbour(sent.interface, address, hosts[address])
      table.insert(world.neighbour_table, entry)
    end
  end
end

return virtual_lan
