--- Every scenario in examples/scenarios/ holds for the policies that are meant to be used.

local mutants = require("support.mutants")
local run = require("mlxresolve.simulate.run")
local scenario = require("mlxresolve.simulate.scenario")
local shell = require("support.shell")
local sim_bed = require("support.sim_bed")

local SEEDS = 5
local MUTANT_SEEDS = 20

-- A host that moved without a word is found by the reaction `verify` alone.
local NEEDS_VERIFY = { peer_moved_silently = true, announcements_lost = true }

describe("the scenarios", function()
  for path in assert(io.popen("ls examples/scenarios/*.lua")):lines() do
    local needs_verify = NEEDS_VERIFY[path:match("([^/]+)%.lua$")]
    for _, policy in ipairs(needs_verify and { "cluster" } or { "cluster", "home" }) do
      it(("hold for %s: %s"):format(policy, path), function()
        local command = ("build/mlxresolve simulate examples/%s.lua %s --seeds %d 2>&1"):format(
          policy,
          path,
          SEEDS
        )
        local pipe = assert(io.popen(command))
        local text = pipe:read("*a")
        pipe:close()
        assert.is_truthy(text:find(path .. ": ok (", 1, true), text)
      end)
    end

    it("say first what happens: " .. path, function()
      assert.is_truthy(shell.read(path):find("^%-%- [^\n]+%.\n") or shell.read(path):find("^%-%- "))
      assert.is_truthy(shell.read(path):find('\n  about = "', 1, true))
    end)
  end
end)

--- The first problem that a scenario has with a policy, and the seed; nothing when all is well.
local function first_problem(name, options)
  local world = sim_bed.files(nil, options.policy)
  local path = ("examples/scenarios/%s.lua"):format(name)
  world.files[path] = shell.read(path)
  local checked = assert(scenario.load(path, world))
  for seed = options.seed or 1, options.seed or MUTANT_SEEDS do
    local outcome = assert(run.once {
      policy = "policy.lua",
      scenario = checked,
      seed = seed,
      files_of = world,
    })
    if outcome.problems[1] then
      return outcome.problems[1].text, seed
    end
  end
end

describe("a bug put in on purpose is found, and its seed shows it again:", function()
  -- With `verify` a lost or misread announcement is made good within two seconds.
  local policy = shell.read("examples/cluster.lua"):gsub('use%("verify"[^\n]*\n', "\n")

  for _, mutant in ipairs(mutants.list) do
    it(mutant.bug, function()
      local undo = mutant.put_in()
      local ok, text, seed = pcall(first_problem, mutant.scenario, { policy = policy })
      local _, again = pcall(first_problem, mutant.scenario, { policy = policy, seed = seed })
      undo()
      assert(ok, text)
      assert.is_truthy(text and text:find(mutant.says), text)
      assert.equal(text, again)
      assert.is_nil(first_problem(mutant.scenario, { policy = policy, seed = seed }))
    end)
  end

  local function without(name, reaction)
    local text = shell.read(("examples/%s.lua"):format(name))
    local nothing = "use { name = 'nothing', network_changed = function() end }"
    local changed, count = text:gsub(("use%%(%q[^\n]*%%)"):format(reaction), nothing)
    assert.equal(1, count)
    return text, changed
  end

  it("what a change of the network touches is not looked into", function()
    local whole, mutant = without("home", "revalidate")
    assert.is_nil(first_problem("hotspot", { policy = whole }))
    local text, seed = first_problem("hotspot", { policy = mutant })
    assert.is_truthy(text and text:find("10.0.0.2, which is forbidden now", 1, true), text)
    assert.equal(text, (first_problem("hotspot", { policy = mutant, seed = seed })))
  end)

  it("hosts in use are not verified", function()
    local _, mutant = without("cluster", "verify")
    local text = first_problem("peer_moved_silently", { policy = mutant })
    assert.is_truthy(text and text:find("got 192.168.2.2", 1, true), text)
  end)
end)
