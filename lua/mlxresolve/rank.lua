--- Rankers: the order of an answer's addresses, one ranker after the other.

local rank = {}

local FAMILIES = { A = "ipv4", AAAA = "ipv6" }

local function list_addresses(answer, family, runtime)
  local list = {}
  for i, text in ipairs(answer:data()) do
    list[i] = {
      address = text,
      family = family,
      interface = runtime:interface_name(answer.interface),
      position = i,
    }
  end
  return list
end

local function is_position(value, count)
  return type(value) == "number" and value >= 1 and value <= count and value % 1 == 0
end

--- The positions that the rankers left; what they invented is left out.
local function order_of(ranked, count)
  local order, seen = {}, {}
  for _, entry in ipairs(ranked) do
    local position = type(entry) == "table" and entry.position
    if is_position(position, count) and not seen[position] then
      seen[position] = true
      order[#order + 1] = position
    end
  end
  return order
end

local function is_unchanged(order, count)
  for i = 1, count do
    if order[i] ~= i then
      return false
    end
  end
  return #order == count
end

--- Lets the rankers reorder, or drop, an answer's addresses; answers of other types come back as
--- they are.
---@param rankers mlxresolve.Instance[]
---@param answer mlxresolve.Answer
---@param query mlxresolve.Query
---@param runtime table
---@return mlxresolve.Answer
function rank.apply(rankers, answer, query, runtime)
  local family = FAMILIES[query.type]
  if #rankers == 0 or not family or answer.status ~= "answer" then
    return answer
  end
  local addresses = list_addresses(answer, family, runtime)
  local count = #addresses
  for _, instance in ipairs(rankers) do
    local ok, ranked = instance:try("rank", addresses, query, instance.ctx)
    if ok and type(ranked) == "table" then
      addresses = ranked
    elseif ok and ranked then
      instance:blame("rank: expected a list of the addresses or nothing, got a " .. type(ranked))
    end
  end
  local order = order_of(addresses, count)
  if is_unchanged(order, count) then
    return answer
  end
  return answer:reorder(order) or answer
end

return rank
