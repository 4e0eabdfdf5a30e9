--- Runs in the namespace of the machine: a resolver on the policy, in the real world, and the
--- questions of a plan. Prints a line an answer: question, ms since the start, addresses.
---
---   luajit asker.lua POLICY PLAN
---
--- The plan returns { start = ms, ends = ms, questions = { … } }.

local mlx = require("mlxresolve")
local uv = require("luv")

local policy, plan = arg[1], dofile(arg[2])
local resolver, mistakes = mlx.open(policy, { serve = false, level = "error" })
assert(resolver, tostring(mistakes))

local function now()
  return uv.hrtime() / 1e6 - plan.start
end

local function after(ms, fn)
  local timer = uv.new_timer()
  uv.update_time()
  timer:start(math.max(0, math.floor(ms)), 0, function()
    timer:close()
    fn()
  end)
end

local function ask(question)
  resolver:resolve(question.name, { types = { question.type } }, function(result)
    local words = {}
    for i, entry in ipairs(result and result.addresses or {}) do
      words[i] = entry.address
    end
    io.write(("%d %.3f %s\n"):format(question.position, now(), table.concat(words, " ")))
    io.flush()
    if now() + question.every < question.till then
      after(question.every, function()
        ask(question)
      end)
    end
  end)
end

for _, question in ipairs(plan.questions) do
  after(question.at - now(), function()
    ask(question)
  end)
end
after(plan.ends - now(), function()
  os.exit(0)
end)
uv.run()
