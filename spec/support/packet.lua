--- Writes DNS messages byte by byte, so that specs can also write wrong ones.
local core = require("mlxresolve.core")
local bit = require("bit")

local packet = {}

function packet.u16(n)
  return string.char(bit.band(bit.rshift(n, 8), 255), bit.band(n, 255))
end

function packet.u32(n)
  return packet.u16(math.floor(n / 65536)) .. packet.u16(n % 65536)
end

--- A wire name; what begins with a byte above 191 is a pointer and stays as it is.
function packet.name(text)
  if text:byte() and text:byte() >= 192 then
    return text
  end
  return assert(core.name.to_wire(text))
end

--- As `packet.name`, but in the spelling that was given.
function packet.spelled(text)
  return (
    text:gsub("([^.]*)%.?", function(label)
      return label ~= "" and string.char(#label) .. label or ""
    end)
  ) .. "\0"
end

--- The pointer to the question's name.
packet.QUESTION = "\192\12"

local numbers = {
  A = 1,
  NS = 2,
  CNAME = 5,
  SOA = 6,
  PTR = 12,
  MX = 15,
  TXT = 16,
  AAAA = 28,
  SRV = 33,
  DNAME = 39,
  OPT = 41,
  ANY = 255,
}

local function number(type)
  return numbers[type] or type
end

function packet.question(name, type, class)
  return packet.name(name) .. packet.u16(number(type)) .. packet.u16(class or 1)
end

function packet.record(owner, type, ttl, rdata, class)
  return packet.name(owner)
    .. packet.u16(number(type))
    .. packet.u16(class or 1)
    .. packet.u32(ttl)
    .. packet.u16(#rdata)
    .. rdata
end

function packet.a(owner, ttl, address)
  local bytes = { address:match("(%d+)%.(%d+)%.(%d+)%.(%d+)") }
  return packet.record(owner, "A", ttl, string.char(unpack(bytes)))
end

function packet.cname(owner, ttl, target)
  return packet.record(owner, "CNAME", ttl, packet.name(target))
end

function packet.soa(owner, ttl, minimum)
  local fixed = packet.u32(1) .. packet.u32(3600) .. packet.u32(600) .. packet.u32(86400)
  local rdata = packet.name("ns.example.") .. packet.name("admin.example.")
  return packet.record(owner, "SOA", ttl, rdata .. fixed .. packet.u32(minimum))
end

---@param options table?  { size=, rcode=, version=, dnssec_ok=, options= }
function packet.opt(options)
  options = options or {}
  return "\0"
    .. packet.u16(41)
    .. packet.u16(options.size or 1232)
    .. string.char(options.rcode or 0, options.version or 0)
    .. packet.u16(options.dnssec_ok and 0x8000 or 0)
    .. packet.u16(#(options.options or ""))
    .. (options.options or "")
end

--- A message. `sections` has `id`, `flags`, `question` (or several), `answers`,
--- `authorities`, `additionals` (lists of bytes), `counts` that lie, and a `tail`.
function packet.message(sections)
  local parts = { packet.u16(sections.id or 0x1234), packet.u16(sections.flags or 0) }
  local body = {}
  local question = sections.question
  local lists = {
    type(question) == "table" and question or { question },
    sections.answers or {},
    sections.authorities or {},
    sections.additionals or {},
  }
  for i, list in ipairs(lists) do
    parts[#parts + 1] = packet.u16(sections.counts and sections.counts[i] or #list)
    body[i] = table.concat(list)
  end
  return table.concat(parts) .. table.concat(body) .. (sections.tail or "")
end

--- A client's plain query.
function packet.query(name, type, sections)
  sections = sections or {}
  sections.question = sections.question or packet.question(name, type)
  sections.flags = sections.flags or 0x0100
  return packet.message(sections)
end

--- A reply of a server that recurses.
function packet.reply(name, type, sections)
  sections.question = sections.question or packet.question(name, type)
  sections.flags = sections.flags or (0x8180 + (sections.rcode or 0))
  return packet.message(sections)
end

--- "nnnn" of the header: the flags word, and the four counts.
function packet.header(bytes)
  local words = {}
  for i = 1, 6 do
    words[i] = bytes:byte(2 * i - 1) * 256 + bytes:byte(2 * i)
  end
  return words[2], { words[3], words[4], words[5], words[6] }, words[1]
end

return packet
