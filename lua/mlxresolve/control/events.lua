--- What becomes of names and services as the control socket and `--json` tell it.

local words = require("mlxresolve.words")

local events = {}

local function as_text(value)
  return value == true or words.utf8(value)
end

local function round(date)
  return math.floor(date * 1000 + 0.5) / 1000
end

--- What `resolver:watch` tells.
---@param event mlxresolve.WatchEvent
---@param date number  s since 1970
---@return table
function events.of_name(event, date)
  return {
    event = event.kind,
    name = event.name,
    family = event.family,
    address = event.address,
    was = event.was or false,
    interface = event.interface or false,
    strategy = event.strategy or false,
    reason = event.reason,
    time = round(date),
  }
end

--- What the mDNS engine's `browse` tells.
---@param service mlxresolve.mdns.Service
---@param date number  s since 1970
---@return table
function events.of_service(service, date)
  local txt, texts = {}, {}
  for key, value in pairs(service.txt) do
    txt[key] = as_text(value)
  end
  for i, text in ipairs(service.texts) do
    texts[i] = as_text(text)
  end
  return {
    event = service.kind,
    instance = as_text(service.instance),
    name = service.name,
    type = service.type,
    domain = service.domain,
    host = service.host or false,
    port = service.port or false,
    addresses = service.addresses,
    interface = service.interface,
    txt = txt,
    texts = texts,
    reason = service.reason or false,
    time = round(date),
  }
end

return events
