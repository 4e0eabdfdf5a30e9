--- Checks that a host lives by an ICMP echo ("ping"), without privileges: where the system does not
--- let this user ask, it says what to change and proves nothing.
local icmp = {
  options = {
    timeout = { "duration", default = "1s", min = "1ms", doc = "how long a host may take" },
    tries = { "integer", default = 2, min = 1, max = 10, doc = "packets within that time" },
  },
}

function icmp:probe(endpoint, ctx)
  local each = self.options.timeout / self.options.tries
  local ms, message, code
  for _ = 1, self.options.tries do
    ms, message, code = ctx:echo(endpoint.address, { timeout = each })
    if ms then
      return true
    elseif code ~= "ETIMEOUT" then
      break
    end
  end
  return nil, message, code
end

return icmp
