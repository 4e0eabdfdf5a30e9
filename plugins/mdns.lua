--- Multicast DNS (RFC 6762): asks the hosts on the attached links for their own names.
---
--- Answers `.local` names and the reverse names of link-local addresses unless its zones say
--- otherwise. Silence is no failure: the next strategy is asked.
local mdns = {
  zones = {
    "local.",
    "254.169.in-addr.arpa.",
    "8.e.f.ip6.arpa.",
    "9.e.f.ip6.arpa.",
    "a.e.f.ip6.arpa.",
    "b.e.f.ip6.arpa.",
  },
  options = {
    timeout = {
      "duration",
      default = "800ms",
      min = "1ms",
      doc = "how long to wait; asked again after 250 ms, 1 s, 3 s, …",
    },
    interfaces = {
      "list",
      of = "string",
      default = {},
      doc = "the only interfaces to ask on, even if tunnels; none means all that fit",
    },
    ipv4 = { "boolean", default = true, doc = "ask over IPv4" },
    ipv6 = { "boolean", default = true, doc = "ask over IPv6" },
  },
}

function mdns:resolve(query, ctx)
  if query.type == "ANY" then
    return nil
  end
  local packet, status, ttl, interface = ctx.mdns:ask(query.name, query.number, self.options)
  if not packet then
    return nil, status, ttl
  end
  return query:packet(packet, interface)
end

return mdns
