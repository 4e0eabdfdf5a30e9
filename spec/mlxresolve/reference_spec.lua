local plugins = require("mlxresolve.plugins")
local reference = require("mlxresolve.reference")
local virtual = require("mlxresolve.world.virtual")

describe("mlxresolve.reference", function()
  it("takes what a plugin does from its first sentence", function()
    assert.equal(
      "Finds hosts (RFC 6762 section 6).",
      reference.summary("--- Finds hosts (RFC\n--- 6762 section 6). More.\n---\nlocal x = 1 -- y.")
    )
    assert.equal("Finds.", reference.summary("-- Finds.\nlocal x"))
    assert.equal("", reference.summary("local x"))
  end)

  it("makes a row of a plugin, and one of each option", function()
    local world = virtual.new()
    world.files["/a/finder.lua"] = [[
--- Finds a|b.
return {
  options = {
    zones = { "list", of = "zone", required = true, doc = "where" },
    wait = { "ttl", default = "1s", doc = "a|b" },
  },
  resolve = function() end,
  open = function() end,
}]]
    assert.equal(
      [[
| plugin | kind | what it does |
|---|---|---|
| `finder` | strategy | Finds a\|b. |
]],
      reference.plugin_table(plugins.new(world, { "/a" }))
    )
    assert.equal(
      [[
| plugin | option | type | default | what it does |
|---|---|---|---|---|
| `finder` | `wait` | ttl | `"1s"` | a\|b |
| `finder` | `zones` | list of zone | required | where |
]],
      reference.plugin_options_table(plugins.new(world, { "/a" }))
    )
  end)

  it("says what a policy writes for a type", function()
    local types = reference.types_table()
    assert.is_truthy(types:find("| `duration` | a duration such as '800ms'", 1, true))
    assert.is_truthy(types:find("| `peer` | a host with a port", 1, true))
  end)

  it("has the fields of the cache", function()
    assert.is_truthy(reference.cache_table():find('| `size` | size | `"32MiB"` |', 1, true))
    assert.is_truthy(reference.network_table():find('| `settle` | duration | `"500ms"` |', 1, true))
    assert.is_truthy(reference.front_table():find("| `udp_size` | integer | `1232` |", 1, true))
  end)

  it("fails for a plugin that does not load", function()
    local world = virtual.new()
    world.files["/a/finder.lua"] = "return {}"
    assert.has_error(function()
      reference.plugin_table(plugins.new(world, { "/a" }))
    end)
  end)

  it("fills marked places of a document and leaves the rest", function()
    local text = "a\n<!-- table: x -->\nold %1\n<!-- end -->\nb"
    assert.equal(
      "a\n<!-- table: x -->\nnew %1\n<!-- end -->\nb",
      reference.fill(text, { x = "new %1\n" })
    )
  end)
end)
