local bed = require("support.mdns_bed")
local core = require("mlxresolve.core")

local A = { type = "A", data = "192.0.2.7" }
local AAAA = { type = "AAAA", data = "2001:db8::7" }

describe("mlxresolve.mdns.engine", function()
  local link

  before_each(function()
    link = bed.new()
  end)

  it(
    "asks for both families in one packet, over IPv4 and IPv6 [RFC 8305 3: late families]",
    function()
      link:answer("mini2.local.", { A, AAAA }, { delay = 4 })
      local result = link:ask("mini2.local.", "A")
      link.world:settle()
      assert.same({
        "4 2 QU A mini2.local. AAAA mini2.local.",
        "6 2 QU A mini2.local. AAAA mini2.local.",
      }, link:questions())
      assert.same({ "192.0.2.7" }, result.data)
      assert.equal("answer", result.status)
      assert.equal(120, result.ttl)
      assert.equal(2, result.interface)
      assert.equal(4, result.ms)
    end
  )

  it("answers from what came along without another packet", function()
    link:answer("mini2.local.", {
      A,
      AAAA,
      {
        name = "w._mlx._tcp.local.",
        type = "SRV",
        data = "0 0 50051 mini2.local.",
        additional = true,
      },
    })
    link:ask("mini2.local.", "A")
    link.world:settle()
    local sent = #link.world.sent
    local second = link:ask("mini2.local.", "AAAA")
    local third = link:ask("w._mlx._tcp.local.", "SRV")
    link.world:settle()
    assert.same({ "2001:db8::7" }, second.data)
    assert.same({ "0 0 50051 mini2.local." }, third.data)
    assert.equal(sent, #link.world.sent)
  end)

  it("counts the time to live down and asks again when it has passed", function()
    link:answer("mini2.local.", { A, AAAA })
    link:ask("mini2.local.", "A")
    link.world:settle()
    link.world:advance(100e3)
    local late = link:ask("mini2.local.", "A")
    link.world:settle()
    assert.equal(20, late.ttl)
    link.world:advance(21e3)
    local sent = #link.world.sent
    local anew = link:ask("mini2.local.", "A")
    link.world:settle()
    assert.equal(120, anew.ttl)
    assert.is_true(#link.world.sent > sent)
  end)

  it("asks other types as they are asked", function()
    link:answer("_mlx._tcp.local.", {
      { type = "PTR", data = "w._mlx._tcp.local.", cache_flush = false },
    })
    local result = link:ask("_mlx._tcp.local.", "PTR")
    link.world:settle()
    assert.equal("4 2 QU PTR _mlx._tcp.local.", link:questions()[1])
    assert.same({ "w._mlx._tcp.local." }, result.data)
  end)

  it("puts the names of one turn into one packet", function()
    for i = 1, 5 do
      link:ask(("mini%d.local."):format(i), "A")
    end
    link.world:advance(10)
    assert.equal(2, #link.world.sent)
    assert.equal(10, #core.wire.decode(link.world.sent[1].packet).questions)
  end)

  it("makes as many packets as many names need [RFC 6762 17: packet size]", function()
    for i = 1, 200 do
      link:ask(("a-rather-long-host-name-%d.local."):format(i), "A")
    end
    link.world:advance(10)
    local questions = 0
    for _, sent in ipairs(link.world.sent) do
      assert.is_true(#sent.packet <= 1472)
      questions = questions + #core.wire.decode(sent.packet).questions
    end
    assert.equal(2 * 200 * 2, questions)
  end)

  it("asks once for many who ask the same", function()
    link:answer("mini2.local.", { A, AAAA }, { delay = 5 })
    local results = {}
    for i = 1, 50 do
      results[i] = link:ask("mini2.local.", i % 2 == 0 and "A" or "AAAA")
    end
    link.world:settle()
    assert.equal(2, #link.world.sent)
    for i = 1, 50 do
      assert.equal("answer", results[i].status)
    end
  end)

  it("leaves nothing running when nobody waits [RFC 6762 5.2: no interest]", function()
    link:answer("mini2.local.", { A })
    link:ask("mini2.local.", "A")
    link:ask("nobody.local.", "A", { timeout = 100 })
    link.world:settle()
    assert.equal(0, link.scheduler.timers.count)
    assert.equal(0, link.engine:stats().waiting)
    for socket in pairs(link.world.sockets) do
      assert.is_true(socket.options.share)
    end
  end)

  it("forgets whoever is cancelled", function()
    local result = link:ask("nobody.local.", "A")
    link.world:advance(10)
    link.scheduler:cancel(result.task)
    link.world:settle()
    assert.equal(0, link.engine:stats().waiting)
    assert.equal(0, link.scheduler.timers.count)
    assert.equal(2, #link.world.sent)
  end)

  it("asks at once for what it was told to forget", function()
    link:answer("mini2.local.", { A, AAAA })
    link:ask("mini2.local.", "A")
    link.world:settle()
    link.engine:forget { name = "mini2.local." }
    local result = link:ask("mini2.local.", "A")
    link.world:settle()
    assert.equal(1, result.ms)
    assert.equal(2, #link.world.sent)
  end)

  it("merges what a host says on several links", function()
    local cache = bed.cache()
    link = bed.new { links = { bed.interface(), bed.wifi() }, cache = cache }
    link:answer("mini2.local.", { A, AAAA })
    link:answer(
      "mini2.local.",
      { { type = "A", data = "198.51.100.7" } },
      { interface = 3, from = "198.51.100.7", here = "198.51.100.1", delay = 3 }
    )
    local first = link:ask("mini2.local.", "A")
    link.world:settle()
    assert.same({ "192.0.2.7" }, first.data)
    assert.same({ "mini2.local." }, cache.flushed)
    local second = link:ask("mini2.local.", "A")
    link.world:settle()
    assert.same({ "192.0.2.7", "198.51.100.7" }, second.data)
    assert.equal(2, second.interface)
  end)

  describe("with a cache", function()
    local cache

    before_each(function()
      cache = bed.cache()
      link = bed.new { cache = cache }
      link:answer("mini2.local.", { A, { type = "NSEC", data = "mini2.local. A" } })
      link:ask("mini2.local.", "A")
      link.world:settle()
      assert.same({}, cache.flushed)
    end)

    it("drops a name that moved", function()
      link.world:advance(5000)
      link:deliver(bed.response("mini2.local.", { { type = "A", data = "192.0.2.9" } }))
      link.world:advance(0)
      assert.same({ "mini2.local." }, cache.flushed)
      local result = link:ask("mini2.local.", "A")
      link.world:advance(0)
      assert.same({ "192.0.2.9" }, result.data)
    end)

    it("drops a name that said goodbye", function()
      link:deliver(bed.response("mini2.local.", { { type = "A", data = "192.0.2.7", ttl = 0 } }))
      link.world:advance(0)
      assert.same({ "mini2.local." }, cache.flushed)
    end)

    it("drops what is told of a name within the second after its goodbye", function()
      link:deliver(bed.response("mini2.local.", { { type = "A", data = "192.0.2.7", ttl = 0 } }))
      link.world:advance(300)
      local result = link:ask("mini2.local.", "A")
      link.world:advance(0)
      assert.same({ "192.0.2.7" }, result.data)
      link.world:advance(701)
      assert.same({ "mini2.local.", "mini2.local." }, cache.flushed)
    end)

    it("drops a name that moved once only", function()
      link.world:advance(5000)
      link:deliver(bed.response("mini2.local.", { { type = "A", data = "192.0.2.9" } }))
      link.world:advance(5000)
      assert.same({ "mini2.local." }, cache.flushed)
    end)

    it("keeps a name that is announced again", function()
      link.world:advance(5000)
      link:deliver(bed.response("mini2.local.", { A }))
      link.world:advance(0)
      assert.same({}, cache.flushed)
    end)
  end)

  describe("aliases", function()
    it("are followed", function()
      link:answer("grid.local.", { { type = "CNAME", data = "mini2.local." } })
      link:answer("mini2.local.", { A, AAAA })
      local result = link:ask("grid.local.", "A")
      link.world:settle()
      assert.same({ "192.0.2.7" }, result.data)
      local message = core.wire.decode(result.packet)
      assert.equal("grid.local.", message.answers[1].name)
      assert.equal("CNAME", message.answers[1].type)
    end)

    it("that lead to themselves end in a failure", function()
      link:answer("a.local.", { { type = "CNAME", data = "a.local." } })
      local result = link:ask("a.local.", "A")
      link.world:settle()
      assert.equal("ELOOP", result.code)
    end)

    it("that lead in a circle end in a failure", function()
      link:answer("a.local.", { { type = "CNAME", data = "b.local." } })
      link:answer("b.local.", { { type = "CNAME", data = "a.local." } })
      local result = link:ask("b.local.", "AAAA")
      link.world:settle()
      assert.equal("ELOOP", result.code)
    end)
  end)

  it("ends with a failure for those who wait when it is closed", function()
    local result = link:ask("mini2.local.", "A")
    link.world:advance(10)
    link.engine:close()
    link.world:settle()
    assert.equal("ECLOSED", result.code)
    assert.is_nil(next(link.world.sockets))
    local after = link:ask("mini2.local.", "A")
    link.world:settle()
    assert.equal("ECLOSED", after.code)
  end)
end)
