--- Records that may be wrong: somebody met an address dead (RFC 6762 section 10.4), or other hosts
--- ask for a record and nobody answers (section 10.5, "passive observation of failures").
---
--- The latter is off on Wi-Fi unless the engine is told otherwise: access points send multicast at
--- the lowest rate and without acknowledgement, and to sleeping stations late, so that there a
--- question is often heard while its answer is lost, and good records would be thrown away.

local without_scope = require("mlxresolve.address").without_scope
local scopes = require("mlxresolve.mdns.scopes")
local stored = require("mlxresolve.mdns.stored")

-- When a doubted record is asked for, ms.
local ASK_AGAIN = { 1000, 3000 }
-- A question over IPv4 and the same over IPv6 are one; a host says nothing twice within this, ms.
local APART = 1000
-- Names doubted at a time; beyond it is a flood.
local MAX_NAMES = 256

local ADDRESS = { A = true, AAAA = true }

---@class mlxresolve.mdns.Doubts
local Doubts = { __name = "mlxresolve.mdns.Doubts" }
Doubts.__index = Doubts

local doubts = {}

---@param engine mlxresolve.mdns.Engine
---@return mlxresolve.mdns.Doubts
function doubts.new(engine)
  return setmetatable({ engine = engine, names = {}, count = 0 }, Doubts)
end

local NONE = {}

---@class mlxresolve.mdns.Doubt
---@field name string
---@field types string[]
---@field scope mlxresolve.mdns.Scope
---@field unicast_at number
---@field records table<mlxresolve.mdns.Stored, boolean>
---@field until_at number

local function posted(self, mode, sent)
  if sent > 0 and mode ~= "again" then
    self.unicast_at = self.engine.scheduler:now()
  end
end

--- The doubt about a name, in a list, for late unicast replies.
---@param name string
---@return mlxresolve.mdns.Doubt[]
function Doubts:of(name)
  return self.names[name] or NONE
end

local function take(self, name)
  local list = self.names[name]
  if not list then
    if self.count >= MAX_NAMES then
      return nil
    end
    list = {
      {
        engine = self.engine,
        name = name,
        types = { "A", "AAAA" },
        scope = scopes.of(self.engine.scopes, {}),
        unicast_at = -math.huge,
        records = {},
        posted = posted,
      },
    }
    self.names[name] = list
    self.count = self.count + 1
  end
  return list[1]
end

local function is_open(doubt)
  for record in pairs(doubt.records) do
    if record.is_suspect then
      return true
    end
  end
  return false
end

local function look(self, name)
  self.engine:changed(name)
  for _, watch in ipairs(self.engine.watches:of(name)) do
    watch:look()
  end
end

local function settle(doubt)
  local self = doubt.engine.doubts
  local is_over = self:of(doubt.name)[1] ~= doubt
  if is_over or doubt.until_at > self.engine.scheduler:now() then
    return
  end
  self.names[doubt.name] = nil
  self.count = self.count - 1
  if is_open(doubt) and not self.engine.is_closed then
    look(self, doubt.name)
  end
end

local function ask(doubt)
  if is_open(doubt) and not doubt.engine.is_closed then
    doubt.engine.outgoing:post(doubt, "again")
  end
end

local function add(self, record, doubt, reason)
  local engine = self.engine
  local now = engine.scheduler:now()
  stored.doubt(record, reason, now)
  doubt.records[record] = true
  doubt.until_at = now + stored.DOUBT + 1
  engine.scheduler:after(stored.DOUBT + 1, settle, doubt)
end

---------------------------------------------------------------- told by somebody

local function ask_hosts(doubt, link_of)
  for source, link in pairs(link_of) do
    doubt.engine.outgoing:post(doubt, "first", { link = link, to = source })
  end
end

local function sources(self, record, link_of)
  for _, link in ipairs(self.engine.sockets.links) do
    if record.source and link.index == record.interface then
      link_of[record.source] = link
    end
  end
end

--- Somebody met an address of a name dead.
---@param name string      canonical
---@param address string?  all when absent
---@return integer doubted
function Doubts:report(name, address)
  local scheduler = self.engine.scheduler
  local doubt, link_of, count = nil, {}, 0
  for _, record in ipairs(self.engine.store:records(name, scheduler:now())) do
    local is_meant = ADDRESS[record.type] and (not address or without_scope(address) == record.data)
    if is_meant and stored.is_reportable(record) then
      doubt = doubt or take(self, name)
      if doubt then
        count = count + 1
        sources(self, record, link_of)
        add(self, record, doubt, "failure")
      end
    end
  end
  if doubt then
    ask(doubt)
    ask_hosts(doubt, link_of)
    for _, ms in ipairs(ASK_AGAIN) do
      scheduler:after(ms, ask, doubt)
    end
    look(self, name)
  end
  return count
end

---------------------------------------------------------------- seen on the link

local function is_known(message, name, record)
  for _, known in ipairs(message.answers) do
    if known.name == name and known.type == record.type and known.data == record.data then
      return true
    end
  end
  return false
end

local function count_question(self, name, record, now)
  local is_new = now - record.doubted_at >= APART and now - record.added >= APART
  if not is_new or record.is_doomed or record.is_suspect then
    return
  end
  record.doubts, record.doubted_at = record.doubts + 1, now
  local doubt = record.doubts >= 2 and take(self, name)
  if doubt then
    add(self, record, doubt, "unanswered")
  end
end

--- Another host has asked by multicast. What is asked for twice and not said within ten seconds is
--- believed no more; nothing is asked for that.
---@param message mlxresolve.Message
---@param link mlxresolve.mdns.Link
function Doubts:hear(message, link)
  local is_on = self.engine.poof
  if is_on == nil then
    is_on = link.kind ~= "wifi"
  end
  if not is_on or message.truncated then
    return
  end
  local now = self.engine.scheduler:now()
  for _, question in ipairs(message.questions) do
    for _, record in ipairs(self.engine.store:records(question.name, now)) do
      local is_asked = record.type == question.type and record.interface == link.index
      if is_asked and not question.unicast and not is_known(message, question.name, record) then
        count_question(self, question.name, record, now)
      end
    end
  end
end

return doubts
