local netns = require("support.netns")

-- What each piece of code in the namespace begins with. `step` gives the events as they
-- come, `settle` waits until nothing comes for a while, `told` runs a command line and
-- gives the lines that its events make.
local PRELUDE = [==[
local core = require "mlxresolve.core"
local uv = require "luv"
local cjson = require "cjson"

local function sh(command)
  assert(os.execute(command) == 0, command)
end
local function ip(...)
  local pipe = io.popen("ip -j " .. table.concat({ ... }, " "))
  local text = pipe:read "*a"
  pipe:close()
  return text:match "%S" and cjson.decode(text) or {}
end
local function step(netif)
  local batch = {}
  local items = assert(netif:step(core.now(), batch))
  for i = #batch, items + 1, -1 do
    batch[i] = nil
  end
  return batch
end
local function settle(netif, ms)
  local events = {}
  local quiet = core.now()
  while core.now() - quiet < (ms or 60) do
    for _, event in ipairs(step(netif)) do
      events[#events + 1] = event
      quiet = core.now()
    end
    uv.sleep(2)
  end
  return events
end
local KEEP = { "type", "interface", "address", "gateway", "mac", "up", "reachable" }
local function line(event)
  local words = {}
  for i, key in ipairs(KEEP) do
    if event[key] ~= nil and not (key == "mac" and event.type:match "^link") then
      words[#words + 1] = i <= 5 and tostring(event[key]) or key .. "=" .. tostring(event[key])
    end
  end
  return table.concat(words, " ")
end
local function told(netif, command, pattern)
  sh(command)
  local lines = {}
  for _, event in ipairs(settle(netif)) do
    local text = line(event)
    if not pattern or text:match(pattern) then
      lines[#lines + 1] = text
    end
  end
  return table.concat(lines, "\n")
end
-- Opens when the kernel has come to rest: carrier and addresses take their time.
local function open(options)
  local netif = assert(core.netif.open(options))
  settle(netif, 150)
  return netif
end
local function interface(netif, name)
  for _, item in ipairs(netif:interfaces()) do
    if item.name == name then
      return item
    end
  end
end
local function expect(want, have)
  if want ~= have then
    error(("expected:\n%s\nbut got:\n%s"):format(tostring(want), tostring(have)), 2)
  end
end
-- Without these, IPv6 adds addresses of its own in its own time.
sh "sysctl -qw net.ipv6.conf.default.addr_gen_mode=1 net.ipv6.conf.default.accept_dad=0"
]==]

local function inside(code, options)
  return function()
    assert(netns.available())
    return netns.check(PRELUDE .. code, options)
  end
end

describe("core.netif", function()
  it(
    "shows what is there when it opens",
    inside([[
      sh "ip link add v0 type veth peer name v1 && ip link set v1 up"
      sh "ip link set v0 address 02:00:00:00:00:01 mtu 1400 up"
      sh "ip addr add 192.0.2.1/24 dev v0 && ip addr add 2001:db8::1/64 dev v0"
      sh "ip route add default via 192.0.2.9 && ip -6 route add default via fe80::9 dev v0"
      sh "ip route add default dev v1 metric 7"
      open():close()
      local netif = assert(core.netif.open())
      expect(0, #step(netif))
      local lo, v0 = interface(netif, "lo"), interface(netif, "v0")
      expect("loopback", lo.kind)
      expect(false, lo.mac)
      expect(true, lo.up)
      expect("127.0.0.1", lo.addresses[1].address)
      expect("ethernet", v0.kind)
      expect("02:00:00:00:00:01", v0.mac)
      expect(1400, v0.mtu)
      expect(true, v0.up and v0.multicast and not v0.point_to_point)
      expect("192.0.2.1", v0.addresses[1].address)
      expect(24, v0.addresses[1].prefix)
      expect("ipv4", v0.addresses[1].family)
      expect("2001:db8::1", v0.addresses[2].address)
      expect("192.0.2.9 fe80::9%v0", table.concat(v0.gateways, " "))
      expect("", interface(netif, "v1").gateways[1])
    ]])
  )

  it(
    "tells links, their carrier and what stands on them, in order",
    inside([[
      local netif = open()
      expect("link_added v1 up=false\nlink_added v0 up=false",
        told(netif, "ip link add v0 type veth peer name v1"))
      expect("link_changed v0 up=true", told(netif, "ip link set v1 up; ip link set v0 up",
        "v0 up=true"))
      expect("address_added v0 192.0.2.1\nroute_added v0 192.0.2.9",
        told(netif, "ip addr add 192.0.2.1/24 dev v0 && ip route add default via 192.0.2.9"))
      expect("link_changed v0 up=false", told(netif, "ip link set v1 down", "v0"))
      expect("address_removed v0 192.0.2.1\nroute_removed v0 192.0.2.9\nlink_removed v0 up=false",
        told(netif, "ip link del v0", "removed v0"))
      expect(nil, interface(netif, "v0"))
    ]])
  )

  it(
    "tells a rename and a move to another network",
    inside([[
      local netif = open()
      told(netif, "ip link add v0 type veth peer name v1 && ip netns add mlxtother")
      expect("link_changed east up=false", told(netif, "ip link set v0 name east"))
      expect("link_removed east up=false", told(netif, "ip link set east netns mlxtother"))
    ]])
  )

  it(
    "notices routes that the kernel takes away without a word",
    inside([[
      local netif = open()
      told(netif, "ip link add v0 type veth peer name v1 && ip link set v0 up && ip link set v1 up")
      told(netif, "ip addr add 192.0.2.1/24 dev v0 && ip route add default via 192.0.2.9")
      expect("route_removed v0 192.0.2.9", told(netif, "ip link set v0 down", "route"))
      told(netif, "ip link set v0 up && ip route add default via 192.0.2.9")
      expect("route_removed v0 192.0.2.9\nroute_added v0 192.0.2.8",
        told(netif, "ip route replace default via 192.0.2.8", "route"))
      expect("route_removed v0 192.0.2.8", told(netif, "ip addr del 192.0.2.1/24 dev v0", "route"))
    ]])
  )

  it(
    "knows each path of a route with several, and the family of a gateway",
    inside([[
      sh "ip link add v0 type veth peer name v1 && ip link set v0 up && ip link set v1 up"
      sh "ip addr add 192.0.2.1/24 dev v0 && ip addr add 198.51.100.1/24 dev v1"
      local netif = open()
      local out = told(netif, "ip route add default nexthop via 192.0.2.9 dev v0 " ..
        "nexthop via 198.51.100.9 dev v1")
      expect("route_added v0 192.0.2.9\nroute_added v1 198.51.100.9", out)
      out = told(netif, "ip route del default")
      expect("route_removed v0 192.0.2.9\nroute_removed v1 198.51.100.9", out)
      expect("route_added v0 fe80::9%v0",
        told(netif, "ip route add default via inet6 fe80::9 dev v0"))
      expect("", told(netif, "ip route add default via 192.0.2.7 table 99"))
    ]])
  )

  it(
    "tells a tentative address when it becomes usable",
    inside([[
      sh "ip link add v0 type veth peer name v1 && ip link set v0 up && ip link set v1 up"
      sh "sysctl -qw net.ipv6.conf.v0.accept_dad=1 net.ipv6.conf.v0.dad_transmits=1"
      sh "sysctl -qw net.ipv6.neigh.v0.retrans_time_ms=300"
      local netif = open()
      expect("", told(netif, "ip addr add 2001:db8::1/64 dev v0"))
      expect(true, interface(netif, "v0").addresses[1].tentative)
      local give_up = core.now() + 5000
      local events = {}
      while #events == 0 and core.now() < give_up do
        events = step(netif)
        uv.sleep(5)
      end
      expect("address_added v0 2001:db8::1", line(events[1]))
      expect(false, interface(netif, "v0").addresses[1].tentative)
    ]])
  )

  it(
    "says nothing when the kernel repeats itself",
    inside([[
      sh "ip link add v0 type veth peer name v1 && ip link set v0 up && ip link set v1 up"
      sh "ip addr add 192.0.2.1/24 dev v0"
      sh "ip neigh add 192.0.2.7 lladdr 02:00:00:00:00:07 dev v0 nud reachable"
      local netif = open()
      expect("", told(netif, "ip addr change 192.0.2.1/24 dev v0 valid_lft 1000 preferred_lft 900"))
      expect("", told(netif, "ip link set v0 alias east"))
      expect("", told(netif,
        "ip neigh change 192.0.2.7 lladdr 02:00:00:00:00:07 dev v0 nud reachable"))
    ]])
  )

  it(
    "keeps a link that leaves its bridge",
    inside([[
      sh "ip link add v0 type veth peer name v1 && ip link add br0 type bridge && ip link set v0 up"
      local netif = open()
      told(netif, "ip link set v0 master br0")
      expect("", told(netif, "ip link set v0 nomaster", "removed"))
      expect("v0", interface(netif, "v0").name)
    ]])
  )

  it(
    "tells what sort of link an interface is",
    inside([[
      sh "ip link add br0 type bridge && ip tuntap add t0 mode tun"
      sh "ip link add v0 type veth peer name v1"
      local netif = open()
      expect("bridge", interface(netif, "br0").kind)
      expect("tunnel", interface(netif, "t0").kind)
      expect("ethernet", interface(netif, "v0").kind)
      sh "mount -t tmpfs tmpfs /sys"
      told(netif, "ip link add wlan7 type veth peer name v9")
      expect("wifi", interface(netif, "wlan7").kind) -- by its name, without /sys
      expect("ethernet", interface(netif, "v9").kind)
    ]])
  )

  it(
    "reads neighbours when asked and tells when one changes",
    inside([[
      sh "ip link add v0 type veth peer name v1 && ip link set v0 up && ip link set v1 up"
      sh "ip addr add 192.0.2.1/24 dev v0 && ip addr add 2001:db8::1/64 dev v0"
      local netif = open()
      expect("neighbour_changed v0 192.0.2.7 02:00:00:00:00:07 reachable=true",
        told(netif, "ip neigh add 192.0.2.7 lladdr 02:00:00:00:00:07 dev v0 nud reachable"))
      told(netif, "ip neigh add 2001:db8::7 lladdr 02:00:00:00:00:07 dev v0 nud stale")
      local list = netif:neighbours()
      expect(2, #list)
      table.sort(list, function(a, b) return a.address < b.address end)
      expect("192.0.2.7 02:00:00:00:00:07 v0 true", table.concat({ list[1].address, list[1].mac,
        list[1].interface, tostring(list[1].reachable) }, " "))
      expect(false, list[2].reachable)
      expect("neighbour_changed v0 192.0.2.7 02:00:00:00:00:08 reachable=true",
        told(netif, "ip neigh change 192.0.2.7 lladdr 02:00:00:00:00:08 dev v0 nud reachable"))
      expect("neighbour_changed v0 192.0.2.7 false reachable=false",
        told(netif, "ip neigh del 192.0.2.7 dev v0"))
    ]])
  )

  it(
    "is not fooled by messages that are not the kernel's",
    inside([[
      local netif = open()
      local code = [=[
import socket, struct
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
for line in open("/proc/net/netlink").read().splitlines()[1:]:
    port, groups = int(line.split()[2]), int(line.split()[3], 16)
    if line.split()[1] == "0" and groups and port:
        body = struct.pack("=BxHiII", 0, 1, 77, 1, 0) + struct.pack("=HH", 9, 3) + b"evil\0\0\0\0"
        s.sendto(struct.pack("=IHHII", 16 + len(body), 16, 0, 0, 0) + body, (port, 0))
        print("sent")
]=]
      local file = assert(io.open("/run/forge.py", "w"))
      file:write(code)
      file:close()
      local pipe = io.popen "python3 /run/forge.py"
      expect("sent\n", pipe:read "*a")
      pipe:close()
      expect("", told(netif, "true"))
    ]])
  )

  it(
    "is right again after events were lost",
    inside(
      [[
      local netif = assert(core.netif.open { receive_bytes = 2048 })
      local seed = tonumber((...))
      math.randomseed(seed)
      local links, known = {}, {}
      for i = 1, 4 do
        sh(("ip link add v%d type veth peer name p%d && ip link set p%d up"):format(i, i, i))
        links[i] = "v" .. i
      end
      local function random_commands(count)
        local lines = {}
        for i = 1, count do
          local link, host = links[math.random(4)], math.random(1, 60)
          local what = math.random(6)
          lines[i] = what <= 2 and ("addr add 192.0.2.%d/24 dev %s"):format(host, link)
            or what == 3 and ("addr add 2001:db8::%x/64 dev %s"):format(host, link)
            or what == 4 and ("addr del 192.0.2.%d/24 dev %s"):format(host, link)
            or what == 5 and ("link set %s up"):format(link)
            or ("link set %s down"):format(link)
        end
        return table.concat(lines, "\n") .. "\n"
      end
      -- What the events say of addresses must come to what the view says.
      local function apply(events)
        for _, event in ipairs(events) do
          local key = event.interface and event.address and event.interface .. " " .. event.address
          if event.type == "address_added" then
            assert(not known[key], "added twice: " .. key)
            known[key] = true
          elseif event.type == "address_removed" then
            assert(known[key], "removed but never added: " .. key)
            known[key] = nil
          end
        end
      end
      apply(step(netif))
      for _, item in ipairs(netif:interfaces()) do
        for _, a in ipairs(item.addresses) do
          known[item.name .. " " .. a.address] = true
        end
      end
      local function own_view()
        local lines = {}
        for _, item in ipairs(netif:interfaces()) do
          lines[#lines + 1] = item.name .. " " .. item.mtu
          for _, a in ipairs(item.addresses) do
            local bare = a.address:gsub("%%.*", "")
            lines[#lines + 1] = ("%s %s/%d %s"):format(item.name, bare, a.prefix,
              tostring(a.tentative))
          end
        end
        table.sort(lines)
        return table.concat(lines, "\n")
      end
      local function kernels_view()
        local lines = {}
        for _, item in ipairs(ip "addr") do
          lines[#lines + 1] = item.ifname .. " " .. item.mtu
          for _, a in ipairs(item.addr_info) do
            lines[#lines + 1] = ("%s %s/%d %s"):format(item.ifname, a["local"], a.prefixlen,
              tostring(a.tentative or a.dadfailed or false))
          end
        end
        table.sort(lines)
        return table.concat(lines, "\n")
      end
      local resynced = 0
      for round = 1, 5 do
        local want, have
        local file = assert(io.open("/run/batch", "w"))
        file:write(random_commands(200))
        file:close()
        os.execute "ip -force -batch /run/batch 2>/dev/null"
        local began = core.now()
        local function catch_up()
          local events
          repeat
            events = step(netif)
            apply(events)
            for _, event in ipairs(events) do
              resynced = resynced + (event.type == "resynced" and 1 or 0)
            end
          until #events == 0
        end
        catch_up()
        local took = core.now() - began
        assert(took <= 100, "took " .. took .. " ms")
        -- IPv6 may still be finishing duplicate address detection on its own.
        repeat
          catch_up()
          want = kernels_view()
          catch_up()
          have = own_view()
        until want == have or core.now() - began > 3000
        expect(want, have)
        local told_of, usable = {}, {}
        for key in pairs(known) do
          told_of[#told_of + 1] = key
        end
        for _, item in ipairs(netif:interfaces()) do
          for _, a in ipairs(item.addresses) do
            usable[#usable + 1] = not a.tentative and item.name .. " " .. a.address or nil
          end
        end
        table.sort(told_of)
        table.sort(usable)
        expect(table.concat(usable, "\n"), table.concat(told_of, "\n"))
      end
      assert(resynced > 0, "the buffer never ran over")
    ]],
      { args = { "4711" }, timeout = 120 }
    )
  )

  it("refuses to be used after it was closed", function()
    local core = require("mlxresolve.core")
    local netif = assert(core.netif.open())
    assert.is_true(netif:fd() >= 0)
    netif:close()
    netif:close()
    assert.has_error(function()
      netif:interfaces()
    end, "this netif is closed")
  end)
end)
