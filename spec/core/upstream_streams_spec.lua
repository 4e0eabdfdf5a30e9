local dns_server = require("support.dns_server")
local netns = require("support.netns")
local reply = require("support.reply")

local GOOD = { address = "192.0.2.1" }
local GOOD_BYTES = "\192\0\2\1"
local TCP = { flags = 1, timeout = 2000 }
local IDLE = 5000

describe("core.upstream: TCP connections", function()
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

  --- A server on a port; `handlers` as for dns_server.tcp, or what to answer a query with.
  local function serve(handlers)
    if type(handlers) == "function" then
      handlers = { on_bytes = dns_server.framed(handlers) }
    end
    local server = dns_server.tcp(0, handlers)
    servers[#servers + 1] = server
    return server
  end

  local function good(query)
    return reply.to(query, GOOD)
  end

  local function assert_good(result)
    assert.equal(0, result.status, result.ttl)
    assert.is_truthy(result.answer:find(GOOD_BYTES, 1, true))
  end

  --- Asks several at once and waits for all.
  local function ask_many(server, count)
    local slots, before = {}, client.count
    for i = 1, count do
      slots[i] = assert(client:start(server, ("n%d.test"):format(i), TCP))
    end
    assert.is_true(client:run(function()
      return client.count == before + count
    end, 3000))
    return slots
  end

  it("are used for one question after the other [RFC 7766 6.2.2: connection reuse]", function()
    local server = serve(good)
    for i = 1, 10 do
      assert_good(client:ask(server, ("n%d.test"):format(i), TCP))
      clock = clock + 1000
    end
    assert.equal(1, server.connections)
    assert.equal(1, client.upstream:stats().tcp)
  end)

  it("bear many questions at once, whichever is answered first", function()
    local held = {}
    local server = serve(function(query, stream)
      held[#held + 1] = query
      if #held == 50 then
        for i = #held, 1, -1 do
          local n = tonumber(held[i]:sub(13):match("n(%d+)"))
          local packet = reply.to(held[i], { address = "10.1.0." .. n })
          stream:write(reply.u16(#packet) .. packet)
        end
      end
    end)
    for i, slot in ipairs(ask_many(server, 50)) do
      local mine = string.char(10, 1, 0, i)
      assert.is_truthy(client.results[slot].answer:find(mine, 1, true))
    end
    assert.equal(1, server.connections)
  end)

  it("bear a hundred at most", function()
    local server = serve(function() end)
    for i = 1, 250 do
      assert(client:start(server, ("n%d.test"):format(i), TCP))
    end
    client:run(function()
      return server.connections == 3
    end, 1000)
    assert.equal(3, client.upstream:stats().tcp)
  end)

  it("bring more answers in one piece than a step hands out", function()
    local parts = {}
    local server = serve(function(query, stream)
      local packet = good(query)
      parts[#parts + 1] = reply.u16(#packet) .. packet
      if #parts == 100 then
        stream:write(table.concat(parts))
      end
    end)
    for _, slot in ipairs(ask_many(server, 100)) do
      assert_good(client.results[slot])
    end
    assert.equal(1, server.connections)
  end)

  it("are each server's own", function()
    local one, other = serve(good), serve(good)
    assert_good(client:ask(one, "a.test", TCP))
    assert_good(client:ask(other, "a.test", TCP))
    assert.same({ 1, 1 }, { one.connections, other.connections })
  end)

  it(
    "are closed after five seconds without questions [RFC 7766 6.2.3: idle connections]",
    function()
      local ended = false
      local server = serve {
        on_connect = function(stream)
          stream:read_start(function(_, bytes)
            if not bytes then
              ended = true
            elseif #bytes > 2 then
              local packet = good(bytes:sub(3))
              stream:write(reply.u16(#packet) .. packet)
            end
          end)
        end,
      }
      assert_good(client:ask(server, "a.test", TCP))
      local _, deadline = client.upstream:step(clock, {})
      assert.equal(clock + IDLE, deadline)
      clock = clock + IDLE - 1
      client.upstream:step(clock, {})
      assert_good(client:ask(server, "b.test", TCP))
      _, deadline = client.upstream:step(clock, {})
      assert.equal(clock + IDLE, deadline)
      clock = clock + IDLE
      _, deadline = client.upstream:step(clock, {})
      assert.is_nil(deadline)
      assert.is_true(client:run(function()
        return ended
      end, 1000))
      assert_good(client:ask(server, "c.test", TCP))
      assert.equal(2, server.connections)
    end
  )

  it("may be closed by the server when they are idle", function()
    local streams = {}
    local server = serve(function(query, stream)
      streams[#streams + 1] = stream
      return good(query)
    end)
    assert_good(client:ask(server, "a.test", TCP))
    streams[1]:close()
    client:run(function()
      return false
    end, 20)
    assert_good(client:ask(server, "b.test", TCP))
    assert.equal(2, server.connections)
    assert.equal(0, client.upstream:stats().failed)
  end)

  it("may be closed by the server as a question is on its way", function()
    local count = 0
    local server = serve {
      on_bytes = dns_server.framed(function(query, stream)
        count = count + 1
        if count == 2 then
          stream:close()
          return nil
        end
        return good(query)
      end),
    }
    assert_good(client:ask(server, "a.test", TCP))
    assert_good(client:ask(server, "b.test", TCP))
    assert.equal(2, server.connections)
    assert.equal(3, count)
  end)

  it("that are closed midway have their questions asked again, each on one of its own", function()
    local first
    local server = serve(function(query, stream)
      first = first or stream
      if stream ~= first then
        return good(query)
      end
      dns_server.after(1, function()
        if not stream:is_closing() then
          stream:close()
        end
      end)
      return query:find("n1\4test", 13, true) and good(query) or nil
    end)
    for _, slot in ipairs(ask_many(server, 20)) do
      assert_good(client.results[slot])
    end
    assert.equal(1 + 19, server.connections)
  end)

  it("that answer once and are closed serve everybody", function()
    local server = serve {
      on_bytes = function(bytes, stream)
        if #bytes > 2 and not stream:is_closing() then
          local packet = good(bytes:sub(3, 2 + reply.read_u16(bytes, 1)))
          stream:write(reply.u16(#packet) .. packet)
          stream:shutdown(function()
            if not stream:is_closing() then
              stream:close()
            end
          end)
        end
      end,
    }
    for _, slot in ipairs(ask_many(server, 40)) do
      assert_good(client.results[slot])
    end
  end)

  it("that left a question without an answer get no other one", function()
    local is_deaf = true
    local server = serve(function(query)
      return not is_deaf and good(query) or nil
    end)
    local slot = assert(client:start(server, "a.test", TCP))
    client:run(function()
      return server.connections == 1
    end, 1000)
    clock = clock + 2000
    client.upstream:step(clock, {})
    is_deaf = false
    assert_good(client:ask(server, "b.test", TCP))
    assert.equal(2, server.connections)
    assert.is_nil(client.results[slot])
  end)

  it("go on when a question of theirs is cancelled", function()
    local held = {}
    local server = serve(function(query, stream)
      held[#held + 1] = { query, stream }
    end)
    local cancelled = assert(client:start(server, "a.test", TCP))
    local kept = assert(client:start(server, "b.test", TCP))
    assert.is_true(client:run(function()
      return #held == 2
    end, 1000))
    client.upstream:cancel(cancelled)
    for _, one in ipairs(held) do
      local packet = good(one[1])
      one[2]:write(reply.u16(#packet) .. packet)
    end
    assert.is_true(client:run(function()
      return client.results[kept] ~= nil
    end, 1000))
    assert_good(client.results[kept])
    assert.equal(1, client.upstream:stats().ignored)
  end)

  it("make room for others when they are idle", function()
    local many = {}
    for i = 1, 140 do
      many[i] = serve(good)
      assert_good(client:ask(many[i], "a.test", TCP))
      clock = clock + 1
      client.upstream:step(clock, {})
    end
    assert_good(client:ask(many[140], "b.test", TCP))
    assert_good(client:ask(many[1], "b.test", TCP))
    assert.same({ 1, 2 }, { many[140].connections, many[1].connections })
  end)

  it("from an address that this machine has left are not used", function()
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
      for _, address in ipairs { "10.9.9.9", "10.0.0.1", "10.0.0.2" } do
        assert(os.execute("ip addr add " .. address .. "/32 dev lo") == 0)
      end
      local server = dns_server.tcp(0, {
        on_bytes = dns_server.framed(function(query)
          return reply.to(query, { address = "192.0.2.1" })
        end),
      }, "10.9.9.9")
      local client = dns_server.client()
      for _, address in ipairs { "10.0.0.1", "10.0.0.1", "10.0.0.2", "10.0.0.2" } do
        own(address)
        assert(client:ask(server, "www.example.com", { flags = 1 }).status == 0)
        io.write(server.connections, " ")
      end
      server:close()
      client:close()
    ]])
    assert.equal("1 1 2 2 ", out)
  end)
end)
