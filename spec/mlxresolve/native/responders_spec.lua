local responders = require("mlxresolve.native.responders")

describe("mlxresolve.native.responders", function()
  local function context(replies)
    return {
      connect = function(_, target)
        local reply = replies[target]
        if not reply then
          return nil, target .. ": no such file or directory", "ENOENT"
        end
        return {
          write = function() end,
          read = function()
            return reply
          end,
          close = function() end,
        }
      end,
      dns_sd = function(_, _, family)
        return replies[family], "dns_sd is macOS's", "ENOTSUP"
      end,
      interfaces = function()
        return { { name = "en0", index = 4 } }
      end,
    }
  end

  it("are asked in their own languages", function()
    local ctx = context {
      ["/avahi"] = "+ 2 0 a.local 192.0.2.7\n",
      ["/resolved"] = [[{"parameters":{"addresses":[{"family":2,"address":[192,0,2,8]}]}}]] .. "\0",
    }
    local avahi = responders.ask(ctx, "avahi", "a.local.", "ipv4", "/avahi")
    assert.same({ { address = "192.0.2.7", interface = 2 } }, avahi)
    local resolved = responders.ask(ctx, "resolved", "a.local.", "ipv4", "/resolved")
    assert.same({ { address = "192.0.2.8", interface = false } }, resolved)
  end)

  it("say that they are not there", function()
    local ctx = context {}
    assert.equal("ENOENT", select(3, responders.ask(ctx, "avahi", "a.local.", "ipv4", "/avahi")))
    assert.equal("ENOENT", select(3, responders.ask(ctx, "resolved", "a.local.", "ipv4", "/x")))
    assert.equal("ENOTSUP", select(3, responders.ask(ctx, "dns_sd", "a.local.", "ipv4")))
  end)

  it("tell the interface of an address with a scope", function()
    local ctx = context { [6] = { "fe80::7%en0", "2001:db8::7", "fe80::8%en9" } }
    assert.same({
      { address = "fe80::7", interface = 4 },
      { address = "2001:db8::7", interface = false },
      { address = "fe80::8", interface = false },
    }, responders.ask(ctx, "dns_sd", "a.local.", "ipv6"))
  end)
end)
