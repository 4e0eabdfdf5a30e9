local scenario = require("mlxresolve.simulate.scenario")
local sim_bed = require("support.sim_bed")

local function load(fields)
  return scenario.load("s.lua", sim_bed.files(sim_bed.network .. fields))
end

local function mistakes_of(fields)
  local checked, mistakes = load(fields)
  assert.is_nil(checked)
  local list = {}
  for i, mistake in ipairs(mistakes) do
    list[i] = mistake.text
  end
  return list
end

local function refuses(fields, text)
  assert.same({ text }, mistakes_of(fields))
end

describe("mlxresolve.simulate.scenario", function()
  it("reads a scenario, its steps in the order of time", function()
    local checked = assert(load([[
      timeline = {
        { at = "9s", ask = "mini2.local", within = "2s" },
        { at = "1s", unplug = "mini2/eth0" },
        { at = "1s", plug = "mini2/eth0" },
      }]]))
    local verbs = {}
    for i, step in ipairs(checked.timeline) do
      verbs[i] = step.verb
    end
    assert.same({ "unplug", "plug", "ask" }, verbs)
    assert.same({ "s", "s.lua", 13000 }, { checked.name, checked.file, checked.ends })
    assert.equal(60, checked.packets)
  end)

  it("tells the place of a mistake", function()
    local _, mistakes = load([[
      timeline = { { at = "1s", unplug = "mini3/eth0" } }]])
    local text = tostring(mistakes)
    assert.is_truthy(text:find("there is no host 'mini3' (did you mean 'mini1'?)", 1, true), text)
    assert.is_truthy(text:find('s.lua:%d+:%d+: error: .-\n.-unplug = "mini3/eth0"'), text)
    assert.is_truthy(text:find("1 error$"))
  end)

  it("tells all mistakes at once", function()
    assert.same(
      {
        "scenario: unknown option 'spraed' (did you mean 'spread'?)",
        "scenario: 'at' must be a duration such as '800ms', '2s' or '5m', got 'soon'",
        "there is no link 'dsk' (did you mean 'desk'?)",
      },
      mistakes_of([[
      spraed = "1s",
      timeline = {
        { at = "soon", ask = "mini2.local" },
        { at = "1s", heal = "dsk" },
      }]])
    )
  end)

  it("knows what a step needs", function()
    local network = [[timeline = { { at = "1s", %s } }]]
    for step, text in pairs {
      [""] = "this step does nothing: expected one of "
        .. table.concat(require("mlxresolve.simulate.schema").verbs, ", "),
      ['ask = "a", wake = "mini2"'] = "a step does one thing: 'ask' or 'wake'",
      ['unplug = "mini2"'] = "expected a host and its interface, such as 'mini2/eth0'",
      ['unplug = "mini2/eth1"'] = "mini2 has no interface 'eth1' (did you mean 'eth0'?)",
      ['plug = "mini2/eth0", link = "x"'] = "there is no link 'x'",
      ['readdress = "mini2/eth0"'] = [[this step needs `to`, such as to = { "192.168.2.9/24" }]],
      ['readdress = "mini2/eth0", to = { "192.0.2.3" }'] = "expected an address with its prefix, "
        .. "such as '192.168.2.1/24', got '192.0.2.3'",
      ['never = "192.0.2.3"'] = [[this step needs `of`, such as of = "mini2.local"]],
      ['never = "x", of = "mini2.local"'] = "'x' is no address",
      ['off = "mini1"'] = "the machine itself cannot be switched off; it can sleep",
      ['server = "mini2"'] = "mini2 runs no DNS server: give it `dns = { … }`",
      ['partition = "desk"'] = "this step needs `groups`, such as "
        .. 'groups = { { "mini1" }, { "mini2" } }',
      ['partition = "desk", groups = { { "mini9" } }'] = "there is no host 'mini9' "
        .. "(did you mean 'mini1'?)",
      ['set_clock = "1h"'] = "expected a jump such as '+1h' or '-2h', got '1h'",
      ['quiet = "mini2/eth0"'] = "only the machine's own multicast can be forbidden",
      ['ask = "a..b"'] = "'a..b' is no name",
    } do
      refuses(network:format(step), text)
    end
  end)

  it("knows what a network needs", function()
    local function with(text)
      local _, mistakes = scenario.load("s.lua", sim_bed.files(text .. " timeline = {}"))
      return mistakes and mistakes[1].text
    end
    assert.equal(
      "there is no host 'mini9' (did you mean 'mini1'?)",
      with((sim_bed.network:gsub('machine = "mini1"', 'machine = "mini9"')))
    )
    assert.equal(
      "there is no link 'dsk' (did you mean 'desk'?)",
      with((sim_bed.network:gsub('link = "desk"', 'link = "dsk"')))
    )
  end)

  it("knows what a bridge joins", function()
    refuses(
      'bridges = { up = { "desk" } }, timeline = {}',
      'a bridge joins two links, such as { "desk", "rack" }'
    )
    refuses('bridges = { up = { "desk", "rack" } }, timeline = {}', "there is no link 'rack'")
  end)

  it("is text in the sandbox that returns a table", function()
    local function text_of(source)
      local world = sim_bed.files()
      world.files["s.lua"] = source
      local _, mistakes = scenario.load("s.lua", world)
      return tostring(mistakes)
    end
    assert.is_truthy(text_of("return 1"):find("a scenario must end with: return { … }", 1, true))
    assert.is_truthy(text_of("return {"):find("s.lua:1", 1, true))
    assert.is_truthy(text_of("\27LJ"):find("bytecode", 1, true))
    assert.is_truthy(text_of("return os.time()"):find("undefined variable 'os'", 1, true))
    assert.is_truthy(
      tostring(select(2, scenario.load("none.lua", sim_bed.files()))):find("cannot read")
    )
  end)
end)
