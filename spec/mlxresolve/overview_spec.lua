local json = require("mlxresolve.json")
local overview = require("mlxresolve.overview")
local traces = require("mlxresolve.trace")

local function step(name)
  return {
    label = name,
    instance = {
      status = function()
        return { name = name, tries = 1 }
      end,
    },
  }
end

local function resolver()
  local history = {}
  for i = 1, 3 do
    local trace = traces.new()
    trace:add("hosts", "pass", i, 0.5, false)
    history[i] = { name = i .. ".", type = "A", status = "answer", ms = i, trace = trace }
  end
  return {
    generation = 2,
    front = false,
    chain = {
      steps = { step("hosts"), { label = "race", members = { step("mdns"), step("native") } } },
      reactions = { step("flush").instance },
    },
    cache = {
      stats = function()
        return { entries = 0 }
      end,
    },
    flights = { count = 1, started = 5, joined = 4, history = history, next_history = 2 },
    watches = {
      list = function()
        return { { name = "a.test.", watchers = 1, addresses = 1, suspect = 0 } }
      end,
    },
    health = {
      list = function()
        local entry = { name = "a.test.", address = "192.0.2.1", state = "suspect" }
        entry.reason, entry.since = "failure", 1000
        return { entry }
      end,
    },
    in_use = { count = 3 },
    mdns_engine = {
      published = function()
        return { { name = "here.local.", wanted = false, links = {} } }
      end,
    },
    world = {
      now = function()
        return 4500
      end,
      interfaces = function()
        local addresses = { { address = "192.0.2.1", prefix = 24 } }
        return { { name = "en0", index = 2, kind = "wifi", up = true, addresses = addresses } }
      end,
    },
  }
end

describe("mlxresolve.overview", function()
  it("lists strategies in the order of asking, members of a race among them", function()
    local list = overview.status(resolver()).strategies
    local names = {}
    for i, entry in ipairs(list) do
      names[i] = entry.name .. (entry.race and "@" .. entry.race or "")
    end
    assert.are.same({ "hosts", "mdns@race", "native@race" }, names)
  end)

  it("tells what is watched, in doubt and published", function()
    local found = overview.status(resolver())
    assert.same({ { name = "a.test.", watchers = 1, addresses = 1, suspect = 0 } }, found.watches)
    assert.same({
      {
        name = "a.test.",
        address = "192.0.2.1",
        state = "suspect",
        reason = "failure",
        seconds = 3,
      },
    }, found.health)
    assert.equal("here.local.", found.published[1].name)
    assert.equal(3, found.in_use)
    local bare = resolver()
    bare.mdns_engine = nil
    assert.same({}, overview.status(bare).published)
  end)

  it("can be written as JSON, with a listener and without", function()
    local one = resolver()
    assert.is_truthy(json.encode(overview.status(one)):find('"listen":[]', 1, true))
    one.front = {
      addresses = function()
        return { "127.0.0.1:53" }
      end,
      stats = function()
        return { queries = 3 }
      end,
    }
    local value = json.decode(json.encode(overview.status(one)))
    assert.are.same({ "127.0.0.1:53" }, value.listen)
    assert.are.same({ queries = 3 }, value.dns)
    assert.are.same({ "192.0.2.1/24" }, value.interfaces[1].addresses)
    assert.are.same({ under_way = 1, started = 5, joined = 4 }, value.queries)
  end)

  it("tells the latest queries first, around the ring", function()
    local function names(limit)
      local list = {}
      for i, entry in ipairs(overview.traces(resolver(), limit)) do
        list[i] = entry.name
      end
      return list
    end
    assert.are.same({ "1.", "3.", "2." }, names(100))
    assert.are.same({ "1.", "3." }, names(2))
    local try = overview.traces(resolver(), 1)[1].trace[1]
    assert.are.same({ "hosts", "pass", 0.5 }, { try.strategy, try.result, try.ms })
  end)

  it("has no traces before the first query", function()
    local fresh = resolver()
    fresh.flights.history, fresh.flights.next_history = {}, 1
    assert.are.same({}, overview.traces(fresh, 10))
  end)
end)
