---@meta mlxresolve.core

---@class mlxresolve.core
local core = {}

core.wire = {}

---@class mlxresolve.Record
---@field name string       canonical owner
---@field type string       "A", "TYPE65280"
---@field class string      "IN", "CH", "ANY", "CLASS7"
---@field ttl integer
---@field data string       presentation form, "192.0.2.1", "10 5 443 host.local."
---@field cache_flush boolean

---@class mlxresolve.Question
---@field name string
---@field type string
---@field class string
---@field unicast boolean   the QU bit

---@class mlxresolve.Edns
---@field udp_size integer
---@field version integer
---@field dnssec_ok boolean
---@field options { code: integer, data: string }[]
---@field ede { code: integer, text: string }[]   read only; write options

---@class mlxresolve.Message
---@field id integer
---@field response boolean       QR
---@field opcode integer
---@field rcode integer
---@field authoritative boolean  AA
---@field truncated boolean      TC
---@field recursion_desired boolean
---@field recursion_available boolean
---@field authentic boolean      AD
---@field checking_disabled boolean
---@field questions mlxresolve.Question[]
---@field answers mlxresolve.Record[]
---@field authorities mlxresolve.Record[]
---@field additionals mlxresolve.Record[]   without OPT
---@field edns mlxresolve.Edns|nil

--- Reads a whole message. Trailing bytes, two OPT records and rdata that breaks its type's
--- rules are errors; an NSEC that cannot be read is shown as "\# n hex" (RFC 6762 section 6.1).
--- Names of entries are canonical; names inside `data` keep their spelling.
---@param packet string
---@return mlxresolve.Message|nil, string? message, string? code
function core.wire.decode(packet) end

---@class mlxresolve.EncodeOptions
---@field mdns boolean?       compress SRV and NSEC as RFC 6762 18.14 asks
---@field max integer?        bytes; records that do not fit are left out and TC is set

--- Writes a message. Absent fields take their zero; `class` defaults to "IN".
---@param message table   as mlxresolve.Message
---@param options mlxresolve.EncodeOptions?
---@return string|nil packet, string? message, string? code
function core.wire.encode(message, options) end

--- The number of a type's mnemonic and back.
---@param type string
---@return integer|nil, string? message, string? code
function core.wire.type_number(type) end
---@param number integer
---@return string
function core.wire.type_name(number) end
