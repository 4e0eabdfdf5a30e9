local bed = require("support.bed")

describe("mlxresolve.request", function()
  local function ask_all(b, name, options)
    local got
    b.resolver:resolve(name, options, function(...)
      got = { ... }
    end)
    b.world:settle(function()
      return got ~= nil
    end)
    return unpack(got, 1, 4)
  end

  it("is an answer when one family answers and the other fails", function()
    local b = bed.open {
      bed.strategy("half", function(query)
        if query.type == "A" then
          return query:answer { a = "192.0.2.1" }
        end
        return nil, "no route", "ENETUNREACH"
      end),
    }
    local result = ask_all(b, "a.example", { trace = true })
    assert.equal("answer", result.status)
    assert.equal(1, #result.addresses)
    assert.same({ "A", "AAAA" }, { result.trace[1].type, result.trace[2].type })
  end)

  it("is NODATA when one family is and the other does not exist", function()
    local b = bed.open {
      bed.strategy("odd", function(query)
        return query.type == "A" and query:nodata() or query:nxdomain()
      end),
    }
    assert.equal("nodata", ask_all(b, "a.example", {}).status)
  end)

  it("gives the trace also when nothing was found", function()
    local b = bed.open {
      bed.strategy("down", function()
        return nil, "no route", "ENETUNREACH"
      end),
    }
    local result, message, code, details = ask_all(b, "a.example", { type = "A", trace = true })
    assert.is_nil(result)
    assert.equal("down: no route", message)
    assert.equal("ENETUNREACH", code)
    assert.equal("failed", details.trace[1].result)
    assert.is_false(details.cached)
  end)

  it("gives link-local addresses their interface", function()
    local core = require("mlxresolve.core")
    local b = bed.open {
      bed.strategy("link", function(query)
        local answer = query:answer { aaaa = "fe80::9" }
        answer.interface = 4
        return answer
      end),
    }
    b.world.links = { { index = 4, name = "eth7", kind = "ethernet", up = true, addresses = {} } }
    local result = ask_all(b, "mini2.local", { type = "AAAA" })
    assert.equal("fe80::9%eth7", result.addresses[1].address)
    assert.equal("eth7", result.addresses[1].interface)
    assert.is_true(core.address.parse("fe80::9").is_link_local)
  end)

  it("asks anew when a fresh answer is wanted", function()
    local plugin = bed.strategy("known", function(query)
      return query:answer({ a = "192.0.2.1" }, 60)
    end)
    local b = bed.open { plugin }
    ask_all(b, "a.example", { type = "A" })
    local result = ask_all(b, "a.example", { type = "A", fresh = true })
    assert.is_false(result.cached)
    assert.equal(2, plugin.calls)
  end)

  it("gives up at its own timeout", function()
    local b = bed.open {
      bed.strategy("slow", function(_, ctx)
        ctx:sleep("1h")
      end),
    }
    local _, _, code = ask_all(b, "a.example", { type = "A", timeout = "300ms" })
    assert.equal("ETIMEOUT", code)
    assert.equal(1300, b.world:now())
  end)

  it("calls back once when it is cancelled, also twice", function()
    local b = bed.open {
      bed.strategy("slow", function(_, ctx)
        ctx:sleep(50)
      end),
    }
    local calls = {}
    local one = b.resolver:resolve("a.example", nil, function(_, _, code)
      calls[#calls + 1] = code
    end)
    one:cancel()
    one:cancel()
    b.world:settle()
    assert.same({ "ECANCELED" }, calls)
  end)
end)
