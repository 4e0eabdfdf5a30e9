local faults = require("support.faults")
local shell = require("support.shell")
local uv = require("luv")
local http = require("mlxresolve.http")

local PATIENCE = 5000 -- ms; only a failing spec waits that long

describe("core.http", function()
  local folder, server, poll, requests, clients

  before_each(function()
    folder = shell.temp_folder()
    requests, clients = {}, {}
  end)

  local function stop_server()
    if poll then
      poll:close()
      poll = nil
    end
    if server then
      server:close()
      server = nil
    end
  end

  after_each(function()
    for _, client in ipairs(clients) do
      client:close()
    end
    stop_server()
    uv.run("default")
    shell.remove_folder(folder)
  end)

  local function run_until(is_done)
    local guard, is_late = uv.new_timer(), false
    -- the loop's clock stands still while no spec runs it
    uv.update_time()
    guard:start(PATIENCE, 0, function()
      is_late = true
    end)
    while not is_done() and not is_late do
      uv.run("once")
    end
    guard:close()
    assert.is_false(is_late, "nothing came within 5 s")
  end

  --- Opens the server; requests are kept, and answered by `handler` when there is one.
  local function serve(options, handler)
    server = assert(http.open(options))
    local batch = {}
    poll = uv.new_poll(server:fd())
    poll:start("r", function()
      for i = 0, server:step(0, batch) - 1 do
        local slot, method, path, query, body = unpack(batch, i * 5 + 1, i * 5 + 5)
        local request = { slot = slot, method = method, path = path, query = query, body = body }
        requests[#requests + 1] = request
        if handler then
          handler(request)
        end
      end
    end)
    return server
  end

  local function echo(request)
    server:reply(request.slot, 200, "text/plain", request.method .. " " .. request.path)
  end

  --- Connects and sends; `client.text` grows, `client.is_ended` tells the end.
  local function send(path, text)
    local client = { text = "", is_ended = false }
    local pipe = uv.new_pipe(false)
    clients[#clients + 1] = pipe
    pipe:connect(path, function(failure)
      client.failure = failure
      client.is_ended = failure ~= nil
      if failure then
        return
      end
      client.is_connected = true
      pipe:write(text)
      pipe:read_start(function(_, data)
        client.text = client.text .. (data or "")
        client.is_ended = client.is_ended or data == nil
      end)
    end)
    return client
  end

  local function ask(path, text)
    local client = send(path, text)
    run_until(function()
      return client.is_ended
    end)
    return client.text
  end

  local function get(target)
    return "GET " .. target .. " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
  end

  local function post(target, body)
    local head = "POST %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
    return head:format(target, #body) .. body
  end

  local function body_of(text)
    return text:match("\r\n\r\n(.*)$")
  end

  it("hands over method, path, query and body, and carries the reply", function()
    local path = folder .. "/s"
    serve({ path = path }, function(request)
      server:reply(request.slot, 201, "text/x-test", "a\0b")
    end)
    local text = ask(path, post("/v1/a%20b?name=x%2Ey&n=1", '{"k":1}'))
    assert.are.same({
      slot = requests[1].slot,
      method = "POST",
      path = "/v1/a b",
      query = "name=x%2Ey&n=1",
      body = '{"k":1}',
    }, requests[1])
    assert.is_truthy(text:find("^HTTP/1.1 201 "))
    assert.is_truthy(text:find("Content-Type: text/x-test\r\n", 1, true))
    assert.are.equal("a\0b", body_of(text))
  end)

  it("serves many requests over one connection", function()
    local path = folder .. "/s"
    serve({ path = path }, echo)
    local keep = "GET /1 HTTP/1.1\r\nHost: x\r\n\r\n"
    local text = ask(path, keep .. keep:gsub("/1 ", "/2 ") .. get("/3"))
    local found = {}
    for reply in text:gmatch("GET /%d") do
      found[#found + 1] = reply
    end
    assert.are.same({ "GET /1", "GET /2", "GET /3" }, found)
  end)

  it("keeps slow requests apart", function()
    local path = folder .. "/s"
    serve { path = path }
    local first, second = send(path, get("/1")), send(path, get("/2"))
    run_until(function()
      return #requests == 2
    end)
    for i = 2, 1, -1 do
      echo(requests[i])
    end
    run_until(function()
      return first.is_ended and second.is_ended
    end)
    assert.are.equal("GET /1", body_of(first.text))
    assert.are.equal("GET /2", body_of(second.text))
  end)

  it("ignores replies to slots that it does not know", function()
    local path = folder .. "/s"
    serve({ path = path }, function(request)
      server:reply(request.slot + 1, 200, "text/plain", "wrong")
      server:reply(request.slot, 200, "text/plain", "right")
      server:reply(request.slot, 200, "text/plain", "again")
    end)
    assert.are.equal("right", body_of(ask(path, get("/"))))
    assert.are.equal("right", body_of(ask(path, get("/"))))
  end)

  it("refuses a body above the limit, announced or not", function()
    local path = folder .. "/s"
    serve({ path = path, max_body = 10 }, echo)
    assert.are.equal("POST /", body_of(ask(path, post("/", ("x"):rep(10)))))
    local large = ask(path, post("/", ("x"):rep(11)))
    assert.is_truthy(large:find("^HTTP/1.1 413 "))
    local chunked = "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
      .. "Transfer-Encoding: chunked\r\n\r\n"
      .. "8\r\nxxxxxxxx\r\n8\r\nxxxxxxxx\r\n0\r\n\r\n"
    assert.is_truthy(ask(path, chunked):find("^HTTP/1.1 413 "))
    assert.are.equal(1, #requests)
  end)

  it("takes a body that comes byte by byte", function()
    local path = folder .. "/s"
    serve({ path = path }, echo)
    local text, pipe, reply = post("/", "hello"), uv.new_pipe(false), ""
    clients[1] = pipe
    pipe:connect(path, function()
      for i = 1, #text do
        pipe:write(text:sub(i, i))
      end
      pipe:read_start(function(_, data)
        reply = data and reply .. data or reply
      end)
    end)
    run_until(function()
      return reply:find("POST /", 1, true)
    end)
    assert.are.equal("hello", requests[1].body)
  end)

  it("survives what is no HTTP", function()
    local path = folder .. "/s"
    serve({ path = path }, echo)
    for _, text in ipairs {
      "\r\n\r\n\r\n",
      "GET\r\n\r\n",
      "GET / HTTP/9.9\r\n\r\n",
      ("\255"):rep(40000),
      "GET /" .. ("a"):rep(40000) .. " HTTP/1.1\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
    } do
      local client = send(path, text)
      run_until(function()
        return client.is_connected
      end)
    end
    assert.are.equal("GET /alive", body_of(ask(path, get("/alive"))))
  end)

  it("lets clients leave before their reply", function()
    local path = folder .. "/s"
    serve { path = path }
    for i = 1, 5 do
      local pipe = uv.new_pipe(false)
      pipe:connect(path, function()
        pipe:write(get("/gone"))
      end)
      run_until(function()
        return #requests == i
      end)
      pipe:close()
    end
    for _, request in ipairs(requests) do
      echo(request)
    end
    local client = send(path, get("/stayed"))
    run_until(function()
      return #requests == 6
    end)
    echo(requests[6])
    run_until(function()
      return client.is_ended
    end)
    assert.are.equal("GET /stayed", body_of(client.text))
  end)

  it("kept connections whose clients had left in the middle of a request", function()
    serve({ address = "127.0.0.1:0", max_connections = 2 }, echo)
    local host, port = server:address():match("^(.*):(%d+)$")
    local text = ""
    local function connect(written, then_do)
      local tcp = uv.new_tcp()
      tcp:connect(host, tonumber(port), function()
        tcp:write(written, function()
          then_do(tcp)
        end)
      end)
    end
    for i = 1, 4 do
      local closed = 0
      connect("GET /gone HTTP/1.1\r\n", function(tcp)
        tcp:close(function()
          closed = i
        end)
      end)
      run_until(function()
        return closed == i
      end)
    end
    connect(get("/alive"), function(tcp)
      clients[1] = tcp
      tcp:read_start(function(_, data)
        text = text .. (data or "")
      end)
    end)
    run_until(function()
      return text:find("/alive", 1, true)
    end)
    assert.are.equal("GET /alive", body_of(text))
  end)

  it("tells those who wait that it closes, and removes its file", function()
    local path = folder .. "/s"
    serve { path = path }
    local client = send(path, get("/"))
    run_until(function()
      return #requests == 1
    end)
    stop_server()
    run_until(function()
      return client.is_ended
    end)
    assert.is_truthy(client.text:find("^HTTP/1.1 503 "))
    assert.is_nil(uv.fs_stat(path))
  end)

  it("makes a socket for its owner only", function()
    local path = folder .. "/s"
    serve { path = path }
    assert.are.equal(tonumber("600", 8), uv.fs_stat(path).mode % 512)
  end)

  it("replaces a stale socket", function()
    local path = folder .. "/s"
    local code = ([[local uv = require "luv"
      local pipe = uv.new_pipe(false)
      assert(pipe:bind(%q) and pipe:listen(1, print))
      uv.kill(uv.os_getpid(), "sigkill")]]):format(path)
    os.execute("luajit -e " .. shell.quote(code) .. " 2>/dev/null")
    assert.is_truthy(uv.fs_stat(path), "no stale socket was left to replace")
    serve({ path = path }, echo)
    assert.are.equal("GET /", body_of(ask(path, get("/"))))
  end)

  it("leaves a live socket alone", function()
    local path = folder .. "/s"
    serve({ path = path }, echo)
    local other, message, code = http.open { path = path }
    assert.is_nil(other)
    assert.are.equal("EADDRINUSE", code)
    assert.is_truthy(message:find(path, 1, true))
    assert.are.equal("GET /", body_of(ask(path, get("/"))))
  end)

  it("never removes what is no socket", function()
    local path = folder .. "/file"
    shell.write(path, "precious")
    local other, _, code = http.open { path = path }
    assert.is_nil(other)
    assert.are.equal("EEXIST", code)
    assert.are.equal("precious", shell.read(path))
  end)

  it("leaves the file of its successor when it closes", function()
    local path = folder .. "/s"
    local first = assert(http.open { path = path })
    os.remove(path)
    serve({ path = path }, echo)
    first:close()
    assert.are.equal("GET /", body_of(ask(path, get("/"))))
  end)

  it("says why a path cannot be had", function()
    local _, _, long = http.open { path = "/" .. ("a"):rep(200) }
    assert.are.equal("ENAMETOOLONG", long)
    local _, _, absent = http.open { path = folder .. "/no/such/folder" }
    assert.are.equal("ENOENT", absent)
  end)

  it("raises on misuse", function()
    assert.has_error(function()
      http.open {}
    end)
    assert.has_error(function()
      http.open { path = 1 }
    end)
    serve { path = folder .. "/s" }
    assert.has_error(function()
      server:reply(1, 99, "text/plain", "")
    end)
    poll:close()
    poll = nil
    server:close()
    server:close()
    assert.has_error(function()
      server:fd()
    end)
  end)

  it("tells its address", function()
    local path = folder .. "/s"
    assert.are.equal(path, serve({ path = path }):address())
    stop_server()
    serve({ address = "127.0.0.1:0" }, echo)
    local port = server:address():match("^127%.0%.0%.1:(%d+)$")
    assert.is_truthy(tonumber(port) > 0)
    local tcp, reply = uv.new_tcp(), ""
    clients[1] = tcp
    tcp:connect("127.0.0.1", tonumber(port), function()
      tcp:write(get("/tcp"))
      tcp:read_start(function(_, data)
        reply = reply .. (data or "")
      end)
    end)
    run_until(function()
      return reply:find("GET /tcp", 1, true)
    end)
  end)

  it("takes no more connections than allowed", function()
    local path = folder .. "/s"
    serve { path = path, max_connections = 2 }
    local held = {}
    for i = 1, 3 do
      held[i] = send(path, get("/"))
    end
    run_until(function()
      return #requests == 2 and held[3].is_connected
    end)
    assert.is_false(held[3].is_ended)
    echo(requests[1])
    run_until(function()
      return #requests == 3 or held[3].is_ended
    end)
  end)

  it("refuses other users even where the file's mode lets them in", function()
    if uv.getuid() ~= 0 then
      return pending("needs root, to be somebody else")
    end
    local path = folder .. "/s"
    serve({ path = path }, echo)
    assert(uv.fs_chmod(folder, tonumber("755", 8)))
    assert(uv.fs_chmod(path, tonumber("666", 8)))
    local code = ([[local uv = require "luv"
      local pipe = uv.new_pipe(false)
      pipe:connect(%q, function(failure)
        assert(not failure, failure)
        pipe:write("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        pipe:read_start(function(_, data)
          if data then io.write(data) else pipe:close() end
        end)
      end)
      uv.run()]]):format(path)
    local out, text, is_over = uv.new_pipe(false), "", false
    local child = uv.spawn("luajit", {
      args = { "-e", code },
      stdio = { nil, out, 2 },
      uid = 65534,
      gid = 65534,
    }, function()
      is_over = true
    end)
    out:read_start(function(_, data)
      text = text .. (data or "")
    end)
    run_until(function()
      return is_over and text ~= ""
    end)
    child:close()
    out:close()
    assert.is_truthy(text:find("^HTTP/1.1 403 "), text)
    assert.are.same({}, requests)
  end)

  describe("as a stream", function()
    local path

    before_each(function()
      path = folder .. "/s"
    end)

    --- A server that begins a stream for every request; the client of "GET /", once it has begun.
    local function begin(options)
      options = options or {}
      options.path = path
      serve(options, function(request)
        if request.method then
          assert(server:stream(request.slot, 200, "application/x-ndjson"))
        end
      end)
      local client = send(path, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
      run_until(function()
        return client.text:find("\r\n\r\n", 1, true)
      end)
      return client, requests[1].slot
    end

    --- The data of the chunks, and whether the last one has come.
    local function chunks(text)
      local data, rest = {}, body_of(text)
      while true do
        local size, after = rest:match("^(%x+)\r\n()")
        if not size then
          return table.concat(data), false
        elseif tonumber(size, 16) == 0 then
          return table.concat(data), rest:sub(after) == "\r\n"
        end
        data[#data + 1] = rest:sub(after, after + tonumber(size, 16) - 1)
        rest = rest:sub(after + tonumber(size, 16) + 2)
      end
    end

    local function has(client, wanted)
      run_until(function()
        return chunks(client.text) == wanted
      end)
    end

    it("sends the head at once, and what is written when it is written", function()
      local client, slot = begin()
      assert.is_truthy(client.text:find("^HTTP/1.1 200 "))
      assert.is_truthy(client.text:find("Transfer-Encoding: chunked", 1, true))
      assert.is_truthy(client.text:find("Content-Type: application/x-ndjson", 1, true))
      assert.is_true(server:write(slot, "one\n"))
      has(client, "one\n")
      assert.is_true(server:write(slot, "two\n"))
      assert.is_true(server:write(slot, "three\n"))
      has(client, "one\ntwo\nthree\n")
      assert.is_false(select(2, chunks(client.text)))
    end)

    it("ends after what was written", function()
      local client, slot = begin()
      server:write(slot, ("x"):rep(20000))
      server:finish(slot)
      run_until(function()
        return select(2, chunks(client.text))
      end)
      assert.equal(("x"):rep(20000), (chunks(client.text)))
      local _, _, code = server:write(slot, "late")
      assert.equal("EPIPE", code)
    end)

    it("tells when its client has left, at the next write", function()
      local _, slot = begin()
      clients[1]:close()
      table.remove(clients, 1)
      server:write(slot, "\n")
      run_until(function()
        return #requests == 2
      end)
      assert.is_false(requests[2].method)
      assert.equal(slot, requests[2].slot)
      local _, _, code = server:write(slot, "late")
      assert.equal("EPIPE", code)
    end)

    it("keeps no more than allowed for a client that does not read", function()
      local client, slot = begin { max_stream = 10000 }
      clients[1]:read_stop()
      local written, code = 0, nil
      for _ = 1, 1000 do
        local ok, _, problem = server:write(slot, ("x"):rep(1000))
        code = problem
        if not ok then
          break
        end
        written = written + 1000
      end
      assert.equal("ENOBUFS", code)
      -- what the kernel took on the way is beyond our limit, and has one of its own
      assert.is_true(written >= 10000 and written < 900000, written)
      server:drop(slot)
      clients[1]:read_start(function(_, data)
        client.is_ended = client.is_ended or data == nil
      end)
      run_until(function()
        return client.is_ended
      end)
      assert.equal(1, #requests)
    end)

    it("frees the slots of those that are dropped", function()
      local _, slot = begin { max_connections = 2 }
      for i = 2, 6 do
        server:drop(slot)
        server:drop(slot)
        local next_one = send(path, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        run_until(function()
          return next_one.text:find("^HTTP/1.1 200 ")
        end)
        local _, _, code = server:write(slot, "late")
        assert.equal("EPIPE", code)
        slot = requests[i].slot
      end
      assert.equal(6, #requests)
    end)

    it("ends in good order when the server closes", function()
      local client, slot = begin()
      server:write(slot, "last\n")
      stop_server()
      run_until(function()
        return client.is_ended
      end)
      local data, is_over = chunks(client.text)
      assert.equal("last\n", data)
      assert.is_true(is_over)
    end)

    it("cannot begin where nobody waits", function()
      serve { path = path }
      local _, _, code = server:stream(7, 200, "text/plain")
      assert.equal("ENOENT", code)
      _, _, code = server:write(7, "x")
      assert.equal("EPIPE", code)
      server:finish(7)
      server:drop(7)
    end)

    it("serves others meanwhile", function()
      begin()
      local other = send(path, "GET /other HTTP/1.1\r\nHost: x\r\n\r\n")
      run_until(function()
        return #requests == 2 and other.text ~= ""
      end)
      server:write(requests[2].slot, "hello")
      has(other, "hello")
    end)
  end)

  it("closes no descriptor twice when its thread cannot start, and says why", function()
    if faults.missing() then
      return pending(faults.missing())
    end
    local out = faults.check([[
      local http = require "mlxresolve.http"
      for _, name in ipairs { "pthread_create", "eventfd" } do
        fail(name, "EMFILE", 1)
        print(select(3, http.open { address = "127.0.0.1:0" }))
      end
    ]])
    assert.equal(("EMFILE\n"):rep(2), out)
  end)
end)
