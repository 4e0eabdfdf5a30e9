local dns_server = require("support.dns_server")
local netns = require("support.netns")
local reply = require("support.reply")

local FLAG_TCP, FLAG_COOKIE = 1, 8
local COOKIES = { flags = FLAG_COOKIE }
local THEIRS = "12345678"

describe("core.upstream: cookies", function()
  local client, servers, clock

  before_each(function()
    clock, servers = 1e6, {}
    client = dns_server.client({}, function()
      return clock
    end)
  end)
  after_each(function()
    for _, server in ipairs(servers) do
      server:close()
    end
    client:close()
  end)

  --- A server that answers with what `make(cookie, query)` returns, or an address.
  local function serve(make)
    local server = dns_server.udp(function(query, peer, self)
      local fields = make and make(reply.cookie_of(query), query) or { address = "192.0.2.1" }
      self:send(reply.to(query, fields), peer)
    end)
    servers[#servers + 1] = server
    return server
  end

  local function giving(part)
    return serve(function(cookie)
      return { address = "192.0.2.1", cookie = cookie and cookie:sub(1, 8) .. part }
    end)
  end

  --- The cookies that a server has seen.
  local function seen(server)
    local list = {}
    for i, one in ipairs(server.queries) do
      list[i] = reply.cookie_of(one.query) or "none"
    end
    return list
  end

  it("are asked for with one of its own, and kept with the server's part", function()
    local server = giving(THEIRS)
    for _ = 1, 3 do
      assert.equal(0, client:ask(server, "www.example.com", COOKIES).status)
    end
    local cookies = seen(server)
    assert.equal(8, #cookies[1])
    assert.equal(cookies[1] .. THEIRS, cookies[2])
    assert.equal(cookies[2], cookies[3])
  end)

  it("differ from server to server, and cannot be foreseen", function()
    local known = {}
    for _ = 1, 20 do
      local server = giving(THEIRS)
      client:ask(server, "www.example.com", COOKIES)
      local cookie = seen(server)[1]
      assert.is_nil(known[cookie])
      known[cookie] = true
    end
  end)

  it("are sent to those only that are asked so", function()
    local server = giving(THEIRS)
    client:ask(server, "www.example.com")
    assert.same({ "none" }, seen(server))
    local stream_server
    server, stream_server = dns_server.both(function() end, {
      on_bytes = dns_server.framed(function(query)
        servers.over_tcp = reply.cookie_of(query) or "none"
        return reply.to(query, { address = "192.0.2.1" })
      end),
    })
    servers[#servers + 1], servers[#servers + 2] = server, stream_server
    client:ask(server, "www.example.com", { flags = FLAG_COOKIE + FLAG_TCP })
    assert.equal("none", servers.over_tcp)
  end)

  it("do not matter to servers without them", function()
    local server = serve()
    for _ = 1, 3 do
      assert.equal(0, client:ask(server, "www.example.com", COOKIES).status)
    end
    local cookies = seen(server)
    assert.equal(8, #cookies[1])
    assert.same({ cookies[1], cookies[1], cookies[1] }, cookies)
  end)

  it("are renewed when the server says so, and the question is answered", function()
    local server = serve(function(cookie)
      local is_good = cookie:sub(9) == "abcdefgh"
      return {
        address = is_good and "192.0.2.1" or nil,
        rcode = not is_good and reply.BADCOOKIE or 0,
        cookie = cookie:sub(1, 8) .. "abcdefgh",
      }
    end)
    assert.equal(0, client:ask(server, "www.example.com", COOKIES).status)
    assert.equal(0, client:ask(server, "www.example.com", COOKIES).status)
    assert.equal(3, #server.queries)
  end)

  it("keep a forged reply out that has everything else right", function()
    local server = dns_server.udp(function(query, peer, self)
      local cookie = ("forged!!"):rep(2)
      self:send(reply.to(query, { address = "192.0.2.66", cookie = cookie }), peer)
      cookie = reply.cookie_of(query):sub(1, 8) .. THEIRS
      self:send(reply.to(query, { address = "192.0.2.1", cookie = cookie }), peer)
    end)
    servers[#servers + 1] = server
    local result = client:ask(server, "www.example.com", COOKIES)
    assert.is_truthy(result.answer:find("\192\0\2\1", 1, true))
    assert.equal(1, client.upstream:stats().ignored)
  end)

  it("fall back to TCP when the server's part is missing, and are begun anew", function()
    local gives = true
    local server, stream_server = dns_server.both(function(query, peer, self)
      local cookie = gives and reply.cookie_of(query):sub(1, 8) .. THEIRS or nil
      self:send(reply.to(query, { address = "192.0.2.66", cookie = cookie }), peer)
    end, {
      on_bytes = dns_server.framed(function(query)
        return reply.to(query, { address = "192.0.2.1" })
      end),
    })
    servers[#servers + 1], servers[#servers + 2] = server, stream_server
    client:ask(server, "www.example.com", COOKIES)
    gives = false
    local result = client:ask(server, "www.example.com", COOKIES)
    assert.is_truthy(result.answer:find("\192\0\2\1", 1, true))
    assert.equal(1, stream_server.connections)
    client:ask(server, "www.example.com", COOKIES)
    assert.equal(8, #seen(server)[3])
    assert.equal(1, stream_server.connections)
  end)

  it("live for 26 hours", function()
    local server = giving(THEIRS)
    client:ask(server, "www.example.com", COOKIES)
    clock = clock + 25 * 3600e3
    client:ask(server, "www.example.com", COOKIES)
    clock = clock + 2 * 3600e3
    client:ask(server, "www.example.com", COOKIES)
    local cookies = seen(server)
    assert.equal(cookies[1] .. THEIRS, cookies[2])
    assert.equal(8, #cookies[3])
    assert.not_equal(cookies[1], cookies[3])
  end)

  it("are kept for 64 servers, those that were used last", function()
    local first = giving(THEIRS)
    client:ask(first, "www.example.com", COOKIES)
    for i = 1, 64 do
      clock = clock + 1
      if i == 32 then
        client:ask(first, "www.example.com", COOKIES)
      end
      client:ask(giving(THEIRS), "www.example.com", COOKIES)
    end
    client:ask(first, "www.example.com", COOKIES)
    assert.equal(16, #seen(first)[3])
    for _ = 1, 64 do
      clock = clock + 1
      client:ask(giving(THEIRS), "www.example.com", COOKIES)
    end
    client:ask(first, "www.example.com", COOKIES)
    assert.equal(8, #seen(first)[4])
  end)

  it("do not follow this machine to another address", function()
    if not netns.available() then
      pending("needs network namespaces")
      return
    end
    local out = netns.check([[
      local dns_server = require("support.dns_server")
      local reply = require("support.reply")
      local function own(address)
        local route = "ip route replace table local local 10.9.9.9 dev lo src "
        assert(os.execute(route .. address) == 0)
      end
      assert(os.execute "ip addr add 10.9.9.9/32 dev lo" == 0)
      assert(os.execute "ip addr add 10.0.0.1/32 dev lo" == 0)
      assert(os.execute "ip addr add 10.0.0.2/32 dev lo" == 0)
      own "10.0.0.1"
      local last, from
      local server = dns_server.udp(function(query, peer, self)
        last, from = reply.cookie_of(query), peer.ip
        local cookie = last:sub(1, 8) .. "12345678"
        self:send(reply.to(query, { address = "192.0.2.1", cookie = cookie }), peer)
      end, 0, "10.9.9.9")
      local clock = 1e6
      local client = dns_server.client({}, function() return clock end)
      local seen = {}
      for _, address in ipairs { "10.0.0.1", "10.0.0.1", "10.0.0.2", "10.0.0.2" } do
        own(address)
        clock = clock + 1000
        client:ask(server, "www.example.com", { flags = 8 })
        assert(from == address, from)
        seen[#seen + 1] = last
      end
      print(#seen[1], seen[2] == seen[1] .. "12345678", #seen[3], seen[3] == seen[1], #seen[4])
      server:close()
      client:close()
    ]])
    assert.equal("8\ttrue\t8\tfalse\t16\n", out)
  end)
end)
