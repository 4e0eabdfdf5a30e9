--- What the core has numbers for and people have names, and the servers that the system names.

local core = require("mlxresolve.core")
local resolv_conf = require("mlxresolve.resolv_conf")

local RESOLV_CONF = "/etc/resolv.conf"

---@class mlxresolve.Resolver
local directory = {}

---@param index integer|false
---@return string|false
function directory:interface_name(index)
  if not index or index == 0 then
    return false
  end
  for _, interface in ipairs(self.world:interfaces()) do
    if interface.index == index then
      return interface.name
    end
  end
  return false
end

---@return integer|nil
function directory:interface_index(name)
  for _, interface in ipairs(self.world:interfaces()) do
    if interface.name == name then
      return interface.index
    end
  end
end

---@param hash integer
---@return string|false
function directory:strategy_name(hash)
  local step = self.chain.by_hash[hash]
  return step and step.label or false
end

---@param label string
---@return integer|nil
function directory:strategy_hash(label)
  for hash, step in pairs(self.chain.by_hash) do
    if step.label == label then
      return hash
    end
  end
end

--- Is there no network at all, as far as that is known?
---@return boolean
function directory:is_offline()
  return self.onlink and self.onlink.is_offline
end

--- The port of a name among the policy's peers.
---@param name string  canonical
---@return integer|false
function directory:peer_port(name)
  for _, peer in ipairs(self.policy.peers or {}) do
    if peer.name == name then
      return peer.port
    end
  end
  return false
end

--- Is a name in use all the time, as one that is watched or a peer?
---@param name string  canonical
---@return boolean
function directory:is_held(name)
  return self.in_use.held[name] ~= nil
end

--- Is it one of our own listeners, or this machine under a port on which we listen everywhere?
local function is_ourselves(self, server)
  if self.own_listeners[server] then
    return true
  end
  local parsed = core.address.parse(server)
  local everywhere = parsed.family == "ipv6" and "[::]:" or "0.0.0.0:"
  if not self.own_listeners[everywhere .. parsed.port] then
    return false
  end
  if parsed.is_loopback then
    return true
  end
  for _, interface in ipairs(self.world:interfaces()) do
    for _, entry in ipairs(interface.addresses or {}) do
      if entry.address == parsed.address then
        return true
      end
    end
  end
  return false
end

--- The servers of resolv.conf without our own listeners, read anew when the file changes.
---@return string[]
function directory:system_servers()
  local world = self.world
  local path = world:env("MLXRESOLVE_RESOLV_CONF") or RESOLV_CONF
  local stamp = world:file_stamp(path)
  if stamp ~= self.system_stamp and self.system_stamp then
    self.failures:flush()
  end
  if stamp ~= self.system_stamp or not self.system_list then
    self.system_stamp = stamp
    self.system_list = {}
    for _, server in ipairs(resolv_conf.servers(world:read_file(path) or "")) do
      if not is_ourselves(self, server) then
        table.insert(self.system_list, server)
      end
    end
  end
  return self.system_list
end

return directory
