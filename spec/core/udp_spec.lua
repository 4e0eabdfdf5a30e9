local core = require("mlxresolve.core")
local netns = require("support.netns")
local uv = require("luv")

local STRIDE = 6

--- All datagrams that come within `ms`, as tables, `count` at most.
local function receive(socket, count, ms)
  local give_up = core.now() + (ms or 500)
  local all, batch = {}, {}
  while #all < count and core.now() < give_up do
    local items = assert(socket:step(core.now(), batch))
    for i = 0, items - 1 do
      local at = i * STRIDE
      all[#all + 1] = {
        data = batch[at + 1],
        from = batch[at + 2],
        port = batch[at + 3],
        interface = batch[at + 4],
        to = batch[at + 5],
        hops = batch[at + 6],
      }
    end
    if items == 0 then
      uv.sleep(1)
    end
  end
  return all
end

describe("core.udp", function()
  local open = {}
  after_each(function()
    for i = #open, 1, -1 do
      table.remove(open, i):close()
    end
  end)

  local function socket(options)
    local new = assert(core.udp.open(options))
    open[#open + 1] = new
    return new
  end

  local LOOPBACK = tonumber(io.open("/sys/class/net/lo/ifindex"):read("*a"))

  for family, case in pairs {
    ipv4 = { bind = "127.0.0.1:0", address = "127.0.0.1" },
    ipv6 = { bind = "[::1]:0", address = "::1" },
  } do
    it("tells where a datagram came from and how, over " .. family, function()
      local receiver, sender = socket { bind = case.bind }, socket { bind = case.bind }
      assert.is_true(sender:send("hello", receiver:address()))
      assert.same({
        {
          data = "hello",
          from = case.address,
          port = tonumber(sender:address():match("%d+$")),
          interface = LOOPBACK,
          to = case.address,
          hops = 64,
        },
      }, receive(receiver, 1))
    end)
  end

  it("tells the destination when it is bound to any address", function()
    local receiver, sender = socket { bind = "0.0.0.0:0" }, socket { bind = "127.0.0.1:0" }
    local port = receiver:address():match("%d+$")
    sender:send("x", "127.0.0.9:" .. port)
    assert.equal("127.0.0.9", receive(receiver, 1)[1].to)
  end)

  it("returns 0 when there is nothing, and leaves the batch alone", function()
    local batch = { "mine" }
    assert.equal(0, socket({ bind = "127.0.0.1:0" }):step(0, batch))
    assert.same({ "mine" }, batch)
  end)

  it("delivers datagrams of 0 to 11 bytes as they are", function()
    local receiver, sender = socket { bind = "127.0.0.1:0" }, socket { bind = "127.0.0.1:0" }
    for len = 0, 11 do
      sender:send(("x"):rep(len), receiver:address())
    end
    for i, datagram in ipairs(receive(receiver, 12)) do
      assert.equal(i - 1, #datagram.data)
    end
  end)

  it("reads 64 at a time, in order", function()
    local receiver, sender = socket { bind = "127.0.0.1:0" }, socket { bind = "127.0.0.1:0" }
    for i = 1, 100 do
      sender:send(tostring(i), receiver:address())
    end
    local batch = {}
    assert.equal(64, receiver:step(0, batch))
    assert.equal("64", batch[63 * STRIDE + 1])
    assert.equal(36, receiver:step(0, batch))
    assert.equal("65", batch[1])
    assert.equal(0, receiver:step(0, batch))
  end)

  it("takes 9000 bytes whole and drops what is longer than any DNS datagram", function()
    local receiver, sender = socket { bind = "127.0.0.1:0" }, socket { bind = "127.0.0.1:0" }
    sender:send(("x"):rep(20000), receiver:address())
    sender:send(("y"):rep(9000), receiver:address())
    local got = receive(receiver, 2, 100)
    assert.equal(1, #got)
    assert.equal(("y"):rep(9000), got[1].data)
  end)

  describe("with a filter", function()
    local cares, receiver, sender

    before_each(function()
      cares = assert(core.interest.new())
      cares:add("mini2.local.", "awaited")
      cares:add("here.local.", "owned")
      receiver = socket { bind = "127.0.0.1:0", filter = cares }
      sender = socket { bind = "127.0.0.1:0" }
    end)

    local function ask(name)
      local query = core.wire.encode { questions = { { name = name, type = "A" } } }
      sender:send(query, receiver:address())
      return query
    end

    it("drops what nobody awaits, and tells whom the rest concerns", function()
      ask("other.local.")
      local awaited = ask("mini2.local.")
      sender:send("x", receiver:address())
      local owned = ask("here.local.")
      local batch = {}
      assert.equal(4, receiver:step(0, batch))
      assert.same({}, batch)
      assert.is_true(receiver:take(batch))
      local port = tonumber(sender:address():match("%d+$"))
      local circumstances = { "127.0.0.1", port, LOOPBACK, "127.0.0.1", 64 }
      assert.same({ awaited, unpack(circumstances) }, { unpack(batch, 1, 6) })
      assert.same({ true, false }, { batch[7], batch[8] })
      assert.is_true(receiver:take(batch))
      assert.equal(owned, batch[1])
      assert.same({ false, true }, { batch[7], batch[8] })
      assert.is_false(receiver:take(batch))
      assert.equal(0, receiver:step(0, batch))
      assert.equal(2, cares:stats().query)
    end)

    it("asks it about each datagram when that is taken, not when it is received", function()
      ask("mini2.local.")
      ask("taught.local.")
      local batch = {}
      assert.equal(2, receiver:step(0))
      assert.is_true(receiver:take(batch))
      cares:add("taught.local.", "awaited")
      assert.is_true(receiver:take(batch))
      assert.is_false(receiver:take(batch))
    end)

    it("says that a full batch came though nothing in it was wanted", function()
      for _ = 1, 70 do
        ask("other.local.")
      end
      local batch = {}
      assert.equal(64, receiver:step(0))
      assert.is_false(receiver:take(batch))
      assert.equal(6, receiver:step(0))
      assert.is_false(receiver:take(batch))
      assert.equal(0, receiver:step(0))
    end)

    it("keeps what was not taken for the next step", function()
      ask("mini2.local.")
      ask("here.local.")
      local batch = {}
      assert.equal(2, receiver:step(0))
      assert.is_true(receiver:take(batch))
      ask("mini2.local.")
      assert.equal(1, receiver:step(0))
      assert.is_true(receiver:take(batch))
      assert.is_true(batch[8])
      assert.is_false(receiver:take(batch))
      assert.equal(1, receiver:step(0))
      assert.is_true(receiver:take(batch))
    end)

    it("drops what is longer than any DNS datagram", function()
      local query = ask("mini2.local.")
      sender:send(query .. ("x"):rep(20000), receiver:address())
      local batch = {}
      assert.equal(2, receiver:step(0))
      assert.is_true(receiver:take(batch))
      assert.is_false(receiver:take(batch))
    end)

    it("keeps the filter for as long as it is open", function()
      local alone = socket { bind = "127.0.0.1:0", filter = core.interest.new() }
      collectgarbage()
      collectgarbage()
      sender:send("x", alone:address())
      assert.equal(1, alone:step(0))
      assert.is_false(alone:take {})
    end)

    it("wants a filter, and is asked for one datagram only with it", function()
      assert.has_error(function()
        core.udp.open { bind = "127.0.0.1:0", filter = {} }
      end)
      assert.has_error(function()
        sender:take {}
      end)
    end)
  end)

  it("goes on after a peer that refuses", function()
    local receiver, sender = socket { bind = "127.0.0.1:0" }, socket { bind = "127.0.0.1:0" }
    local gone = socket { bind = "127.0.0.1:0" }
    local nobody = gone:address()
    gone:close()
    sender:send("x", nobody)
    sender:send("y", nobody)
    receiver:send("z", sender:address())
    assert.equal("z", receive(sender, 1)[1].data)
  end)

  it("does not share a port unless asked to", function()
    local address = socket({ bind = "127.0.0.1:0" }):address()
    assert.equal("EADDRINUSE", select(3, core.udp.open { bind = address }))
    local shared = socket({ bind = "127.0.0.1:0", share = true }):address()
    socket { bind = shared, share = true }
  end)

  it("keeps IPv4 out of an IPv6 socket", function()
    local port = socket({ bind = "[::]:0" }):address():match("%d+$")
    socket { bind = "0.0.0.0:" .. port }
  end)

  it("says what was wrong", function()
    local one = socket { bind = "127.0.0.1:0" }
    assert.equal("ETEXT", select(3, core.udp.open { bind = "somewhere" }))
    assert.equal("ETEXT", select(3, one:send("x", "somewhere")))
    assert.equal("EAFNOSUPPORT", select(3, one:send("x", "[::1]:53")))
    assert.equal("EAFNOSUPPORT", select(3, one:join("ff02::fb", 1)))
    assert.equal("ENODEV", select(3, one:join("224.0.0.251", 99999)))
    assert.equal("EADDRNOTAVAIL", select(3, core.udp.open { bind = "192.0.2.1:0" }))
  end)

  it("closes more than once, and raises when used after", function()
    local one = socket { bind = "127.0.0.1:0" }
    one:close()
    one:close()
    assert.error_matches(function()
      one:send("x", "127.0.0.1:1")
    end, "closed")
  end)

  describe("with multicast", function()
    local function multicast(group, any)
      return netns.check(
        [[
        local group, any = ...
        local core = require("mlxresolve.core")
        local function index(name)
          return tonumber(io.open("/sys/class/net/" .. name .. "/ifindex"):read("*a"))
        end
        os.execute "ip link add v0 type veth peer name w0 && ip link add v1 type veth peer name w1"
        for n, name in ipairs { "v0", "v1", "w0", "w1" } do
          os.execute("sysctl -qw net.ipv6.conf." .. name .. ".accept_dad=0")
          os.execute("ip link set " .. name .. " up")
          os.execute("ip addr add 10.9." .. n .. ".1/24 dev " .. name)
        end
        local v0, v1 = index("v0"), index("v1")
        local function open(port)
          return assert(core.udp.open { bind = any .. ":" .. port, share = true, multicast = true })
        end
        local function show(what, socket)
          local batch, give_up, items = {}, core.now() + 60, 0
          repeat
            items = socket:step(0, batch)
          until items > 0 or core.now() > give_up
          local shown = {}
          for at = 0, (items - 1) * 6, 6 do
            local name = batch[at + 4] == v0 and "v0" or batch[at + 4] == v1 and "v1" or "?"
            local scoped = batch[at + 2]:match("%%(.*)") or "-"
            shown[#shown + 1] = table.concat({ batch[at + 1], name, batch[at + 5], batch[at + 6],
              batch[at + 3], scoped }, " ")
          end
          print(what .. ": " .. table.concat(shown, ", "))
        end
        local to = (group:find(":") and "[%s]:5353" or "%s:5353"):format(group)
        local on_v0, on_v1, none = open(5353), open(5353), open(5353)
        assert(on_v0:join(group, v0))
        assert(on_v1:join(group, v1))
        assert(on_v0:send("a", to, v0))
        show("member of v0", on_v0)
        show("member of v1", on_v1)
        show("no member", none)
        assert(on_v0:send("b", to, v1))
        show("member of v1", on_v1)
        show("member of v0", on_v0)
        assert(on_v0:join(group, v1))
        print("again", select(3, on_v0:join(group, v1)))
        assert(none:send("c", to, v0))
        assert(none:send("d", to, v1))
        os.execute "sleep 0.02"
        show("member of both", on_v0)
        assert(on_v0:leave(group, v0))
        assert(none:send("e", to, v0))
        show("left v0", on_v0)
        print("again", select(3, on_v0:leave(group, v0)))
      ]],
        { args = { group, any } }
      )
    end

    --- Over IPv6 the kernel asks only whether a socket is a member anywhere.
    local function expected(group, v0, v1)
      local is_ipv6 = group:find(":")
      local from_v0 = ("v0 %s 255 5353 %s"):format(group, v0)
      local from_v1 = ("v1 %s 255 5353 %s"):format(group, v1)
      return table.concat({
        "member of v0: a " .. from_v0,
        "member of v1: " .. (is_ipv6 and "a " .. from_v0 or ""),
        "no member: ",
        "member of v1: b " .. from_v1,
        "member of v0: " .. (is_ipv6 and "b " .. from_v1 or ""),
        "again\tEADDRINUSE",
        ("member of both: c %s, d %s"):format(from_v0, from_v1),
        "left v0: ",
        "again\tEADDRNOTAVAIL",
        "",
      }, "\n")
    end

    it(
      "joins, sends through and leaves one interface, over IPv4 [RFC 6762 11: hop limit]",
      function()
        assert.equal(expected("224.0.0.251", "-", "-"), multicast("224.0.0.251", "0.0.0.0"))
      end
    )

    it(
      "joins, sends through and leaves one interface, over IPv6 [RFC 6762 11: hop limit]",
      function()
        assert.equal(expected("ff02::fb", "v0", "v1"), multicast("ff02::fb", "[::]"))
      end
    )

    it("sends unicast with the hop limit of 255 too [RFC 6762 11: hop limit]", function()
      local options = { bind = "127.0.0.1:0", multicast = true }
      local receiver, sender = socket(options), socket(options)
      sender:send("x", receiver:address())
      assert.equal(255, receive(receiver, 1)[1].hops)
    end)
  end)
end)
