-- Every call of the system that the core makes fails once, each in its turn: what was under way
-- may end in an error, the next one works, and no descriptor is left behind or closed twice.

local faults = require("support.faults")

local PRELUDE = [==[
  local core = require "mlxresolve.core"
  local dns_client = require "support.dns_client"
  local front_rig = require "support.front"
  local http = require "mlxresolve.http"
  local uv = require "luv"

  local FAULTS = {
    "malloc ENOMEM", "socket EMFILE", "bind EPERM", "connect ENETDOWN", "listen ENOBUFS",
    "accept4 EMFILE", "accept4 ECONNABORTED", "setsockopt ENOBUFS", "getsockname ENOBUFS",
    "send ENOBUFS", "send EPIPE", "sendto ENOBUFS", "sendmsg ENOBUFS", "sendmmsg EPERM",
    "recv ECONNRESET", "recvmsg ENOMEM", "recvmsg ENOBUFS", "recvmmsg ENOMEM", "recvmmsg EINTR",
    "epoll_create1 EMFILE", "epoll_ctl ENOSPC", "epoll_wait EINTR", "epoll_wait ENOMEM",
    "eventfd EMFILE", "pthread_create EAGAIN",
  }
  local CALLS_MAX, LOST, PATIENCE = 80, 0.1, 10 -- seconds

  local function count_descriptors()
    collectgarbage()
    collectgarbage()
    local n, scan = 0, uv.fs_scandir("/proc/self/fd")
    while uv.fs_scandir_next(scan) do
      n = n + 1
    end
    return n
  end

  --- `scenario(seconds)` raises when it did not work, and closes what it opened.
  local function survive(scenario)
    scenario(PATIENCE)
    uv.sleep(100)
    uv.run("nowait")
    local before, total = count_descriptors(), 0
    for _, fault in ipairs(FAULTS) do
      local name, code = fault:match("(%S+) (%S+)")
      for n = 1, CALLS_MAX do
        fail(name, code, n)
        local ok, problem = pcall(scenario, LOST)
        if fail() == 0 then
          break
        end
        total = total + 1
        local where = ("%s %d (%s %s)"):format(fault, n, tostring(ok), tostring(problem))
        local worked, why = pcall(scenario, PATIENCE)
        assert(worked, ("after %s: %s"):format(where, tostring(why)))
        local now
        dns_client.wait(function() -- other threads close their ends when they notice
          now = count_descriptors()
          return now == before
        end)
        assert(now == before, ("%s: %d descriptors, then %d"):format(where, before, now))
      end
    end
    assert(total > 0, "nothing failed")
  end

  --- Runs `fn` with an object and closes it.
  local function with(object, fn)
    local ok, problem = pcall(fn, object)
    object:close()
    assert(ok, problem)
  end
]==]

local SCENARIOS = {
  ["the cache"] = [[
    survive(function()
      local cache = assert(core.cache.new { size = 262144 })
      assert(cache:put(core.answer.build("a.test.", "A", { "192.0.2.1" }, 60), 1000))
      assert(cache:get("a.test.", 1, 1000))
      assert(#cache:list(1000) == 1)
      assert(cache:flush(1000) == 1)
    end)
  ]],
  ["the DNS listener"] = [[
    local mt = getmetatable(front_rig.open())
    survive(function(seconds)
      local cache = assert(core.cache.new { size = 262144 })
      local listen = { "127.0.0.1:0", "[::1]:0", "0.0.0.0:0" }
      with(assert(core.front.open({ listen = listen, threads = 2 }, cache)), function(front)
        local rig = setmetatable({
          cache = cache, front = front, batch = {}, pending = {},
          endpoint = front:addresses()[1],
          answer = function() return { "192.0.2.5" } end,
        }, mt)
        rig:put("hit.test.", "A", { "192.0.2.2" })
        assert(rig:ask(front_rig.query("hit.test."), seconds), "a hit")
        assert(rig:ask(front_rig.query("miss.test."), seconds), "a miss")
        with(dns_client.tcp(rig.endpoint), function(stream)
          stream:ask(front_rig.query("hit.test."))
          assert(stream:receive(seconds), "a hit over TCP")
          stream:ask(front_rig.query("miss.test."))
          assert(stream:receive(seconds, function() rig:work() end), "a miss over TCP")
        end)
      end)
    end)
  ]],
  ["questions to servers"] = [[
    local rig = front_rig.open()
    rig:put("hit.test.", "A", { "192.0.2.2" })
    survive(function(seconds)
      with(assert(core.upstream.open { max_pending = 64 }), function(upstream)
        local server = assert(upstream:server(rig.endpoint))
        for tcp = 0, 1 do
          local batch, answer = {}, nil
          assert(upstream:ask(server, "hit.test.", 1, seconds * 1000, core.now(), tcp))
          upstream:flush(core.now())
          dns_client.wait(function()
            local items = assert(upstream:step(core.now(), batch))
            answer = items > 0 and batch[3]
            return items > 0
          end, seconds + 0.1)
          assert(answer, "no answer")
        end
      end)
    end)
  ]],
  ["lookups of the system"] = [[
    survive(function(seconds)
      with(assert(core.native.open()), function(native)
        local now, batch, addresses = core.now(), {}, nil
        assert(native:ask("127.0.0.1", 0, now + seconds * 1000, now))
        dns_client.wait(function()
          local items = assert(native:step(core.now(), batch))
          addresses = items > 0 and batch[2]
          return items > 0
        end, seconds + 0.1)
        assert(addresses, "no addresses")
      end)
    end)
  ]],
  ["the view of interfaces"] = [[
    survive(function()
      with(assert(core.netif.open()), function(netif)
        assert(#netif:interfaces() > 0)
        assert(netif:neighbours())
        assert(netif:step(core.now(), {}))
      end)
    end)
  ]],
  ["datagrams"] = [[
    survive(function(seconds)
      for _, address in ipairs { "127.0.0.1:0", "[::1]:0" } do
        with(assert(core.udp.open { bind = address, multicast = true }), function(udp)
          assert(udp:send("hello", assert(udp:address())))
          assert(dns_client.wait(function()
            return assert(udp:step(core.now(), {})) > 0
          end, seconds), "no datagram")
        end)
      end
    end)
  ]],
  ["the control socket"] = [[
    survive(function(seconds)
      local path = os.getenv("FOLDER") .. "/socket"
      with(assert(http.open { path = path }), function(server)
        with(uv.new_pipe(false), function(pipe)
          local got, is_over, batch = "", false, {}
          pipe:connect(path, function(problem)
            if problem then
              is_over = true
              return
            end
            pipe:read_start(function(_, data)
              got, is_over = got .. (data or ""), not data
            end)
            pipe:write("POST /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
              .. "Content-Length: 3\r\n\r\nabc")
          end)
          dns_client.wait(function()
            local items = server:step(core.now(), batch)
            for i = 1, items * 5, 5 do
              server:reply(batch[i], 200, "text/plain", "fine")
            end
            return is_over
          end, seconds)
          assert(got:find("fine", 1, true), "no reply")
        end)
        uv.run("nowait")
      end)
    end)
  ]],
}

describe("A call of the system that fails", function()
  for name, code in pairs(SCENARIOS) do
    it("costs no more than what was under way: " .. name, function()
      if faults.missing() then
        return pending(faults.missing())
      end
      faults.check(PRELUDE .. code)
    end)
  end
end)
