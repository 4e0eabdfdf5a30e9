local schedulers = require("mlxresolve.scheduler")
local streams = require("mlxresolve.control.streams")
local virtual = require("mlxresolve.world.virtual")

describe("mlxresolve.control.streams", function()
  local world, all, server, ended

  before_each(function()
    world, ended = virtual.new(), 0
    all = streams.new(world, schedulers.new(world))
    server = { sent = {}, finished = {}, dropped = {}, code = false }
    function server.stream(_, slot, status, content_type)
      server.begun = { slot, status, content_type }
      if server.code then
        return nil, "no", server.code
      end
      return true
    end
    function server.write(_, slot, data)
      if server.code then
        return nil, "no", server.code
      end
      server.sent[#server.sent + 1] = slot .. " " .. data
      return true
    end
    function server.finish(_, slot)
      table.insert(server.finished, slot)
    end
    function server.drop(_, slot)
      table.insert(server.dropped, slot)
    end
  end)

  local function open(slot)
    return all:open(server, slot, function()
      ended = ended + 1
    end)
  end

  it("send a JSON object a line", function()
    local stream = open(7)
    assert.same({ 7, 200, "application/x-ndjson" }, server.begun)
    assert.is_true(stream:send { event = "added" })
    assert.same({ '7 {"event":"added"}\n' }, server.sent)
  end)

  it("send empty lines while somebody is there, and nothing afterwards", function()
    open(7)
    open(8)
    world:advance(11e3)
    assert.equal(4, #server.sent)
    all:left(7)
    all:left(8)
    world:advance(60e3)
    assert.equal(4, #server.sent)
    assert.equal(2, ended)
    assert.equal(0, all.count)
  end)

  it("drop a client that does not read, and say so", function()
    local stream = open(7)
    server.code = "ENOBUFS"
    assert.is_false(stream:send {})
    assert.is_false(stream:send {})
    assert.same({ 7 }, server.dropped)
    assert.equal(1, ended)
    assert.equal(1, all.dropped)
    assert.matches("warn: control: a client does not read", world.lines[1])
  end)

  it("forget a client that has gone, without a word", function()
    local stream = open(7)
    server.code = "EPIPE"
    assert.is_false(stream:send {})
    all:left(7)
    assert.equal(1, ended)
    assert.same({}, server.dropped)
    assert.same({}, world.lines)
  end)

  it("are 32 at most", function()
    for slot = 1, 32 do
      assert.is_truthy(open(slot))
    end
    local stream, refusal = open(33)
    assert.is_nil(stream)
    assert.same({ 429, "EBUSY" }, { refusal.status, refusal.code })
    all:left(1)
    assert.is_truthy(open(33))
  end)

  it("say why one cannot begin", function()
    server.code = "ENOMEM"
    local stream, refusal = open(7)
    assert.is_nil(stream)
    assert.same({ status = 500, code = "ENOMEM", error = "no" }, refusal)
    assert.equal(0, all.count)
  end)

  it("end in good order", function()
    open(7)
    open(8)
    all:close()
    all:close()
    table.sort(server.finished)
    assert.same({ 7, 8 }, server.finished)
    assert.equal(2, ended)
    world:advance(60e3)
    assert.same({}, server.sent)
  end)
end)
