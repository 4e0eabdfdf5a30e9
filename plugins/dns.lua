--- Unicast DNS: the system's servers or named ones, UDP and TCP, with failover.
---
--- Servers are asked in their order; one that failed lately is asked last. Names that must not
--- leave the link (RFC 6761, 6762 section 22.1, 7686) are left out unless the strategy's zones
--- name them.
local dns = {
  forgets = true,
  by_name = true,
  options = {
    servers = {
      "choice",
      of = {
        { "enum", values = { "system" } },
        { "list", of = { "endpoint", port = 53 }, min = 1 },
      },
      default = "system",
      doc = 'whom to ask: addresses such as "192.0.2.53", or what the system is set up with',
    },
    attempt = {
      "duration",
      default = "1s",
      min = "1ms",
      doc = "time for one server before the next is asked",
    },
    recheck = { "duration", default = "5s", doc = "how long a server that failed is asked last" },
    tcp = { "boolean", default = false, doc = "ask over TCP only" },
    cookies = { "boolean", default = true, doc = "know replies by cookies (RFC 7873)" },
  },
  except = {
    "local.",
    "localhost.",
    "invalid.",
    "onion.",
    "test.",
    "254.169.in-addr.arpa.",
    "8.e.f.ip6.arpa.",
    "9.e.f.ip6.arpa.",
    "a.e.f.ip6.arpa.",
    "b.e.f.ip6.arpa.",
  },
}

local function list_servers(self, ctx)
  local servers = self.options.servers
  return servers == "system" and ctx:system_servers() or servers
end

--- The servers, those that failed lately behind the others.
local function in_order(self, servers, now)
  local failed_at = self.failed_at
  if not next(failed_at) then
    return servers
  end
  local good, bad = {}, {}
  for _, server in ipairs(servers) do
    local at = failed_at[server]
    local list = at and now - at < self.options.recheck and bad or good
    list[#list + 1] = server
  end
  for _, server in ipairs(bad) do
    good[#good + 1] = server
  end
  return good
end

function dns:open()
  self.failed_at = {}
end

function dns:resolve(query, ctx)
  self.failed_at = self.failed_at or {}
  local servers = in_order(self, list_servers(self, ctx), ctx:now())
  if #servers == 0 then
    return nil, "there is no server to ask (resolv.conf names none)", "ENOSERVER"
  end
  self.ask = self.ask
    or {
      timeout = self.options.attempt,
      tcp = self.options.tcp,
      cookies = self.options.cookies,
    }
  local answer, message, code
  for i = 1, #servers do
    local server = servers[i]
    answer, message, code = ctx:exchange(server, query, self.ask)
    if answer then
      self.failed_at[server] = nil
      return answer
    end
    self.failed_at[server] = ctx:now()
    if i < #servers then
      ctx:note(message)
    end
  end
  return nil, message, code
end

return dns
