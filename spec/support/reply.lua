--- Replies to DNS queries, byte by byte and without the code that is under test.
---
---   local reply = require("support.reply")
---   socket:send(reply.to(query, { address = "192.0.2.1" }), …)

local reply = {}

local FORMAT_ERROR = 1
reply.FORMERR, reply.SERVFAIL, reply.NXDOMAIN, reply.NOTIMP = FORMAT_ERROR, 2, 3, 4
reply.BADCOOKIE = 23

local QR, RA, TC, RD = 0x8000, 0x0080, 0x0200, 0x0100
local HEADER = 12

local bit = require("bit")

--- A number as two bytes, in network order.
---@param number integer
---@return string
function reply.u16(number)
  return string.char(bit.rshift(number, 8), bit.band(number, 255))
end

--- The 16-bit number at a one-based offset.
---@param packet string
---@param at integer
---@return integer
function reply.read_u16(packet, at)
  local high, low = packet:byte(at, at + 1)
  return high * 256 + low
end

--- The question section of a query: name, type, class.
---@param query string
---@return string
function reply.question_of(query)
  local at = HEADER + 1
  while query:byte(at) ~= 0 do
    at = at + query:byte(at) + 1
  end
  return query:sub(HEADER + 1, at + 4)
end

--- The cookie in a query's OPT record, which ends with it, or nil.
---@param query string
---@return string|nil
function reply.cookie_of(query)
  local options = query:sub(HEADER + #reply.question_of(query) + 11 + 1)
  return options:sub(1, 2) == "\0\10" and options:sub(5, 4 + reply.read_u16(options, 3)) or nil
end

--- Does the query carry a record in its additional section (its OPT)?
---@param query string
---@return boolean
function reply.has_edns(query)
  return reply.read_u16(query, 11) == 1
end

--- Wire form of a name in text, no escapes.
---@param name string
---@return string
function reply.name(name)
  local labels = {}
  for label in name:gmatch("[^.]+") do
    labels[#labels + 1] = string.char(#label) .. label
  end
  return table.concat(labels) .. "\0"
end

local function record(address)
  local a, b, c, d = address:match("(%d+)%.(%d+)%.(%d+)%.(%d+)")
  return "\192\12"
    .. reply.u16(1)
    .. reply.u16(1)
    .. "\0\0\0\60"
    .. reply.u16(4)
    .. string.char(tonumber(a), tonumber(b), tonumber(c), tonumber(d))
end

local function opt_record(cookie, rcode)
  local option = "\0\10" .. reply.u16(#cookie) .. cookie
  local head = "\0" .. reply.u16(41) .. reply.u16(1232) .. string.char(bit.rshift(rcode, 4))
  return head .. "\0\0\0" .. reply.u16(#option) .. option
end

---@class support.Reply
---@field address string?    an A record to answer with
---@field addresses string[]? several
---@field rcode integer?
---@field truncated boolean?
---@field id integer?        instead of the query's
---@field question string?   instead of the query's, wire form; "" for none
---@field flags integer?     instead of QR, RD, RA
---@field cookie string?    in an OPT record
---@field cut integer?       bytes to keep

--- A reply to a query.
---@param query string
---@param options support.Reply?
---@return string
function reply.to(query, options)
  options = options or {}
  local question = options.question or reply.question_of(query)
  local addresses = options.addresses or { options.address }
  local flags = options.flags or QR + RA + RD
  if options.truncated then
    flags = flags + TC
  end
  local parts = {
    reply.u16(options.id or reply.read_u16(query, 1)),
    reply.u16(flags + bit.band(options.rcode or 0, 15)),
    reply.u16(question == "" and 0 or 1),
    reply.u16(#addresses),
    reply.u16(0),
    reply.u16(options.cookie and 1 or 0),
    question,
  }
  for _, address in ipairs(addresses) do
    parts[#parts + 1] = record(address)
  end
  if options.cookie then
    parts[#parts + 1] = opt_record(options.cookie, options.rcode or 0)
  end
  return table.concat(parts):sub(1, options.cut or -1)
end

return reply
