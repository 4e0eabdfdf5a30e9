local core = require("mlxresolve.core")

local answer = core.answer

local A = 1

local function new(options)
  options.size = options.size or 1024 * 1024
  return assert(core.cache.new(options))
end

local function name(i)
  return ("h%07d.cluster.lan."):format(i)
end

local function put(cache, i, now, note)
  local stored = assert(answer.build(name(i), "A", { "192.0.2.1" }, 3600))
  assert(cache:put(stored, now or 0, note))
end

local function has(cache, i, now)
  return cache:get(name(i), A, now or 0) ~= nil
end

local function count(cache, from, to)
  local found = 0
  for i = from, to do
    found = found + (has(cache, i) and 1 or 0)
  end
  return found
end

--- Numbers from 0 on, the same in every run.
local function random(seed)
  local state = seed
  return function(n)
    state = (state * 1103515245 + 12345) % 2147483648
    return math.floor(state / 65536) % n
  end
end

describe("the cache's memory", function()
  it("is at most 110 bytes for an address record", function()
    local cache, names = new { size = 110 * 50000 }, 50000
    for i = 1, names do
      put(cache, i)
    end
    local stats = cache:stats()
    assert.same({ names, 0 }, { stats.entries, stats.evictions })
    assert.equal(names, count(cache, 1, names))
  end)

  it("is never more than it was given", function()
    for _, size in ipairs { 65536, 100000, 1024 * 1024 } do
      local cache = new { size = size }
      for i = 1, 20000 do
        put(cache, i)
      end
      local stats = cache:stats()
      assert.is_true(stats.capacity <= size)
      assert.is_true(stats.bytes < stats.capacity)
      assert.is_true(stats.bytes > size * 0.6)
      assert.equal(20000, stats.entries + stats.evictions)
    end
  end)

  it("is used up by entries that are smaller than usual", function()
    local cache = new { size = 65536 }
    for i = 1, 5000 do
      assert(cache:put(answer.build(("%x."):format(i), "A", { "192.0.2.1" }, 60), 0))
    end
    assert.is_true(cache:stats().entries > 600)
  end)
end)

describe("eviction", function()
  it("keeps names that are asked for while strangers pass", function()
    local cache = new {}
    for i = 1, 500 do
      put(cache, i)
    end
    for i = 1, 20000 do
      put(cache, 1000000 + i)
      if i % 1000 == 0 then
        assert.is_true(count(cache, 1, 500) > 495)
      end
    end
  end)

  it("lets go of what nobody has asked for since long", function()
    local cache = new {}
    for i = 1, 500 do
      put(cache, i)
      has(cache, i)
    end
    for i = 1, 20000 do
      put(cache, 1000000 + i)
      has(cache, 1000000 + i)
    end
    assert.equal(0, count(cache, 1, 500))
  end)

  it("gives a name that comes back soon a better place", function()
    local cache, full = new {}, 0
    repeat
      full = full + 1
      put(cache, full)
    until cache:stats().evictions > 0
    local lost = 1
    while #cache:list(0, { name = name(lost) }) > 0 do
      lost = lost + 1
    end
    put(cache, lost)
    for i = 1, full do
      put(cache, 1000000 + i)
    end
    assert.is_true(has(cache, lost))
    assert.is_false(has(cache, 1000000 + 1))
  end)

  it("takes what is stale before what is fresh", function()
    local cache = new { stale = 86400 }
    local function put_for(i, ttl)
      assert(cache:put(answer.build(name(i), "A", { "192.0.2.1" }, ttl), 0))
    end
    for i = 1, 1000 do
      put_for(i, i % 2 == 0 and 10 or 3600)
    end
    local passed = 0
    local function pass(many, now)
      local goal = cache:stats().evictions + many
      while cache:stats().evictions < goal do
        passed = passed + 1
        put(cache, 1000000 + passed, now)
        has(cache, 1000000 + passed, now)
      end
    end
    pass(1, 0)
    assert.is_true(count(cache, 1, 1000) > 990)
    pass(800, 60000)
    local stale, fresh = 0, 0
    for i = 1, 1000 do
      if i % 2 == 0 then
        stale = stale + (cache:get(name(i), A, 60000, 0, true) and 1 or 0)
      else
        fresh = fresh + (has(cache, i, 60000) and 1 or 0)
      end
    end
    assert.equal(0, stale)
    assert.is_true(fresh > 490, fresh)
  end)

  it("spares what is pinned", function()
    local cache = new {}
    for i = 1, 100 do
      put(cache, i, 0, { pinned = true })
    end
    for i = 1, 20000 do
      put(cache, 1000000 + i)
      has(cache, 1000000 + i)
    end
    assert.equal(100, count(cache, 1, 100))
  end)

  it("still works when more is pinned than there is room for", function()
    local cache = new { size = 65536 }
    for i = 1, 5000 do
      put(cache, i, 0, { pinned = true })
    end
    put(cache, 9999)
    assert.is_true(has(cache, 9999))
    assert.is_true(cache:stats().evictions > 4000)
  end)

  it("unpins what is put again without a pin", function()
    local cache = new { size = 65536 }
    for _ = 1, 50 do
      for i = 1, 30 do
        put(cache, i, 0, { pinned = true })
        put(cache, i)
      end
    end
    for i = 1, 3000 do
      put(cache, 1000000 + i)
      has(cache, 1000000 + i)
    end
    assert.equal(0, count(cache, 1, 30))
  end)
end)

