--- What is published on one link: which claims stand there and how far they have come, the
--- records that may be said, and the ways out.

local outbox = require("mlxresolve.mdns.responder.outbox")
local record = require("mlxresolve.mdns.responder.record")

---@class mlxresolve.mdns.Claim  a name that only this host may have
---@field name string
---@field key string
---@field wanted string  the name before it was another's
---@field is_host boolean
---@field conflicts number[]  ms, the latest
---@field records fun(self, link: mlxresolve.mdns.Link): mlxresolve.mdns.Published[]
---@field rename fun(self)

---@class mlxresolve.mdns.Standing  of a claim on a link
---@field step "waiting"|"probing"|"announcing"|"established"|"covered"
---@field count integer  packets of this step
---@field due number     ms, of the next one
---@field records mlxresolve.mdns.Published[]

---@class mlxresolve.mdns.View
---@field link mlxresolve.mdns.Link
---@field standings table<mlxresolve.mdns.Claim, mlxresolve.mdns.Standing>
local View = { __name = "mlxresolve.mdns.View" }
View.__index = View

local view = {}

local FAMILIES = { "ipv4", "ipv6" }
local MULTICAST = { ipv4 = "224.0.0.251:5353", ipv6 = "[ff02::fb]:5353" }

---@param responder mlxresolve.mdns.Responder
---@param link mlxresolve.mdns.Link
---@return mlxresolve.mdns.View
function view.new(responder, link)
  local self = setmetatable({
    responder = responder,
    scheduler = responder.scheduler,
    link = link,
    standings = {},
    order = {}, -- claims as they came
    by_id = {}, -- what exists, said or not
    names = {}, -- key -> { records, nsec, is_unique }: what may be said
    live = {}, -- record -> true
    owned = {}, -- key -> claim
    yielded = {}, -- keys given up here
    updates = {},
    leftover = false, -- a timer: announces what is left after an address has gone
    outboxes = {},
    timer = false,
  }, View)
  for _, family in ipairs(FAMILIES) do
    self.outboxes[family] = outbox.new(self, family)
  end
  return self
end

---------------------------------------------------------------- sending

--- Sends to the group, or to one address.
---@param family "ipv4"|"ipv6"
---@param packet string
---@param to string?
function View:send(family, packet, to)
  self.responder:send(self.link, family, packet, to or MULTICAST[family])
end

--- The families that the link speaks, with their outboxes.
---@return mlxresolve.mdns.Outbox[]
function View:speaking()
  local list = {}
  for _, family in ipairs(FAMILIES) do
    if self.link[family] then
      list[#list + 1] = self.outboxes[family]
    end
  end
  return list
end

---------------------------------------------------------------- the records

local LIVE = { announcing = true, established = true }

---@param claim mlxresolve.mdns.Claim
---@return boolean
function View:is_claim_live(claim)
  local standing = self.standings[claim]
  return standing ~= nil and LIVE[standing.step] or false
end

---@param one mlxresolve.mdns.Published
---@return boolean
function View:is_live(one)
  return self.live[one] or false
end

local function index(self, one)
  local entry = self.names[one.key]
  if not entry then
    entry = { records = {}, nsec = false, is_unique = one.is_unique }
    self.names[one.key] = entry
  end
  if not self.live[one] then
    self.live[one] = true
    entry.records[#entry.records + 1] = one
  end
end

-- The same record keeps its identity, so that it is known when it was said last.
local function same(self, present, one)
  local kept = present[one.id] or self.by_id[one.id] or one
  if kept.data ~= one.data or kept.name ~= one.name then
    kept = one
  end
  present[one.id] = kept
  return kept
end

local function records_of(self, claim, present)
  local list = {}
  for _, one in ipairs(claim:records(self.link)) do
    if not self.yielded[one.key] then
      list[#list + 1] = same(self, present, one)
      if one.is_unique then
        self.owned[one.key] = claim
      end
    end
  end
  return list
end

--- Makes the records anew from the claims. Returns those that may not be said any longer.
---@return mlxresolve.mdns.Published[] gone
function View:rebuild()
  local before, present = self.live, {}
  self.live, self.names, self.owned = {}, {}, {}
  for _, claim in ipairs(self.order) do
    local standing = self.standings[claim]
    standing.records = records_of(self, claim, present)
    if LIVE[standing.step] then
      for _, one in ipairs(standing.records) do
        index(self, one)
      end
    end
  end
  for _, entry in pairs(self.names) do
    local nsec = entry.is_unique and record.nsec(entry.records)
    if nsec then
      entry.nsec = same(self, present, nsec)
      self.live[entry.nsec] = true
    end
  end
  self.by_id = present
  local gone = {}
  for one in pairs(before) do
    if not self.live[one] and one.type ~= "NSEC" then
      gone[#gone + 1] = one
    end
  end
  table.sort(gone, function(a, b)
    return a.id < b.id
  end)
  self.responder:watch()
  return gone
end

---------------------------------------------------------------- claims

--- Begins to claim a name here.
---@param claim mlxresolve.mdns.Claim
---@param due number  ms, of the first probe
function View:add(claim, due)
  self.order[#self.order + 1] = claim
  self.standings[claim] = { step = "waiting", count = 0, due = due, records = {} }
  self:rebuild()
end

--- Ends a claim here; returns what may not be said any longer.
---@param claim mlxresolve.mdns.Claim
---@return mlxresolve.mdns.Published[] gone
function View:remove(claim)
  for i, one in ipairs(self.order) do
    if one == claim then
      table.remove(self.order, i)
      break
    end
  end
  self.standings[claim] = nil
  return self:rebuild()
end

--- Says goodbye to records (section 10.1).
---@param records mlxresolve.mdns.Published[]
function View:goodbye(records)
  if #records > 0 then
    for _, out in ipairs(self:speaking()) do
      out:multicast(records, nil, 0)
    end
  end
end

--- All that may be said now.
---@return mlxresolve.mdns.Published[]
function View:all()
  local list = {}
  for one in pairs(self.live) do
    if one.type ~= "NSEC" then
      list[#list + 1] = one
    end
  end
  table.sort(list, function(a, b)
    return a.id < b.id
  end)
  return list
end

--- What is left after an address has gone need not be announced any more.
function View:drop_leftover()
  if self.leftover then
    self.scheduler:stop(self.leftover)
    self.leftover = false
  end
end

function View:close()
  self:drop_leftover()
  for _, out in pairs(self.outboxes) do
    out:close()
  end
  if self.timer then
    self.scheduler:stop(self.timer)
    self.timer = false
  end
end

return view
