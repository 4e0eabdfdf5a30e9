---@meta mlxresolve.core
--- Canonical answers: see core/answer.h. An `answer packet` is a Lua string.

---@class mlxresolve.core
local core = {}

core.answer = {}

--- Makes a canonical answer from a reply to a question for (name, type).
---@param packet string
---@return string|nil answer, string status "answer"|"nodata"|"nxdomain"|"failure", integer ttl, integer rcode
function core.answer.scrub(packet) end

--- Builds a canonical answer from rdata texts. `records` is a list of data texts of
--- the question's type, e.g. { "192.0.2.1" }; nil or {} makes NODATA.
---@param name string
---@param type string
---@param records string[]?
---@param ttl integer
---@return string|nil answer, string? message, string? code
function core.answer.build(name, type, records, ttl) end

--- A denial: "nodata" or "nxdomain", with a SOA of that TTL.
---@param name string
---@param type string
---@param status "nodata"|"nxdomain"
---@param ttl integer
---@return string|nil answer, string? message, string? code
function core.answer.deny(name, type, status, ttl) end

--- What it says, without decoding it.
---@param answer string
---@return string|nil status, integer ttl, string name, string type, integer rcode
function core.answer.read(answer) end

--- The data texts of the final RRset (addresses, SRV data, …), in order, and its TTL.
---@param answer string
---@return string[]|nil data, integer ttl
function core.answer.data(answer) end

--- Puts "owner CNAME name" in front.
---@param answer string
---@param owner string
---@param ttl integer
---@return string|nil answer, string? message, string? code
function core.answer.alias(answer, owner, ttl) end

--- Records of the final RRset in the given one-based order; left out means dropped.
---@param answer string
---@param order integer[]
---@return string|nil answer, string? message, string? code
function core.answer.reorder(answer, order) end

---@class mlxresolve.ReplyOptions
---@field max integer?       bytes; a longer reply is cut off with TC
---@field ede_code integer?  RFC 8914 info code; goes out with `ede_text`
---@field ede_text string?
---@field rotation integer?  turns the addresses by so many places

--- Makes the reply to a client's packet from an answer to its question, as the front
--- does; for simulated worlds and specs.
---@param answer string
---@param packet string
---@param options mlxresolve.ReplyOptions?
---@return string|nil reply, string? message, string? code
function core.answer.reply(answer, packet, options) end

--- A reply without records.
---@param packet string
---@param rcode integer
---@param options mlxresolve.ReplyOptions?
---@return string|nil reply, string? message, string? code
function core.answer.refuse(packet, rcode, options) end

--- What a client's packet is worth: 0, or the rcode to refuse it with, and the question
--- if it could be read; or nil when it deserves no reply at all.
---@param packet string
---@return integer|nil rcode, string? name, string? type, integer|string? udp_size
function core.answer.request(packet) end
