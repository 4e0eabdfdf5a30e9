--- Proofs as plain tables, for people.

local listing = {}

--- { name, address, outcome, reason, age (s) } of those that count, sorted.
---@param proofs table<string, table<string, table>>  name → address → proof
---@param now number
---@param life table<string, number>  outcome → ms for which it counts
---@return table[]
function listing.of(proofs, now, life)
  local list = {}
  for name, of_name in pairs(proofs) do
    for address, proof in pairs(of_name) do
      if proof.outcome and now < proof.at + life[proof.outcome] then
        list[#list + 1] = {
          name = name,
          address = address,
          outcome = proof.outcome,
          reason = proof.reason,
          age = math.floor((now - proof.at) / 1000),
        }
      end
    end
  end
  table.sort(list, function(a, b)
    return a.name .. a.address < b.name .. b.address
  end)
  return list
end

return listing
