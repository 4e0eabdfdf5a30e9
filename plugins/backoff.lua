--- Asks again after a failure, each time after a longer pause; the pauses are spread so that
--- many clients do not ask in step, and a budget keeps an outage from becoming a storm.
local backoff = {
  options = {
    attempts = { "integer", default = 3, min = 1, max = 100, doc = "passes in all, the first too" },
    first = { "duration", default = "100ms", min = "1ms", doc = "the first pause" },
    max = { "duration", default = "2s", min = "1ms", doc = "the longest pause" },
    factor = { "number", default = 2, min = 1, doc = "how much longer each pause is" },
    jitter = {
      "number",
      default = 0.2,
      min = 0,
      max = 1,
      doc = "the part of a pause that is left to chance",
    },
    budget = {
      "number",
      default = 50,
      min = 1,
      doc = "repetitions a second, over all queries",
    },
    not_found = {
      "boolean",
      default = false,
      doc = "as `retry` of a strategy: ask again, too, when it found nobody",
    },
  },
}

local final = { ECANCELED = true, ELOOP = true }

-- A bucket of one second's budget, refilled as time passes.
function backoff:spend(now)
  local budget = self.options.budget
  local gained = (now - (self.filled_at or now)) * budget / 1000
  local tokens = math.min(budget, (self.tokens or budget) + gained)
  self.filled_at = now
  self.tokens = tokens >= 1 and tokens - 1 or tokens
  return tokens >= 1
end

function backoff:retry(failure, ctx)
  local options = self.options
  local is_hopeless = final[failure.code] or (failure.code == "ENOTFOUND" and not options.not_found)
  if is_hopeless or failure.attempt >= options.attempts or not self:spend(ctx:now()) then
    return nil
  end
  local pause = math.min(options.max, options.first * options.factor ^ (failure.attempt - 1))
  return pause * (1 + options.jitter * (2 * ctx:random() - 1))
end

return backoff
