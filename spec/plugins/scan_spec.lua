local bed = require("support.bed")
local lan = require("support.virtual_lan")
local mlx = require("mlxresolve")

describe("plugin scan", function()
  local b, checked, who

  -- A check that takes 20 ms and confirms `who[name]`, an address or several; `who[address]` is
  -- the name of another.
  local function check(extra)
    local plugin = {
      name = "check",
      identify = function(_, name, address, ctx)
        checked[#checked + 1] = address
        ctx:sleep(20)
        if who[name] == address or (type(who[name]) == "table" and who[name][address]) then
          return true
        elseif who[address] then
          return nil, "is called " .. who[address], "EIDENTITY"
        end
      end,
    }
    for key, value in pairs(extra or {}) do
      plugin[key] = value
    end
    return mlx.use(plugin)
  end

  local function open(options, hosts, fields)
    checked, who = {}, {}
    options.verify, options.zones = options.verify or { check() }, { "local" }
    b = bed.open({ mlx.use("scan", options) }, fields or { deadline = "60s" })
    b.world.links = { lan.link(2, "eth0", { "10.0.0.1/24", "fd00::1/64" }) }
    lan.attach(b.world, hosts or {})
    return b
  end

  local function ask(name, type)
    return b:ask(name or "mini2.local", type, { trace = true })
  end

  local function knocked()
    local list = {}
    for i, sent in ipairs(b.world.sent) do
      list[i] = sent.to:match("^[^:]+")
    end
    return list
  end

  --- The trace's only try.
  local function try(name, type)
    local result = ask(name, type)
    local trace = result and result.trace or b.resolver:traces(1)[1].trace
    return trace[1].result, trace[1].detail, result
  end

  it("finds a neighbour without sending anything", function()
    open {}
    b.world.neighbour_table = {
      lan.neighbour(2, "10.0.0.5"),
      lan.neighbour(2, "10.0.0.7"),
    }
    who["mini2.local."] = "10.0.0.7"
    local result = ask()
    assert.equal("10.0.0.7", result.addresses[1].address)
    assert.equal("eth0", result.addresses[1].interface)
    assert.equal(30, result.addresses[1].ttl)
    assert.equal("2 candidates, 0 refused, 1 unknown", result.trace[1].detail)
    assert.same({}, b.world.sent)
  end)

  it("asks neighbours that were heard lately first", function()
    open {}
    for i = 1, 20 do
      table.insert(b.world.neighbour_table, lan.neighbour(2, "10.0.0." .. i + 10, nil, i == 20))
    end
    who["mini2.local."] = "10.0.0.30"
    ask()
    assert.equal("10.0.0.30", checked[1])
    assert.equal(8, #checked)
  end)

  it("knocks at the allowed network and finds who answers", function()
    open({ subnets = { "10.0.0.0/28" } }, { ["10.0.0.9"] = "02:00:00:00:00:09" })
    who["mini2.local."] = "10.0.0.9"
    local result = ask()
    assert.equal("10.0.0.9", result.addresses[1].address)
    for _, sent in ipairs(b.world.sent) do
      assert.equal("", sent.packet)
      assert.equal(2, sent.interface)
      assert.matches("^10%.0%.0%.%d+:9$", sent.to)
    end
  end)

  it("knocks at each address once, in random order, at none for everybody or of its own", function()
    open { subnets = { "10.0.0.0/24" } }
    assert.equal("silent", (try()))
    local list = knocked()
    assert.equal(253, #list)
    local in_order, seen = 0, {}
    for i, address in ipairs(list) do
      assert.is_nil(seen[address], address)
      seen[address] = true
      local last = tonumber(address:match("%d+$"))
      in_order = in_order + (i > 1 and last > tonumber(list[i - 1]:match("%d+$")) and 1 or 0)
    end
    assert.is_nil(seen["10.0.0.0"] or seen["10.0.0.255"] or seen["10.0.0.1"])
    assert.is_true(in_order > 80 and in_order < 170, in_order)
  end)

  it("never knocks more than 64 times in a second, over several scans", function()
    open { subnets = { "10.0.0.0/24" } }
    b.resolver:resolve("a.local", { types = { "A" } }, function() end)
    b.resolver:resolve("b.local", { types = { "A" } }, function() end)
    b.world:advance(30e3)
    assert.equal(506, #b.world.sent)
    for i = 65, #b.world.sent do
      assert.is_true(b.world.sent[i].at - b.world.sent[i - 64].at >= 999.99, i)
    end
  end)

  it("keeps to a lower rate of the policy", function()
    open { subnets = { "10.0.0.0/28" }, rate = 2 }
    local result = try()
    assert.equal("silent", result)
    assert.equal(14, #b.world.sent)
    assert.equal(6500, b.world.sent[14].at - b.world.sent[1].at)
  end)

  it("looks at nothing beyond the networks that are attached and allowed", function()
    open { subnets = { "10.0.0.128/25", "192.168.0.0/24", "8.8.8.0/24" } }
    b.world.neighbour_table = { lan.neighbour(2, "10.0.0.5"), lan.neighbour(2, "10.0.0.200") }
    who["mini2.local."] = "10.0.0.5"
    assert.equal("silent", (try()))
    assert.same({ "10.0.0.200" }, checked)
    for _, address in ipairs(knocked()) do
      assert.is_true(mlx.address.is_within(address, "10.0.0.128/25"), address)
    end
    assert.equal(126, #b.world.sent)
  end)

  it("never looks over a tunnel, a point-to-point link, loopback or a link that is down", function()
    open { subnets = "attached" }
    b.world.links = {
      lan.link(1, "lo", { "127.0.0.1/8" }, { kind = "loopback" }),
      lan.link(3, "wg0", { "10.8.0.2/24" }, { kind = "tunnel" }),
      lan.link(4, "usb0", { "10.9.0.2/24" }, { point_to_point = true }),
      lan.link(5, "eth3", { "10.10.0.2/24" }, { up = false }),
    }
    for index = 3, 5 do
      table.insert(b.world.neighbour_table, lan.neighbour(index, "10.8.0." .. index))
    end
    local result, detail = try()
    assert.equal("silent", result)
    assert.equal("0 candidates, 0 refused, 0 unknown", detail)
    assert.same({}, b.world.sent)
    assert.same({}, checked)
  end)

  it("takes the addresses around its own of a network that is too large", function()
    open { subnets = "attached", limit = 64 }
    b.world.links = { lan.link(2, "eth0", { "10.0.77.70/16" }) }
    assert.equal("silent", (try()))
    assert.equal(63, #b.world.sent)
    for _, address in ipairs(knocked()) do
      assert.is_true(mlx.address.is_within(address, "10.0.77.64/26"), address)
    end
  end)

  it("rejects an impostor, and says why", function()
    open {}
    b.world.neighbour_table = { lan.neighbour(2, "10.0.0.5"), lan.neighbour(2, "10.0.0.6") }
    who["10.0.0.5"] = "other.local."
    local result, detail = try()
    assert.equal("silent", result)
    local expected = "2 candidates, 1 refused, 1 unknown; 10.0.0.5: is called other.local."
    assert.equal(expected, detail)
  end)

  it("believes nobody whom one of several checks refuses", function()
    local refuse = mlx.use {
      name = "refuse",
      identify = function()
        return nil, "has another key", "EIDENTITY"
      end,
    }
    open { verify = { check(), refuse } }
    b.world.neighbour_table = { lan.neighbour(2, "10.0.0.5") }
    who["mini2.local."] = "10.0.0.5"
    local result, detail = try()
    assert.equal("silent", result)
    assert.matches("10.0.0.5: has another key", detail, 1, true)
  end)

  it("believes one check when the others cannot tell", function()
    local cannot = mlx.use { name = "cannot", identify = function() end }
    open { verify = { cannot, check() } }
    b.world.neighbour_table = { lan.neighbour(2, "10.0.0.5") }
    who["mini2.local."] = "10.0.0.5"
    assert.equal("10.0.0.5", b:address("mini2.local"))
  end)

  it("looks for nobody whom no check could confirm", function()
    local knows = function(_, name)
      return name == "mini2.local."
    end
    open { verify = { check { knows = knows } }, subnets = { "10.0.0.0/28" } }
    assert.equal("pass", (try("typo.local")))
    assert.same({}, b.world.sent)
    assert.equal("silent", (try("mini2.local")))
    assert.equal(14, #b.world.sent)
  end)

  it("says why a check cannot work at all", function()
    local knows = function()
      return nil, "ssh-keygen: no such file or directory", "ENOENT"
    end
    open { verify = { check { knows = knows } } }
    local result, detail = try()
    assert.equal("failed", result)
    assert.equal("ssh-keygen: no such file or directory", detail)
  end)

  it("waits a minute before it looks for the same name again", function()
    open { subnets = { "10.0.0.0/28" } }
    ask()
    local sent = #b.world.sent
    b.world:advance(20e3)
    b.resolver:flush {}
    local result, detail = try()
    assert.equal("silent", result)
    assert.matches("%(2%d s ago, again in 3%d s%)$", detail)
    assert.equal(sent, #b.world.sent)
    b.world:advance(40e3)
    b.resolver:flush {}
    ask()
    assert.equal(2 * sent, #b.world.sent)
  end)

  it("does not wait for another name", function()
    open { subnets = { "10.0.0.0/28" } }
    ask("a.local")
    ask("b.local")
    assert.equal(28, #b.world.sent)
  end)

  it("makes one scan wait for another", function()
    open { subnets = { "10.0.0.0/28" } }
    local landed = {}
    for _, name in ipairs { "a.local", "b.local" } do
      b.resolver:resolve(name, { types = { "A" } }, function()
        landed[name] = b.world:now()
      end)
    end
    b.world:advance(10)
    local sockets = 0
    for _ in pairs(b.world.sockets) do
      sockets = sockets + 1
    end
    assert.equal(1, sockets)
    b.world:advance(10e3)
    assert.is_true(landed["b.local"] - landed["a.local"] > 1000)
    assert.equal(28, #b.world.sent)
  end)

  it("gives the turn on when the one who has it is cancelled", function()
    open { subnets = { "10.0.0.0/24" } }
    local request = b.resolver:resolve("a.local", { types = { "A" } }, function() end)
    b.resolver:resolve("b.local", { types = { "A" } }, function() end)
    b.world:advance(100)
    local sent = #b.world.sent
    request:cancel()
    b.world:advance(100)
    assert.is_true(#b.world.sent > sent)
  end)

  it("stops knocking at once when it is cancelled", function()
    open { subnets = { "10.0.0.0/24" } }
    local request = b.resolver:resolve("mini2.local", { types = { "A" } }, function() end)
    b.world:advance(500)
    request:cancel()
    local sent = #b.world.sent
    assert.equal(33, sent)
    b.world:advance(10e3)
    assert.equal(sent, #b.world.sent)
    assert.is_nil(next(b.world.sockets))
  end)

  it("ends in time to say how far it came, and goes on there the next time", function()
    open({ subnets = { "10.0.0.0/24" } }, {}, { deadline = "2s" })
    local result, detail = try()
    assert.equal("timeout", result)
    assert.matches(
      "^0 candidates, 0 refused, 0 unknown, 1%d%d of 253 addresses knocked at$",
      detail
    )
    local first = knocked()
    b.world:advance(61e3)
    b.resolver:flush {}
    b.world.sent = {}
    ask()
    local seen = {}
    for _, address in ipairs(first) do
      seen[address] = true
    end
    for _, address in ipairs(knocked()) do
      assert.is_nil(seen[address], address)
    end
    assert.is_true(#b.world.sent > 120)
  end)

  it("looks at the place of the last time first, and sends nothing when it still holds", function()
    open({ subnets = { "10.0.0.0/28" } }, { ["10.0.0.9"] = "02:00:00:00:00:09" })
    table.insert(b.world.neighbour_table, lan.neighbour(2, "10.0.0.5"))
    who["mini2.local."] = "10.0.0.9"
    assert.equal("10.0.0.9", b:address("mini2.local"))
    b.world:advance(31e3)
    checked, b.world.sent = {}, {}
    assert.equal("10.0.0.9", b:address("mini2.local"))
    assert.same({ "10.0.0.9" }, checked)
    assert.same({}, b.world.sent)
  end)

  it("finds a host that has moved", function()
    local hosts = { ["10.0.0.9"] = "02:00:00:00:00:09" }
    open({ subnets = { "10.0.0.0/28" } }, hosts)
    who["mini2.local."] = "10.0.0.9"
    ask()
    hosts["10.0.0.9"], hosts["10.0.0.10"] = nil, "02:00:00:00:00:09"
    b.world.neighbour_table = {}
    who["mini2.local."] = "10.0.0.10"
    b.world:advance(31e3)
    assert.equal("10.0.0.10", b:address("mini2.local"))
  end)

  it("finds the IPv6 address of the host that it has found", function()
    open {}
    b.world.neighbour_table = {
      lan.neighbour(2, "10.0.0.5", "02:00:00:00:00:05"),
      lan.neighbour(2, "fd00::4", "02:00:00:00:00:04"),
      lan.neighbour(2, "fd00::5", "02:00:00:00:00:05"),
    }
    who["mini2.local."] = { ["10.0.0.5"] = true, ["fd00::5"] = true }
    assert.equal("fd00::5", b:address("mini2.local", "AAAA"))
    assert.same({ "10.0.0.5", "fd00::5" }, checked)
  end)

  it("says that the host has no IPv6, which is not that there is no host", function()
    open { subnets = { "10.0.0.0/28" } }
    b.world.neighbour_table = {
      lan.neighbour(2, "10.0.0.5", "02:00:00:00:00:05"),
      lan.neighbour(2, "fd00::4", "02:00:00:00:00:04"),
    }
    who["mini2.local."] = "10.0.0.5"
    assert.equal("nodata", b:address("mini2.local", "AAAA"))
    assert.same({ "10.0.0.5" }, checked)
  end)

  it("leaves the IPv6 address of a host that another strategy has found to the others", function()
    open {}
    b = bed.open({
      bed.strategy("other", function(query)
        return query.type == "A" and query:answer { a = "192.0.2.1" } or nil
      end),
      mlx.use("scan", { zones = { "local" }, verify = { check() } }),
    }, {})
    local result = b:ask("mini2.local", "AAAA", { trace = true })
    local trace = result and result.trace or b.resolver:traces(1)[1].trace
    assert.equal("pass", trace[2].result)
  end)

  it("finds a host that has IPv6 only", function()
    open { subnets = "attached" }
    b.world.links = { lan.link(2, "eth0", { "fd00::1/64" }) }
    b.world.neighbour_table = { lan.neighbour(2, "fd00::4"), lan.neighbour(2, "fd00::5") }
    who["mini2.local."] = "fd00::5"
    assert.equal("fd00::5", b:address("mini2.local", "AAAA"))
    assert.same({}, b.world.sent)
  end)

  it("leaves other types alone", function()
    open { subnets = { "10.0.0.0/28" } }
    assert.equal("pass", (try("mini2.local", "TXT")))
    assert.same({}, b.world.sent)
  end)

  it("is not asked beyond its zones, and needs some", function()
    open { subnets = { "10.0.0.0/28" } }
    ask("example.org")
    assert.same({}, b.world.sent)
    local ok, message = pcall(function()
      return bed.open { mlx.use("scan", { verify = { check() } }) }
    end)
    assert.is_false(ok)
    assert.matches("'zones' is missing", tostring(message))
  end)

  it("cannot do without a check", function()
    for _, options in ipairs { { zones = { "local" } }, { zones = { "local" }, verify = {} } } do
      local ok, message = pcall(function()
        return bed.open { mlx.use("scan", options) }
      end)
      assert.is_false(ok)
      assert.matches("verify", tostring(message))
    end
  end)
end)
