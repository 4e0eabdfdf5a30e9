local bed = require("support.bed")
local mlx = require("mlxresolve")

describe("mlxresolve.resolver.serving", function()
  local function known(query)
    return query:answer({ a = "192.0.2.1" }, 60)
  end

  local function listening(b, wanted)
    function b.world.listen(_, options)
      wanted.options = options
      return {
        addresses = function()
          return { "127.0.0.1:53" }
        end,
      }
    end
  end

  it("listens where it is told, by the policy's rules", function()
    local b = bed.open({ bed.strategy("known", known) }, { allow = { "192.0.2.0/24" } })
    local wanted = {}
    listening(b, wanted)
    assert.same({ "127.0.0.1:53" }, b.resolver:listen { "127.0.0.1:0" })
    assert.same({ "127.0.0.1:0" }, wanted.options.listen)
    assert.same({ "192.0.2.0/24" }, wanted.options.allow)
  end)

  -- Answers of one listener went to clients of the other.
  it("listens once", function()
    local b = bed.open { bed.strategy("known", known) }
    listening(b, {})
    b.resolver:listen()
    local again, message, code = b.resolver:listen { "127.0.0.1:54" }
    assert.is_nil(again)
    assert.equal("listen: this resolver answers at 127.0.0.1:53 already", message)
    assert.equal("EBUSY", code)
  end)

  it("never asks its own listeners", function()
    local b = bed.open { bed.strategy("known", known) }
    listening(b, {})
    b.world.files["/etc/resolv.conf"] = "nameserver 127.0.0.1\nnameserver 192.0.2.53\n"
    b.resolver:listen()
    assert.same({ "192.0.2.53:53" }, b.resolver:system_servers())
  end)

  it("tells observers what was answered", function()
    local told = {}
    local observer = {
      name = "note",
      answered = function(_, query, answer)
        told[#told + 1] = query.name .. " " .. answer:data()[1]
      end,
    }
    local b = bed.open({ bed.strategy("known", known) }, { observers = { mlx.use(observer) } })
    b:ask("a.example")
    b.world:advance(1)
    assert.same({ "a.example. 192.0.2.1" }, told)
  end)
end)
