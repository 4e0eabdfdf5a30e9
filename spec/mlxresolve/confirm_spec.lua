local context_bed = require("support.context_bed")
local core = require("mlxresolve.core")

describe("mlxresolve.confirm", function()
  -- `said`: server → { A = addresses, AAAA = addresses }; what is not there is silence.
  local function confirm(said, ...)
    local addresses = { ... }
    local got, b = context_bed.inside(function(ctx)
      return ctx:confirm("mini2.local.", addresses)
    end, function(b)
      for server, types in pairs(said) do
        b.world.servers[server] = function(name, number)
          local type = core.wire.type_name(number)
          if not types[type] then
            return core.answer.deny(name, type, "nodata", 10), "nodata", 10
          end
          return core.answer.build(name, type, types[type], 10), "answer", 10
        end
      end
    end)
    return got[1], got[2], got[3], b
  end

  it("is content when the host says all its addresses", function()
    local ok, _, _, b = confirm(
      { ["192.0.2.1:5353"] = { A = { "192.0.2.1", "192.0.2.3", "192.0.2.2" } } },
      "192.0.2.1",
      "192.0.2.2"
    )
    assert.is_true(ok)
    assert.equal(1, #b.world.asked)
  end)

  it("asks for each family by itself", function()
    local said = {
      ["192.0.2.1:5353"] = { A = { "192.0.2.1" } },
      ["[fe80::1%eth0]:5353"] = { AAAA = { "fe80::1" } },
    }
    local ok, _, _, b = confirm(said, "192.0.2.1", "fe80::1%eth0")
    assert.same({ true, 2 }, { ok, #b.world.asked })
  end)

  it("tells when the host says something else", function()
    local said = { ["192.0.2.1:5353"] = { A = { "192.0.2.7" } } }
    local ok, message, code = confirm(said, "192.0.2.1")
    assert.is_nil(ok)
    assert.same({ "192.0.2.1 does not say 192.0.2.1", "ECHANGED" }, { message, code })
  end)

  it("tells when the host is silent, after 300 ms", function()
    local _, message, code, b = confirm({}, "192.0.2.1")
    assert.same({ "192.0.2.1 is silent", "ETIMEOUT" }, { message, code })
    assert.equal(300, b.world:now() - b.world.asked[1].at)
  end)

  it("asks over the other family about one over which the host is silent", function()
    local said = { ["192.0.2.1:5353"] = { A = { "192.0.2.1" }, AAAA = { "2001:db8::1" } } }
    assert.is_true((confirm(said, "192.0.2.1", "2001:db8::1")))
    said["192.0.2.1:5353"].AAAA = { "2001:db8::9" }
    local _, message, code = confirm(said, "192.0.2.1", "2001:db8::1")
    assert.same({ "192.0.2.1 does not say 2001:db8::1", "ECHANGED" }, { message, code })
  end)

  it("makes nothing of a silent family of which the host says nothing over the other", function()
    local said = { ["[2001:db8::1]:5353"] = { AAAA = { "2001:db8::1" } } }
    assert.is_true((confirm(said, "2001:db8::1", "192.0.2.1")))
  end)

  it("tells when the host denies what it is asked for at that very address", function()
    local said = { ["192.0.2.1:5353"] = {} }
    local _, message, code = confirm(said, "192.0.2.1")
    assert.same({ "192.0.2.1 says that it has no A", "ENODATA" }, { message, code })
  end)

  it("hands on why this machine cannot ask", function()
    local got = context_bed.inside(function(ctx)
      return ctx:confirm("mini2.local.", { "192.0.2.1" })
    end, function(b)
      function b.world.exchange()
        return nil, "network is unreachable", "ENETUNREACH"
      end
    end)
    assert.equal("ENETUNREACH", got[3])
  end)
end)
