--- Publishes this machine's name and a service on the attached links (RFC 6762, RFC 6763).
---
--- Without `service` it is the name alone: its addresses, and the way back from them. Names that
--- another host has already are given a number. Several services are several uses.
local publish = {
  options = {
    host = { "string", doc = "in place of the machine's host name, without a domain" },
    service = { "service", doc = "what is offered, such as '_mlx._tcp'" },
    port = { "integer", min = 0, max = 65535, doc = "where it is offered" },
    instance = { "string", doc = "name of this instance, for people; the host's when absent" },
    txt = {
      "map",
      of = { "choice", of = { "string", "number", "boolean" } },
      default = {},
      doc = "what else there is to know: key = value, or key = true for a mere flag",
    },
    subtypes = {
      "list",
      of = "string",
      default = {},
      doc = "narrower kinds that it can be found by, such as '_gpu'",
    },
  },
}

function publish:open(ctx)
  local options = self.options
  local publication, message = ctx.mdns:publish(options)
  if not publication then
    error("publish: " .. message, 0)
  end
  self.publication = publication
end

function publish:close()
  if self.publication then
    self.publication:close()
  end
end

return publish
