--- Checks that a host lives by a TCP connection to one of its ports. A host that refuses the
--- connection is there, too: only its service is not.
local mlx = require("mlxresolve")

local tcp = {
  options = {
    port = {
      "integer",
      min = 1,
      max = 65535,
      doc = "where to connect; the endpoint's own, such as a peer's, when absent",
    },
    refused = {
      "enum",
      values = { "alive", "dead" },
      default = "alive",
      doc = "what a refused connection proves: the host lives, or its service does not",
    },
    timeout = { "duration", default = "1s", min = "1ms", doc = "how long a host may take" },
  },
}

function tcp:probe(endpoint, ctx)
  local port = self.options.port or endpoint.port
  if not port then
    return nil, ("no port is known of %s: give the option 'port'"):format(endpoint.name), "EINVAL"
  end
  local is_ipv6 = mlx.address.parse(endpoint.address).family == "ipv6"
  local form = is_ipv6 and "[%s]:%d" or "%s:%d"
  local stream, message, code = ctx:connect(form:format(endpoint.address, port))
  if stream then
    stream:close()
    return true
  elseif code == "ECONNREFUSED" and self.options.refused == "alive" then
    return true
  end
  return nil, message, code
end

return tcp
