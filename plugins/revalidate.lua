--- Looks into what a change of the network makes doubtful, while it serves on: names in use first,
--- asked for at their last known host, on their link and in the policy; what moved is replaced
--- before anybody asks. Every policy without `reactions` has it.
local mlx = require("mlxresolve")

local revalidate = {
  options = {
    probe = {
      "plugin",
      kind = "probe",
      default = false,
      doc = 'a health check for their addresses, such as use("tcp"), side by side with asking',
    },
    most = { "integer", default = 64, min = 1, max = 256, doc = "names looked into at a time" },
    rate = { "integer", default = 100, min = 1, max = 1000, doc = "of them, begun in a second" },
    again = {
      "list",
      of = "duration",
      default = { "2s", "5s" },
      doc = "when to try again where nobody could be asked",
    },
  },
}

local IN_USE = 60 -- s since a name was asked for
local MOST_LISTED = 2048

local function is_in(address, networks)
  for _, left in ipairs(networks) do
    if mlx.address.is_within(address, left.network) then
      return left.interface
    end
  end
end

-- Names that unicast DNS leads into a network that was left may be reached over a router.
local function suspect_routed(change, ctx)
  for _, entry in ipairs(ctx.cache:list({ used_within = IN_USE }, MOST_LISTED)) do
    local is_address = entry.type == "A" or entry.type == "AAAA"
    local interface = is_address and not entry.suspect and is_in(entry.data[1] or "", change.left)
    if interface then
      local filter = { name = entry.name, type = entry.type }
      ctx.cache:suspect(filter, interface .. " has left its network")
    end
  end
end

--- Marks what the change touches; the reason, or nil when it touches nothing.
local function mark(change, ctx)
  if change.everything then
    ctx.cache:suspect({}, change.everything)
    return change.everything
  end
  local reason
  for index, why in pairs(change.touched) do
    ctx.cache:suspect({ interface = index }, why)
    reason = why
  end
  if #change.left > 0 then
    suspect_routed(change, ctx)
  end
  return reason
end

--- The names in doubt that somebody needs, the latest first.
local function names_in_use(ctx, most)
  local entries, names, seen = {}, {}, {}
  for _, flag in ipairs { "suspect", "withheld" } do
    for _, entry in ipairs(ctx.cache:list({ [flag] = true }, MOST_LISTED)) do
      if entry.is_held or entry.idle <= IN_USE then
        entries[#entries + 1] = entry
      end
    end
  end
  table.sort(entries, function(a, b)
    return a.idle < b.idle
  end)
  for _, entry in ipairs(entries) do
    if not seen[entry.name] and #names < most then
      seen[entry.name] = true
      names[#names + 1] = entry.name
    end
  end
  return names
end

local function look(self, name, reason, ctx)
  local options = { reason = reason, probe = self.options.probe or nil }
  local verdict = ctx:recheck(name, options)
  for _, pause in ipairs(self.options.again) do
    if verdict then
      return
    end
    ctx:sleep(pause)
    verdict = ctx:recheck(name, options)
  end
end

function revalidate:network_changed(change, ctx)
  local reason = mark(change, ctx)
  if not reason then
    return
  end
  local looks = {}
  for i, name in ipairs(names_in_use(ctx, self.options.most)) do
    looks[i] = function()
      ctx:sleep((i - 1) * 1000 / self.options.rate)
      look(self, name, reason, ctx)
    end
  end
  ctx:all(looks)
end

return revalidate
