--- Serving in the real world: the DNS listener and the HTTP server.

local core = require("mlxresolve.core")

local serving = {}

---------------------------------------------------------------- DNS

local SERVFAIL, EDE_OTHER = 2, 0

--- An error in the handling of a question ends the turn. The next one refuses that question, which
--- nobody would answer, and goes on with those that came with it.
local function step_front(on_question)
  local batch, at, last = {}, 1, 0
  local slot -- of the question that is being handled
  return function(self, front)
    local items = 0
    if slot then
      front:refuse(slot, SERVFAIL, EDE_OTHER, "an error in the resolver")
      slot = nil
    elseif at > last then
      items = front:step(self.time, batch)
      at, last = 1, items * 3
    end
    while at < last do
      local i = at
      slot, at = batch[i], i + 3
      on_question(slot, batch[i + 1], batch[i + 2])
    end
    slot = nil
    return items
  end
end

---@return mlxresolve.Front|nil, string? message, string? code
function serving:listen(options, cache, on_question)
  local front, message, code = core.front.open(options, cache)
  if not front then
    return nil, message, code
  end
  core.yield_to_fronts()
  self.front = front
  self:watch(front, step_front(on_question), true)
  return front
end

--- Ends a turn: what was asked and answered in it leaves in batches, and the front is told that we
--- are about to sleep.
function serving:flush()
  self:flush_upstream()
  local front = self.front
  if front then
    front:flush()
    if not front:sleep() then
      -- questions came meanwhile; they are taken in a turn of their own
      self.deadlines[front] = self.time
    else
      self.deadlines[front] = nil
    end
  end
end

---------------------------------------------------------------- HTTP

---@return mlxresolve.Http|nil, string? message, string? code
function serving:http(options, on_request)
  local http = require("mlxresolve.http")
  local server, message, code = http.open(options)
  if not server then
    return nil, message, code
  end
  local batch = {}
  self:watch(server, function(world)
    local items = server:step(world.time, batch)
    for i = 1, items * 5, 5 do
      on_request(batch[i], batch[i + 1], batch[i + 2], batch[i + 3], batch[i + 4])
    end
    return items
  end, true)
  return server
end

--- Closes a listener of either kind.
function serving:stop_serving(server)
  if self.front == server then
    self.front = nil
  end
  self:unwatch(server)
end

return serving