describe("a cache that has long been full", function()
  local next_random = random(7)

  --- An answer of a size that depends on the name and on how often it was put.
  local function put_any_size(cache, i, round)
    local records = {}
    local many = (i * 7 + round * 3) % 40
    for n = 1, many < 30 and 1 + many % 3 or many < 39 and many or 400 do
      records[n] = ("10.%d.%d.%d"):format(i % 200, n / 256, n % 256)
    end
    assert(cache:put(answer.build(name(i), "A", records, 3600), 0))
    return #records
  end

  --- Popular names are asked for more often; returns the share of hits.
  local function serve(cache, questions, round)
    local hits = 0
    for _ = 1, questions do
      local i = math.floor(4000 * ((next_random(10000) + 1) / 10000) ^ 3)
      local bytes = cache:get(name(i), A, 0)
      if bytes then
        hits = hits + 1
        assert.equal(("10.%d.0.1"):format(i % 200), answer.data(bytes)[1])
      else
        put_any_size(cache, i, round)
      end
    end
    return hits / questions
  end

  -- Where names lie in a cache is another every time; a few popular ones decide on some percent.
  local LUCK = 0.08

  --- Hit ratios of a used cache and of a new one, for the same questions.
  local function compare(used)
    local fresh, ratios = new {}, {}
    for i, cache in ipairs { used, fresh } do
      next_random = random(99)
      serve(cache, 20000, 99)
      ratios[i] = serve(cache, 10000, 99)
    end
    return ratios[1], ratios[2]
  end

  it("hits as often as a new one, whatever the mix of sizes", function()
    local cache = new {}
    for round = 1, 15 do
      serve(cache, 10000, round)
    end
    local used, fresh = compare(cache)
    assert.is_true(fresh > 0.5 and fresh < 0.99, fresh)
    assert.is_true(used > fresh - LUCK, used .. " of " .. fresh)
  end)

  it("hits as often as a new one after many flushes and refreshes with other sizes", function()
    local cache = new {}
    for round = 1, 40 do
      for _ = 1, 1000 do
        put_any_size(cache, next_random(4000), round)
      end
      cache:flush(0, { name = name(next_random(4000)) })
      cache:flush(0, { suffix = name(next_random(4000)) })
    end
    local used, fresh = compare(cache)
    assert.is_true(used > fresh - LUCK, used .. " of " .. fresh)
    assert.is_true(cache:stats().bytes > 0.8 * cache:stats().capacity)
  end)

  it("is as good as new after it was flushed", function()
    local cache = new {}
    for i = 1, 20000 do
      put(cache, i)
    end
    cache:flush(0)
    assert.same({ 0, 0 }, { cache:stats().entries, cache:stats().bytes })
    for i = 1, 5000 do
      put(cache, i)
    end
    assert.equal(5000, count(cache, 1, 5000))
  end)

  it("takes the place of what was flushed one by one", function()
    local cache = new {}
    for i = 1, 9000 do
      put(cache, i, 0, { strategy = i % 2 + 1 })
      has(cache, i)
    end
    local dropped = cache:flush(0, { strategy = 1 })
    assert.is_true(dropped > 4000)
    local before = cache:stats().entries
    for i = 1, 3000 do
      put(cache, 1000000 + i)
    end
    assert.is_true(cache:stats().entries > before + 2700)
  end)
end)
