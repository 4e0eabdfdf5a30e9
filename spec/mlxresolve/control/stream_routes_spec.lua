local bed = require("support.bed")
local control = require("mlxresolve.control")
local control_bed = require("support.control_bed")
local mdns_bed = require("support.mdns_bed")
local mlx = require("mlxresolve")

describe("mlxresolve.control.stream_routes", function()
  local b, sent, reply, on_end, has_left

  before_each(function()
    sent, reply, on_end, has_left = {}, {}, nil, false
    b = bed.open {
      mlx.use("mdns"),
      bed.strategy("table", function(query)
        return query.type == "A" and query:answer({ "192.0.2.1" }, 60) or query:nodata(60)
      end),
    }
  end)

  local function ask(target, refusal)
    local path, query = target:match("^([^?]*)%??(.*)$")
    local request = { method = "GET", path = path, query = query, body = "" }
    control.new({ resolver = b.resolver }):handle(request, function(status, value)
      reply.status, reply.value = status, value
    end, function(fn)
      if refusal then
        return nil, refusal
      end
      on_end = fn
      return {
        send = function(_, value)
          if has_left then
            on_end()
            return false
          end
          sent[#sent + 1] = value
          return true
        end,
      }
    end)
    return reply
  end

  it("watch names until the client leaves", function()
    ask("/v1/watch?name=a.test&name=B.test&name=a.test")
    assert.same({ event = "watching", names = { "a.test.", "b.test." } }, sent[1])
    b.world:advance(10)
    assert.equal(3, #sent)
    assert.equal("added", sent[2].event)
    assert.equal("192.0.2.1", sent[2].address)
    assert.equal(2, b.resolver.watches.count)
    on_end()
    assert.equal(0, b.resolver.watches.count)
  end)

  it("watch nothing for a client that left at once", function()
    has_left = true
    ask("/v1/watch?name=a.test")
    ask("/v1/browse?type=_mlx._tcp")
    assert.equal(0, b.resolver.watches.count)
    assert.is_nil(next(b.resolver:mdns().watches.names))
  end)

  it("browse services until the client leaves", function()
    local link = mdns_bed.attach(b.world)
    link:answer("_mlx._tcp.local.", {
      { type = "PTR", data = "w._mlx._tcp.local.", cache_flush = false },
      { name = "w._mlx._tcp.local.", type = "SRV", data = "0 0 7 mini2.local.", additional = true },
      { name = "w._mlx._tcp.local.", type = "TXT", data = '"k=v"', additional = true },
      { name = "mini2.local.", type = "A", data = "192.0.2.7", additional = true },
    })
    ask("/v1/browse?type=_mlx._tcp&interface=eth0")
    b.world:advance(1000)
    assert.equal("w", sent[2].instance)
    assert.same({ "192.0.2.7" }, sent[2].addresses)
    on_end()
    assert.is_nil(next(b.resolver:mdns().watches.names))
  end)

  it("refuse what cannot be watched or browsed, and open nothing for it", function()
    for target, text in pairs {
      ["/v1/watch"] = "say which names to watch",
      ["/v1/watch?name=a..b"] = "'a..b' is no host name",
      ["/v1/watch?nam=a"] = "did you mean 'name'?",
      ["/v1/watch?" .. ("name=a&"):rep(65)] = "at most 64 names",
      ["/v1/browse?type=mini2"] = "'mini2' is no type of service",
      ["/v1/browse?type=_a._tcp&type=_b._tcp"] = "one type at a time",
      ["/v1/browse?" .. ("interface=a&"):rep(17)] = "at most 16 interfaces",
    } do
      reply = {}
      ask(target)
      assert.equal(400, reply.status)
      assert.is_truthy(reply.value.error:find(text, 1, true), reply.value.error)
    end
    assert.same({}, sent)
    assert.equal(0, b.resolver.watches.count)
  end)

  it("pass on that there are too many", function()
    local refused =
      ask("/v1/watch?name=a.test", { status = 429, code = "EBUSY", error = "too many" })
    control_bed.assert_refused(refused, 429, "EBUSY", "too many")
    assert.equal(0, b.resolver.watches.count)
  end)
end)
