--- The names that the responder claims: taken, kept, lost, given back. Methods of the responder.

local hosts = require("mlxresolve.mdns.responder.host")
local publication = require("mlxresolve.mdns.responder.publication")
local services = require("mlxresolve.mdns.responder.service")
local steps = require("mlxresolve.mdns.responder.steps")

-- Section 8.1.
local FIRST_DELAY = 250
local MAX_CONFLICTS = 15
local CONFLICT_WINDOW = 10e3
local CONFLICT_PAUSE = 5e3
local PEACE = 60e3
-- What is published again within so many ms, as when a policy is read again, has not left.
local LINGER = 50

---@class mlxresolve.mdns.Responder
local claims = {}

local function has_name(self, key)
  for _, claim in ipairs(self.claims) do
    if claim.key == key then
      return claim
    end
  end
end

local function log(self, text, ...)
  self.world:log("warn", "publish: " .. text:format(...))
end

--- Another name, that none of our own claims has.
local function rename(self, claim)
  local previous = claim.key
  claim.key = false
  repeat
    claim:rename()
    local key = claim.key
    claim.key = false
    local other = has_name(self, key)
    claim.key = key
  until not other
  return previous
end

--- Who was told of these names has to ask again.
function claims:tell_change(...)
  for _, key in ipairs { ... } do
    self.engine:changed(key)
  end
end

--- When the next attempt may begin. Fifteen conflicts in ten seconds are an attack or a mistake:
--- from then on every attempt waits, until there has been peace for a minute.
local function note_conflict(self, claim)
  local now = self.scheduler:now()
  local latest = claim.conflicts
  local last = latest[#latest]
  if last and now - last > PEACE then
    claim.is_flooded = false
  end
  latest[#latest + 1] = now
  while now - latest[1] > CONFLICT_WINDOW do
    table.remove(latest, 1)
  end
  if #latest >= MAX_CONFLICTS then
    claim.is_flooded = true
    table.remove(latest, 1)
  end
  return claim.is_flooded and now + CONFLICT_PAUSE or now
end

--- Somebody else has the name: takes another one, and probes for that.
---@param claim mlxresolve.mdns.Claim
function claims:lose(claim)
  local due = note_conflict(self, claim)
  local name = claim.name
  local previous = rename(self, claim)
  log(self, "%s belongs to another host, trying %s", name, claim.name)
  for _, view in pairs(self.views) do
    if view.standings[claim] then
      steps.begin(view, claim, due)
      for _, other in ipairs(view.order) do
        if other.host == claim then
          view:rebuild()
          steps.announce(view, other)
        end
      end
    end
  end
  self:tell_change(previous, claim.key)
end

--- Somebody says our name otherwise though we have it: whose it is, probes will tell (section 9).
---@param view mlxresolve.mdns.View
---@param claim mlxresolve.mdns.Claim
function claims:doubt(view, claim)
  log(self, "%s is said otherwise on %s, probing again", claim.name, view.link.name)
  steps.begin(view, claim, note_conflict(self, claim))
end

local function begin(self, claim)
  self.claims[#self.claims + 1] = claim
  local due = self.scheduler:now() + self:random() * FIRST_DELAY
  for _, view in pairs(self.views) do
    -- those that come together are probed for together
    if view.wave and view.wave >= self.scheduler:now() then
      due = view.wave
    end
    view.wave = due
    steps.begin(view, claim, due)
  end
end

local function withdraw(self, claim)
  for i, one in ipairs(self.claims) do
    if one == claim then
      table.remove(self.claims, i)
      break
    end
  end
  for _, view in pairs(self.views) do
    local gone = steps.finish(view, claim)
    view:goodbye(gone)
    for _, one in ipairs(gone) do
      self:tell_change(one.key)
    end
  end
  self:tell_change(claim.key)
end

--- Takes a claim back, unless it comes again in a moment.
function claims:linger(claim)
  claim.leaving = self.scheduler:after(LINGER, function()
    claim.leaving = false
    withdraw(self, claim)
    if claim.host then
      self:release(claim.host)
    end
  end)
end

local function stay(self, claim)
  if claim.leaving then
    self.scheduler:stop(claim.leaving)
    claim.leaving = false
  end
end

---------------------------------------------------------------- publishing

local function take_host(self, label)
  local claim = hosts.new(label, self.is_beside_avahi)
  for _, present in ipairs(self.claims) do
    -- by what was wanted, whatever it was renamed to
    if present.is_host and present.wanted == claim.key then
      stay(self, present)
      present.users = present.users + 1
      return present
    end
  end
  claim.wanted, claim.users = claim.key, 1
  begin(self, claim)
  return claim
end

--- One user less of a host's name; the last takes it along.
function claims:release(claim)
  claim.users = claim.users - 1
  if claim.users == 0 and not claim.leaving then
    self:linger(claim)
  end
end

-- The same service again, that has just been closed: its data may differ.
local function take_back(self, claim, spec)
  for _, present in ipairs(self.claims) do
    if present.leaving and present.wanted == claim.key and present.host == claim.host then
      stay(self, present)
      assert(present:update(spec))
      for _, view in pairs(self.views) do
        local gone = view:rebuild()
        view:goodbye(gone)
        steps.announce(view, present)
      end
      return present
    end
  end
end

local function take_service(self, claim, spec, host)
  claim.host, claim.wanted = host, claim.key
  local present = take_back(self, claim, spec)
  if present then
    -- it holds its host already
    self:release(host)
    return present
  elseif has_name(self, claim.key) then
    rename(self, claim)
  end
  begin(self, claim)
  return claim
end

---@class mlxresolve.mdns.PublishSpec: mlxresolve.mdns.ServiceSpec
---@field host string?  the machine's host name

--- Publishes the host's name and, if one is named, a service. See `Engine:publish`.
---@param spec mlxresolve.mdns.PublishSpec
---@return mlxresolve.mdns.Publication|nil, string? message, string? code
function claims:publish(spec)
  local label, message, code = hosts.label(spec.host or self.world:hostname())
  if not label then
    return nil, message, code
  end
  local wanted
  if spec.service then
    wanted, message, code = services.new(spec, label)
    if not wanted then
      return nil, message, code
    end
  end
  local host = take_host(self, label)
  local claim = wanted and take_service(self, wanted, spec, host) or host
  return publication.new(self, host, claim)
end

return claims
