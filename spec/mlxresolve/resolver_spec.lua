local bed = require("support.bed")

describe("mlxresolve.resolver", function()
  local function known(query)
    return query:answer({ a = "192.0.2.1", aaaa = "2001:db8::1" }, 60)
  end

  it("gathers both families into one result", function()
    local b = bed.open { bed.strategy("known", known) }
    local result
    b.resolver:resolve("Mini2.Example", nil, function(value)
      result = value
    end)
    b.world:settle()
    assert.equal("mini2.example.", result.name)
    assert.equal("A+AAAA", result.type)
    assert.equal("answer", result.status)
    assert.same({ "192.0.2.1", "2001:db8::1" }, {
      result.addresses[1].address,
      result.addresses[2].address,
    })
  end)

  it("calls back later, never before resolve has returned", function()
    local b = bed.open { bed.strategy("known", known) }
    b:ask("a.example")
    local called = false
    b.resolver:resolve("a.example", { type = "A" }, function()
      called = true
    end)
    assert.is_false(called)
    b.world:settle()
    assert.is_true(called)
  end)

  it("returns the result inside a coroutine", function()
    local b = bed.open { bed.strategy("known", known) }
    local got
    coroutine.wrap(function()
      got = b.resolver:resolve("a.example", { type = "A" })
    end)()
    b.world:settle()
    assert.equal("192.0.2.1", got.addresses[1].address)
  end)

  it("returns nil, message, code for failures inside a coroutine", function()
    local b = bed.open {
      bed.strategy("down", function()
        return nil, "no route", "ENETUNREACH"
      end),
    }
    local got
    coroutine.wrap(function()
      got = { b.resolver:resolve("a.example", { type = "A" }) }
    end)()
    b.world:settle()
    assert.is_nil(got[1])
    assert.equal("down: no route", got[2])
    assert.equal("ENETUNREACH", got[3])
  end)

  it("raises misuse at the caller's line, and reports bad names as failures", function()
    local b = bed.open { bed.strategy("known", known) }
    local ok, problem = pcall(function()
      b.resolver:resolve(nil, nil, function() end)
    end)
    assert.is_false(ok)
    assert.matches("resolver_spec.lua:%d+: resolve: expected a name, got nil", problem)
    local line = debug.getinfo(1, "l").currentline
    local misuses = {
      function()
        b.resolver:resolve("a.example", { type = "NONSENSE" }, function() end) -- line + 3
      end,
      function()
        b.resolver:resolve("a.example", { types = {} }, function() end) -- line + 6
      end,
      function()
        b.resolver:resolve("a.example", { timeout = "soon" }, function() end) -- line + 9
      end,
      coroutine.wrap(function()
        b.resolver:resolve("a.example", { type = "NONSENSE" }) -- line + 12
      end),
      function()
        b.resolver:resolve("a.example") -- line + 15
      end,
    }
    for i, misuse in ipairs(misuses) do
      ok, problem = pcall(misuse)
      assert.is_false(ok)
      local where = ("resolver_spec.lua:%d: resolve: "):format(line + 3 * i)
      assert.is_truthy(problem:find(where, 1, true), problem .. " is not at " .. where)
    end
    local _, message, code = b:ask(("x"):rep(64) .. ".example")
    assert.equal("ETEXT", code)
    assert.matches("^x+", message)
  end)

  it("calls back everybody who closes it, which the second waited for in vain", function()
    local b = bed.open { bed.strategy("known", known) }
    local told = {}
    local function close()
      local number = #told + 1
      told[number] = false
      b.resolver:close(function()
        told[number] = true
      end)
    end
    close()
    close()
    assert.same({ false, false }, told)
    b.world:advance(10)
    assert.same({ true, true }, told)
    close()
    b.resolver:close()
    assert.same({ true, true, true }, told)
  end)

  it("cancels requests that are under way when it is closed", function()
    local b = bed.open {
      bed.strategy("slow", function(_, ctx)
        ctx:sleep(60e3)
      end),
    }
    local codes = {}
    b.resolver:resolve("a.example", { type = "A" }, function(_, _, code)
      codes[#codes + 1] = code
    end)
    b.world:advance(5)
    local closed = false
    b.resolver:close(function()
      closed = true
    end)
    b.world:advance(5)
    assert.same({ "ECANCELED" }, codes)
    assert.is_true(closed)
    local _, _, code = b:ask("a.example")
    assert.equal("ECLOSED", code)
  end)

  it("drops entries by name, zone and strategy", function()
    local b = bed.open { bed.strategy("known", known) }
    for _, name in ipairs { "a.example", "b.example", "c.test" } do
      b:ask(name)
    end
    assert.equal(1, b.resolver:flush { name = "A.example" })
    assert.equal(1, b.resolver:flush { suffix = "example" })
    assert.is_nil(b.resolver:flush { strategy = "unheard" })
    assert.equal(1, b.resolver:flush { strategy = "known" })
    assert.equal(0, b.resolver:flush())
  end)

  it("keeps many resolvers apart", function()
    local one = bed.open { bed.strategy("known", known) }
    local two = bed.open { bed.strategy("nobody", function() end) }
    one:ask("a.example")
    assert.equal("nxdomain", two:address("a.example"))
  end)

  it("reads the system's servers and leaves its own listeners out", function()
    local b = bed.open { bed.strategy("known", known) }
    b.world.files["/etc/resolv.conf"] = "nameserver 127.0.0.1\nnameserver 192.0.2.53\n"
    b.resolver.own_listeners["127.0.0.1:53"] = true
    assert.same({ "192.0.2.53:53" }, b.resolver:system_servers())
    b.world.files["/etc/resolv.conf"] = "nameserver 192.0.2.54\n"
    assert.same({ "192.0.2.54:53" }, b.resolver:system_servers())
  end)
end)
