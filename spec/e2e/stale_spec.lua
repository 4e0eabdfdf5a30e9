--- Answers that ran out and failures that are remembered, as dig sees them.

local daemons = require("support.daemon")
local lan = require("support.lan")
local shell = require("support.shell")

-- Fails while the file is there.
local POLICY = [[
  cache = { %s },
  strategies = {
    use {
      name = "moody",
      resolve = function(self, query, ctx)
        if ctx:read_file("%s") then
          return nil, "the line is cut", "ENETDOWN"
        end
        return query:answer({ a = "192.0.2.1" }, 1)
      end,
    },
  }]]

describe("what ran out", function()
  local net, daemon, down

  setup(function()
    net = lan.open { "master" }
    down = net:folder() .. "/down"
  end)
  teardown(function()
    net:close()
  end)
  after_each(function()
    daemon:stop()
    os.remove(down)
  end)

  local function serve(cache)
    daemon = daemons.start(net, "master", POLICY:format(cache, down))
    assert.same({ "192.0.2.1" }, daemon:dig("a.example", "A").answers)
    shell.write(down, "")
    net:exec("master", { "sleep", "1.1" })
  end

  for _, mode in ipairs { "verify", "immediate" } do
    it("is served with its mark while nobody answers: " .. mode, function()
      serve(([[stale = "1h", stale_mode = "%s"]]):format(mode))
      for _ = 1, 3 do
        local reply = daemon:dig("a.example", "A")
        assert.same({ "NOERROR", { "192.0.2.1" }, { 30 } }, {
          reply.status,
          reply.answers,
          reply.ttls,
        })
        assert.matches("^3 %(Stale Answer%)", reply.ede)
      end
      assert.equal(2, daemon:status().strategies[1].tries)
      local _, shown = daemon:query("a.example", "A")
      assert.is_true(shown.stale)
    end)
  end

  it("is not served unless the policy says so, and the failure is remembered", function()
    serve("")
    for _ = 1, 3 do
      local reply = daemon:dig("a.example", "A")
      assert.equal("SERVFAIL", reply.status)
      assert.equal("23 (Network Error): (moody: the line is cut)", reply.ede)
    end
    assert.equal(2, daemon:status().strategies[1].tries)
    os.remove(down)
    net:exec("master", { "sleep", "1.1" })
    assert.same({ "192.0.2.1" }, daemon:dig("a.example", "A").answers)
  end)

  it("is found again at once after a flush", function()
    serve("")
    assert.equal("SERVFAIL", daemon:dig("a.example", "A").status)
    os.remove(down)
    daemon:run("cache", "flush", "a.example", "--control", daemon.control)
    assert.same({ "192.0.2.1" }, daemon:dig("a.example", "A").answers)
  end)
end)
