--- From evidence to a verdict: is an answer to be kept, did it move, or is it gone?

local verdict = {}

local function list_of(set)
  local list = {}
  for address in pairs(set) do
    list[#list + 1] = address
  end
  table.sort(list)
  return list
end

local function said_by(found, on_link)
  if on_link == true then
    return "its host says it again"
  end
  return ("%s says it again"):format(found.strategy or "the policy")
end

--- Of the addresses in doubt, those that are said no more; how many families could not be asked.
local function compare(in_doubt, found)
  local gone, unknown = {}, 0
  for address, family in pairs(in_doubt) do
    if found.failed[family] then
      unknown = unknown + 1
    elseif not found.addresses[address] then
      gone[#gone + 1] = address
    end
  end
  return gone, unknown
end

local function alive_of(probes)
  for address, result in pairs(probes) do
    if result == true then
      return address
    end
  end
end

--- The verdict and its reason in words; nil and why there is none.
---@param name string
---@param in_doubt table<string, string>  address → family
---@param found mlxresolve.Found
---@param probes table<string, true|string>
---@param on_link boolean|"silence"
---@return mlxresolve.Verdict|nil, string reason
function verdict.judge(name, in_doubt, found, probes, on_link)
  local gone, unknown = compare(in_doubt, found)
  local others = list_of(found.addresses)
  local alive = alive_of(probes)
  if #gone == 0 and unknown == 0 and (next(in_doubt) or #others > 0) then
    return "keep", said_by(found, on_link)
  elseif #others > 0 and #gone > 0 then
    return "move", ("now at %s"):format(table.concat(others, ", "))
  elseif alive then
    return "keep", ("%s answers, though nobody says it"):format(alive)
  elseif unknown > 0 or next(found.failed) then
    return nil, ("%s: nobody could be asked: %s"):format(name, found.message or "no network")
  end
  return "drop", on_link == "silence" and "its host is silent" or "nobody knows it any more"
end

--- The same for a pinned name, in a task: what is kept has to be proved, and where only other hosts
--- answer there is nothing to keep.
---@param identity mlxresolve.Identity
---@param name string
---@param said mlxresolve.Verdict|nil
---@param reason string
---@param found mlxresolve.Found
---@return mlxresolve.Verdict|nil, string reason
function verdict.prove(identity, name, said, reason, found)
  if said ~= "keep" and said ~= "move" then
    return said, reason
  end
  identity:doubt(name)
  local proved, refused = identity:prove_all(name, list_of(found.addresses))
  if not proved then
    return said, reason
  end
  for address in pairs(refused) do
    found.addresses[address] = nil
  end
  local address, why = next(refused)
  if address and not next(found.addresses) then
    return "drop", ("another host answers at %s: %s"):format(address, why)
  elseif said == "keep" and not next(proved) then
    return nil, name .. ": its host has not proved who it is"
  end
  return said, reason
end

return verdict
