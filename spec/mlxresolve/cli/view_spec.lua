local fake_cli = require("support.fake_cli")
local view = require("mlxresolve.cli.view")

local function answer()
  return {
    name = "mini2.local.",
    type = "A+AAAA",
    status = "answer",
    addresses = {
      { address = "192.0.2.15", family = "ipv4", interface = "en0", ttl = 75, strategy = "mdns" },
      { address = "2001:db8::15", family = "ipv6", interface = false, ttl = 60, strategy = "dns" },
    },
    records = {},
    ms = 1.26,
    cached = false,
    stale = false,
    trace = {
      { type = "A", strategy = "hosts", result = "pass", ms = 0.1, detail = false },
      { type = "A", strategy = "scan", result = "skipped", ms = 0, detail = "zones" },
      {
        type = "AAAA",
        strategy = "mdns",
        result = "answer",
        ms = 212.4,
        detail = "192.0.2.15 on en0",
      },
    },
  }
end

local function show(result, options, wants_trace)
  local cli = fake_cli.new(options)
  view.show(cli.out, result, wants_trace or false)
  return cli.shown
end

describe("mlxresolve.cli.view", function()
  it("shows a complete line for each address in a pipe", function()
    assert.are.equal(
      "mini2.local  192.0.2.15    en0  mdns  1.3ms  75s\n"
        .. "mini2.local  2001:db8::15  -    dns   1.3ms  60s\n",
      show(answer()).stdout
    )
  end)

  it("shows a table on a terminal", function()
    local text = show(answer(), { is_terminal = true, env = { NO_COLOR = "1" } }).stdout
    assert.are.equal(
      "NAME         ADDRESS       INTERFACE  STRATEGY  TIME    TTL\n"
        .. "mini2.local  192.0.2.15    en0        mdns      1.3 ms  75 s\n"
        .. "             2001:db8::15  -          dns               60 s\n",
      text
    )
  end)

  it("marks what came from the cache, or is stale", function()
    local result = answer()
    result.cached = true
    assert.is_truthy(show(result).stdout:find("1.3ms  75s  cached\n", 1, true))
    result.stale = true
    assert.is_truthy(show(result).stdout:find("1.3ms  75s  stale\n", 1, true))
    result.suspect = true
    assert.is_truthy(show(result).stdout:find("1.3ms  75s  stale, suspect\n", 1, true))
    result.stale, result.cached = false, false
    assert.is_truthy(show(result).stdout:find("1.3ms  75s  suspect\n", 1, true))
  end)

  it("shows records of other types with their data", function()
    local result = answer()
    result.type, result.addresses = "SRV", {}
    result.records = { { name = "_a._tcp.x.", type = "SRV", ttl = 9, data = "0 0 80 b.x." } }
    assert.are.equal("_a._tcp.x  SRV  0 0 80 b.x.  1.3ms  9s\n", show(result).stdout)
  end)

  it("shows every try as a tree on a terminal", function()
    local text = show(answer(), { is_terminal = true, env = { NO_COLOR = "1" } }, true).stdout
    assert.is_truthy(
      text:find(
        "├─ A     hosts  pass     0.1 ms\n"
          .. "├─ A     scan   skipped       -  zones\n"
          .. "└─ AAAA  mdns   answer   212 ms  192.0.2.15 on en0\n",
        1,
        true
      ),
      text
    )
  end)

  it("shows every try as indented lines in a pipe", function()
    local text = show(answer(), {}, true).stdout
    assert.is_truthy(text:find("\n  A     hosts  pass     0.1ms\n", 1, true), text)
  end)

  it("shows a try whole of which no strategy is known, such as a failure of before", function()
    local result = answer()
    result.trace = {
      { type = "A", strategy = false, result = "failed", ms = 0, detail = "not long ago: x" },
    }
    local text = show(result, {}, true).stdout
    assert.is_truthy(text:find("\n  A  -  failed  0.0ms  not long ago: x\n", 1, true), text)
  end)

  it("tells on stderr what was not found, and how to learn more", function()
    local result = answer()
    result.status, result.addresses = "nxdomain", {}
    local shown = show(result)
    assert.are.equal("", shown.stdout)
    assert.are.equal(
      "mlxresolve: mini2.local: no such name  (--trace shows every try)\n",
      shown.stderr
    )
    assert.are.equal("mlxresolve: mini2.local: no such name\n", show(result, {}, true).stderr)
  end)

  it("says each kind of failure in words of its own", function()
    local result = answer()
    local said = {}
    for _, status in ipairs { "nxdomain", "nodata", "timeout", "error" } do
      result.status = status
      said[view.failure(result)] = true
    end
    local count = 0
    for text in pairs(said) do
      assert.is_truthy(text:find("mini2.local", 1, true))
      count = count + 1
    end
    assert.are.equal(4, count)
    result.status = "nodata"
    assert.is_truthy(view.failure(result):find("no A or AAAA record", 1, true))
  end)

  it("prints one JSON object, whatever the outcome", function()
    local result = answer()
    result.status = "timeout"
    local shown = show(result, { is_json = true })
    assert.is_truthy(shown.stdout:find('^{"name":"mini2.local.".*"status":"timeout".*}\n$'))
    assert.are.equal("", shown.stderr)
  end)
end)
