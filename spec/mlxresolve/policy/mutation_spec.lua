--- Whatever stands in a policy, loading it ends with a policy or with mistakes in their places.
local policies = require("support.policies")

local good = [[
local function find(i)
  return use("finder", { count = i, servers = { "192.0.2.1", "[2001:db8::1]:53" } })
end
return mlx.policy {
  listen = { "127.0.0.1:5453" },
  deadline = "2s",
  cache = { size = "1MiB", max_ttl = "1h" },
  strategies = {
    find(2),
    mlx.race { after = "50ms", use("finder", { zones = { "local" } }), find(3) },
    use { name = "mine", resolve = function(_, query) return query.name end },
  },
  retries = { use("patient", { attempts = 3 }) },
}
]]

-- Park and Miller's generator: the same mutations everywhere.
local state = 7
local function chance(n)
  state = (state * 48271) % 2147483647
  return state % n + 1
end

local pieces = {
  "",
  "{",
  "}",
  "(",
  ")",
  '"',
  ",",
  "=",
  " end ",
  " function ",
  "nil",
  "0",
  "'x'",
  "\n",
  "..",
  "x.y",
}

local function mutate(text)
  for _ = 1, chance(3) do
    local at = chance(#text)
    text = text:sub(1, at - 1) .. pieces[chance(#pieces)] .. text:sub(at + chance(6) - 1)
  end
  return text
end

describe("mlxresolve.policy, for mutations of a policy,", function()
  it("never raises, and every mistake has its place", function()
    assert(policies.load(good))
    local refused = 0
    for _ = 1, 400 do
      local text = mutate(good)
      local ok, checked, mistakes = pcall(policies.load, text)
      assert.is_true(ok, ("%s\n%s"):format(tostring(checked), text))
      if not checked then
        refused = refused + 1
        assert.is_true(#mistakes > 0, text)
        assert.is_string(tostring(mistakes))
        for _, mistake in ipairs(mistakes) do
          assert.is_number(mistake.line, text)
          assert.is_number(mistake.column, text)
        end
      end
    end
    assert.is_true(refused > 200)
  end)
end)
