--- Every file in examples/ does what its comments say.

local bed = require("support.bed")
local core = require("mlxresolve.core")
local json = require("mlxresolve.json")
local netns = require("support.netns")
local policy = require("mlxresolve.policy")
local resolvers = require("mlxresolve.resolver")
local shell = require("support.shell")
local virtual = require("mlxresolve.world.virtual")

local POLICIES = { "cluster", "custom_fallback", "home" }
local PROGRAMS = { "embed" }

describe("the examples", function()
  it("are all known here", function()
    local found, known = {}, {}
    for path in assert(io.popen("ls -p examples | grep -v /")):lines() do
      found[#found + 1] = path
    end
    for _, list in ipairs { POLICIES, PROGRAMS } do
      for _, name in ipairs(list) do
        known[#known + 1] = name .. ".lua"
      end
    end
    table.sort(known)
    assert.same(known, found)
  end)

  for _, name in ipairs(POLICIES) do
    local path = "examples/" .. name .. ".lua"

    it("have no mistakes in " .. path, function()
      local done = netns.exec { "build/mlxresolve", "check", path }
      assert.equal(0, done.code, done.err)
      assert.is_truthy(done.out:find(path .. ": ok", 1, true))
    end)

    it("answer with nothing but loopback: " .. path, function()
      local done =
        netns.exec { "build/mlxresolve", "query", "localhost", "--policy", path, "--json" }
      assert.equal(0, done.code, done.err)
      local found = json.decode(done.out)
      assert.equal("127.0.0.1", found.addresses[1].address)
      assert.equal("localhost", found.addresses[1].strategy)
    end)
  end

  it("show a program that prints what it found, by callback and in a coroutine", function()
    local done = netns.exec { "luajit", "examples/embed.lua", "localhost" }
    assert.equal(0, done.code, done.err)
    assert.equal("", done.err)
    local text = done.out:gsub("%s+", " ")
    assert.is_truthy(text:find("callback: localhost. answer 127.0.0.1 ", 1, true), done.out)
    assert.is_truthy(text:find("coroutine: 127.0.0.1 localhost 3600 s", 1, true), done.out)
    assert.is_truthy(text:find("coroutine: ::1 localhost 3600 s", 1, true), done.out)
    assert.is_truthy(text:find("tried: AAAA localhost", 1, true), done.out)
  end)
end)

describe("examples/custom_fallback.lua", function()
  local b

  before_each(function()
    local world = virtual.new()
    for path in assert(io.popen("ls plugins/*.lua")):lines() do
      world.files["/" .. path] = shell.read(path)
    end
    world.files["/etc/hosts"] = "192.0.2.2 mini2.local"
    world.files["/my.lua"] = shell.read("examples/custom_fallback.lua")
    local checked, mistakes =
      policy.load("/my.lua", { world = world, plugin_dirs = { "/plugins" } })
    assert(checked, tostring(mistakes))
    b = bed.wrap(world, assert(resolvers.new(checked, world)))
    world:advance(0)
  end)

  local function try_of(trace, strategy)
    for _, try in ipairs(trace) do
      if try.strategy == strategy then
        return try
      end
    end
  end

  it("finds gpu2 where mini2.local is, and notes it", function()
    local result = b:ask("gpu2", "A", { trace = true })
    assert.equal("192.0.2.2", result.addresses[1].address)
    assert.equal("by_number", result.addresses[1].strategy)
    assert.same({ "CNAME", "mini2.local." }, { result.records[1].type, result.records[1].data })
    assert.equal("asking for mini2", try_of(result.trace, "by_number").detail)
  end)

  it("answers and denies in its zone, and fails with a reason", function()
    local result = b:ask("slot7.rack.example")
    assert.equal("198.51.100.7", result.addresses[1].address)
    assert.equal(300, result.addresses[1].ttl)
    assert.equal("nxdomain", b:ask("door.rack.example").status)
    local _, _, _, details = b:ask("slot49.rack.example", "A", { trace = true })
    local try = try_of(details.trace, "rack")
    local detail = "the rack has 48 slots, not 49 (question 3)"
    assert.same({ "failed", detail }, { try.result, try.detail })
  end)

  it("does not ask the rack for other names", function()
    local _, _, _, details = b:ask("www.example", "A", { trace = true })
    assert.is_nil(try_of(details.trace, "rack"))
  end)

  it("asks all again twice, after 100 and 200 ms", function()
    local dns = bed.server({}, 1)
    b.world.files["/etc/resolv.conf"] = "nameserver 192.0.2.53"
    b.world.servers["192.0.2.53"] = function(...)
      dns.answer(...)
      return nil, "connection refused", "ECONNREFUSED", 1
    end
    local before = b.world:now()
    local _, _, code = b:ask("www.example")
    assert.equal("ECONNREFUSED", code)
    assert.equal(3, dns.calls)
    assert.is_true(b.world:now() - before >= 300)
  end)

  it("tells what was learnt over an interface that is gone", function()
    local packet = core.answer.build("a.example.", "A", { "192.0.2.9" }, 300)
    assert(b.resolver.cache:put(packet, b.world:now(), { interface = 3 }))
    b.world:network { { type = "link_removed", index = 3, interface = "eth0" } }
    b.world:advance(600)
    local said = table.concat(b.world.lines, "\n")
    assert.is_truthy(said:find("tell: eth0 was lost; 1 answers learnt there", 1, true), said)
  end)
end)
