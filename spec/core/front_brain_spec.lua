local core = require("mlxresolve.core")
local dns_client = require("support.dns_client")
local front_rig = require("support.front")
local uv = require("luv")

local SERVFAIL, NXDOMAIN, A = 2, 3, 1
local EDE_BLOCKED, EDE_NOT_READY, EDE_STALE = 15, 14, 3

describe("mlxresolve.core.front: the brain", function()
  local rig, socket

  local function open(options)
    rig = front_rig.open(options)
    socket = dns_client.udp(rig.endpoint)
  end

  local function receive()
    return core.wire.decode(assert(socket:receive()))
  end

  after_each(function()
    socket:close()
    rig:close()
  end)

  it("is handed a question and sends the answer", function()
    open()
    socket:send(front_rig.query("Two.Test."))
    assert.is_true(rig:await_pending(1))
    local miss = rig.pending[1]
    assert.equal("two.test.", miss.name)
    assert.equal(A, miss.type)
    rig:reply(miss.slot, miss.name, miss.type, { "192.0.2.2", "192.0.2.3" })
    rig.front:flush()
    local reply = receive()
    assert.equal(0x1234, reply.id)
    assert.equal(2, #reply.answers)
    assert.equal(0, rig.front:stats().pending)
  end)

  it("counted a miss again when it looked whether the answer had come", function()
    open()
    socket:send(front_rig.query("two.test."))
    assert.is_true(rig:await_pending(1))
    assert.equal(1, rig.cache:stats().misses)
  end)

  it("is told who asks, until it has answered", function()
    open()
    socket:send(front_rig.query("two.test."))
    rig:await_pending(1)
    local slot = rig.pending[1].slot
    local address, is_tcp = rig.front:client(slot)
    assert.equal("127.0.0.1:" .. socket.handle:getsockname().port, address)
    assert.is_false(is_tcp)
    rig.front:refuse(slot, NXDOMAIN)
    assert.is_nil((rig.front:client(slot)))
    assert.is_nil((rig.front:client(12345)))
  end)

  it("sends nothing before it flushes", function()
    open()
    socket:send(front_rig.query("two.test."))
    rig:await_pending(1)
    rig.front:refuse(rig.pending[1].slot, NXDOMAIN)
    assert.equal(0, rig.front:stats().replies)
    rig.front:flush()
    assert.equal(1, rig.front:stats().replies)
    assert.equal(NXDOMAIN, receive().rcode)
  end)

  it("sends by itself after 64 answers", function()
    open()
    for id = 1, 65 do
      socket:send(front_rig.query("two.test.", "A", { id = id }))
    end
    rig:await_pending(65)
    for _, miss in ipairs(rig.pending) do
      rig.front:refuse(miss.slot, NXDOMAIN)
    end
    assert.equal(64, rig.front:stats().replies)
    rig.front:flush()
    assert.equal(65, rig.front:stats().replies)
  end)

  it("refuses with a code and a text", function()
    open()
    socket:send(front_rig.query("two.test.", "A", { edns = { udp_size = 1232 } }))
    rig:await_pending(1)
    rig.front:refuse(rig.pending[1].slot, SERVFAIL, EDE_BLOCKED, "by rule 7")
    rig.front:flush()
    local reply = receive()
    assert.equal(SERVFAIL, reply.rcode)
    assert.equal(EDE_BLOCKED, reply.edns.ede[1].code)
    assert.equal("by rule 7", reply.edns.ede[1].text)
  end)

  it("answers with a code and a text beside the records", function()
    open()
    socket:send(front_rig.query("two.test.", "A", { edns = { udp_size = 1232 } }))
    rig:await_pending(1)
    local answer = core.answer.build("two.test.", "A", { "192.0.2.2" }, 30)
    rig.front:answer(rig.pending[1].slot, answer, EDE_STALE, "mini2 is silent")
    rig.front:flush()
    local reply = receive()
    assert.equal("192.0.2.2", reply.answers[1].data)
    assert.equal("mini2 is silent", reply.edns.ede[1].text)
  end)

  it("takes only the first answer to a question", function()
    open()
    socket:send(front_rig.query("two.test."))
    rig:await_pending(1)
    local miss = rig.pending[1]
    rig.front:refuse(miss.slot, NXDOMAIN)
    rig:reply(miss.slot, miss.name, miss.type, { "192.0.2.2" })
    rig.front:flush()
    assert.equal(1, rig.front:stats().replies)
    assert.equal(NXDOMAIN, receive().rcode)
  end)

  it("ignores a late answer though another question has its place", function()
    open { max_pending = 1 }
    socket:send(front_rig.query("two.test.", "A", { id = 1 }))
    rig:await_pending(1)
    local late = rig.pending[1].slot
    rig.front:refuse(late, NXDOMAIN)
    rig.front:flush()
    assert.equal(1, receive().id)
    socket:send(front_rig.query("three.test.", "A", { id = 2 }))
    rig:await_pending(2)
    local present = rig.pending[2].slot
    assert.not_equal(late, present)
    rig.front:refuse(late, NXDOMAIN)
    rig:reply(present, "three.test.", A, { "192.0.2.3" })
    rig.front:flush()
    local reply = receive()
    assert.equal(2, reply.id)
    assert.equal("192.0.2.3", reply.answers[1].data)
  end)

  it("passes over slots that never were", function()
    open()
    for _, slot in ipairs { 0, 1, 65535, 65536, 4294967295 } do
      rig.front:refuse(slot, NXDOMAIN)
      rig.front:answer(slot, "")
    end
    rig.front:flush()
    assert.equal(0, rig.front:stats().replies)
  end)

  it("answers SERVFAIL when it is given what is no answer to the question", function()
    open()
    local wrong = {
      core.answer.build("other.test.", "A", { "192.0.2.2" }, 30),
      core.answer.build("a.much.longer.name.two.test.", "A", { "192.0.2.2" }, 30),
      core.answer.build("two.test.", "AAAA", { "2001:db8::1" }, 30),
      "",
      ("x"):rep(70000),
    }
    for i, answer in ipairs(wrong) do
      socket:send(front_rig.query("two.test."))
      rig:await_pending(i)
      rig.front:answer(rig.pending[i].slot, answer)
      rig.front:flush()
      assert.equal(SERVFAIL, receive().rcode, "case " .. i)
    end
  end)

  it("truncates an answer that is larger than any datagram", function()
    open()
    local texts = {}
    for i = 1, 60 do
      texts[i] = '"' .. ("%02d"):format(i) .. ("x"):rep(200) .. '"'
    end
    socket:send(front_rig.query("two.test.", "TXT"))
    rig:await_pending(1)
    rig:reply(rig.pending[1].slot, "two.test.", rig.pending[1].type, texts)
    rig.front:flush()
    assert.is_true(receive().truncated)
  end)

  it("is spared when more is under way than it may be", function()
    open { max_pending = 4 }
    for id = 1, 5 do
      local query = { id = id, edns = { udp_size = 1232 } }
      socket:send(front_rig.query("two.test.", "A", query))
    end
    local reply = receive()
    assert.equal(5, reply.id)
    assert.equal(SERVFAIL, reply.rcode)
    assert.equal(EDE_NOT_READY, reply.edns.ede[1].code)
    rig:await_pending(4)
    assert.is_true(rig:await_stat("pending", 4))
    for _, miss in ipairs(rig.pending) do
      rig:reply(miss.slot, miss.name, miss.type, { "192.0.2.2" })
    end
    rig.front:flush()
    for _ = 1, 4 do
      assert.equal("192.0.2.2", receive().answers[1].data)
    end
  end)

  it("takes up to 64 questions a step", function()
    open()
    for id = 1, 100 do
      socket:send(front_rig.query("two.test.", "A", { id = id }))
    end
    assert.is_true(rig:await_stat("misses", 100))
    local batch = {}
    assert.equal(64, rig.front:step(core.now(), batch))
    assert.equal(36, rig.front:step(core.now(), batch))
    assert.equal(0, rig.front:step(core.now(), batch))
  end)

  it("is not handed a question whose answer has come meanwhile", function()
    open()
    for id = 1, 3 do
      socket:send(front_rig.query(id == 2 and "other.test." or "Two.test.", "A", { id = id }))
    end
    assert.is_true(rig:await_stat("misses", 3))
    rig:put("two.test.", "A", { "192.0.2.2" })
    rig:work()
    assert.equal(1, #rig.pending)
    assert.equal("other.test.", rig.pending[1].name)
    for _, id in ipairs { 1, 3 } do
      local reply = receive()
      assert.equal(id, reply.id)
      assert.equal("192.0.2.2", reply.answers[1].data)
    end
    assert.is_true(rig:await_stat("pending", 1))
  end)

  it("is handed what ran out meanwhile", function()
    open()
    socket:send(front_rig.query("two.test."))
    assert.is_true(rig:await_stat("misses", 1))
    rig:put("two.test.", "A", { "192.0.2.2" }, 301e3)
    rig:work()
    assert.equal(1, #rig.pending)
  end)

  it("is woken through the descriptor only when it sleeps", function()
    open()
    local poll = uv.new_poll(rig.front:fd())
    local woken = 0
    poll:start("r", function()
      woken = woken + 1
      rig:work()
      assert.is_true(rig.front:sleep())
    end)
    assert.is_true(rig.front:sleep())
    for i = 1, 3 do
      socket:send(front_rig.query("two.test."))
      assert.is_true(dns_client.wait(function()
        return #rig.pending == i
      end))
    end
    assert.equal(3, woken)
    poll:stop()
    poll:close()
    uv.run("nowait")
  end)

  it("does not fall asleep over a question that has come", function()
    open()
    socket:send(front_rig.query("two.test."))
    assert.is_true(rig:await_stat("misses", 1))
    assert.is_false(rig.front:sleep())
    assert.equal(1, rig:work())
    assert.is_true(rig.front:sleep())
  end)
end)
