local client = require("mlxresolve.cli.client")
local fake_cli = require("support.fake_cli")

local PATH = "/run/s"

describe("mlxresolve.cli.client", function()
  local world, cli

  before_each(function()
    world = fake_cli.world()
    cli = fake_cli.new { world = world }
  end)

  local function ask(request)
    return cli:run(function(scheduler)
      return client.ask(scheduler, PATH, request or { target = "/v1/status" })
    end)
  end

  --- A daemon that sends these pieces, whatever it is asked.
  local function reply_with(...)
    local pieces, sent = { ... }, {}
    world.targets[PATH] = function(data, incoming)
      sent[#sent + 1] = data
      for _, piece in ipairs(pieces) do
        incoming[#incoming + 1] = piece
      end
    end
    return sent
  end

  it("sends one request that closes its connection", function()
    local sent = reply_with("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
    ask { method = "POST", target = "/v1/cache/flush", body = { name = "a." } }
    local head, body = sent[1]:match("^(.-\r\n)\r\n(.*)$")
    assert.is_truthy(head:find("^POST /v1/cache/flush HTTP/1.1\r\n"))
    assert.is_truthy(head:find("\r\nConnection: close\r\n", 1, true))
    assert.is_truthy(head:find("\r\nContent-Length: 13\r\n", 1, true))
    assert.are.equal('{"name":"a."}', body)
  end)

  it("reads a reply that comes in pieces", function()
    local text = 'HTTP/1.1 404 Not Found\r\ncontent-length:  9 \r\nX-A: b\r\n\r\n{"pid":8}'
    local pieces = {}
    for char in text:gmatch(".") do
      pieces[#pieces + 1] = char
    end
    reply_with(unpack(pieces))
    local value, status = ask()
    assert.are.same({ pid = 8 }, value)
    assert.are.equal(404, status)
  end)

  it("refuses replies that are not quite HTTP", function()
    local cases = {
      ["ended too early"] = { "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}" },
      ["no HTTP/1.1"] = { "SSH-2.0-x\r\nhello\r\n\r\n" },
      ["length is not told"] = { "HTTP/1.1 200 OK\r\nA: b\r\n\r\n{}" },
      ["two lengths"] = { "HTTP/1.1 200 OK\r\nContent-Length: 2\r\ncontent-length: 3\r\n\r\n{}" },
      ["longer than 16777216"] = { "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n" },
      ["longer than it says"] = { "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}{}" },
      ["no header"] = { "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n folded\r\n\r\n{}" },
      ["unexpected status"] = { "HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n" },
      ["headers do not end"] = { ("HTTP/1.1 200 OK\r\n" .. ("x"):rep(20000)) },
      ["no JSON"] = { "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{" },
      ["no JSON object"] = { "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1" },
    }
    for reason, pieces in pairs(cases) do
      reply_with(unpack(pieces))
      local value, message, code = ask()
      assert.is_nil(value, reason)
      assert.is_truthy(message:find(reason, 1, true), message)
      assert.are.equal("EFORMAT", code)
    end
    reply_with("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}")
    assert.is_nil((ask()))
  end)

  it("takes a daemon that is ending for one that cannot be asked", function()
    reply_with('HTTP/1.1 503 X\r\nContent-Length: 15\r\n\r\n{"error":"bye"}')
    local value, message, code = ask()
    assert.is_nil(value)
    assert.are.equal("bye", message)
    assert.are.equal("ECLOSED", code)
    assert.is_false(client.is_absent(code))
  end)

  it("gives up on a daemon that hangs", function()
    world.connect = function()
      return 1
    end
    world.cancel = function(self, kind)
      self.cancelled = kind
    end
    local value, _, code = ask { target = "/", timeout = 500 }
    assert.is_nil(value)
    assert.are.equal("ETIMEOUT", code)
    assert.are.equal("connect", world.cancelled)
  end)

  it("closes its stream, whatever comes", function()
    for _, reply in ipairs { "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "rubbish" } do
      reply_with(reply)
      local connect, stream = world.connect, nil
      world.connect = function(self, waiter, target)
        return connect(self, {
          wake = function(_, a, b, c)
            stream = a
            waiter:wake(a, b, c)
          end,
        }, target)
      end
      ask()
      world.connect = connect
      assert.is_true(stream.is_closed)
    end
  end)

  it("tells a daemon that is not there from one that cannot be asked", function()
    local _, _, code = ask()
    assert.is_true(client.is_absent(code))
    assert.is_true(client.is_absent("ECONNREFUSED"))
    assert.is_false(client.is_absent("EACCES"))
    assert.is_false(client.is_absent("ETIMEOUT"))
  end)

  it("escapes what a query string may not hold", function()
    local text = client.query_string { { "name", "a b&c=\\001." }, { "type", "A" } }
    assert.are.equal("?name=a%20b%26c%3D%5C001.&type=A", text)
  end)
end)
