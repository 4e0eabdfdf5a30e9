--- Writes the inputs that the codec's fuzz targets begin with, one file per sample:
---   LUA_PATH='./spec/?.lua;;' LUA_CPATH='./build/?.so;;' luajit tools/fuzz_seed.lua FOLDER
--- Inputs that fuzzing finds later are put beside them by hand.

local core = require("mlxresolve.core")
local samples = require("support.rdata_samples")
local bit = require("bit")

local folder = assert(arg[1], "expected the folder of the corpora")

local function write(target, name, data)
  local path = ("%s/%s/%s"):format(folder, target, name)
  local file = assert(io.open(path, "wb"))
  assert(file:write(data))
  assert(file:close())
end

local function be16(n)
  return string.char(bit.rshift(n, 8), n % 256)
end

-- One packet and one text for every sample; even IDs make the target write as mDNS does.
local seen = {}
for i, sample in ipairs(samples) do
  local n = (seen[sample.type] or 0) + 1
  seen[sample.type] = n
  local name = ("%s_%d"):format(sample.type:lower(), n)
  local number = assert(core.wire.type_number(sample.type))
  local packet = assert(core.wire.encode {
    id = i,
    response = true,
    questions = { { name = "a.example", type = sample.type } },
    answers = { { name = "a.example", type = sample.type, ttl = 60, data = sample.text } },
  })
  write("wire", name, packet)
  write("text", name, "\3" .. be16(number) .. sample.text)
end

write("wire", "mdns_announcement", (assert(core.wire.encode({
  response = true,
  authoritative = true,
  answers = {
    { name = "_ipp._tcp.local", type = "PTR", ttl = 4500, data = "My\\032Printer._ipp._tcp.local" },
    {
      name = "My Printer._ipp._tcp.local",
      type = "SRV",
      ttl = 120,
      cache_flush = true,
      data = "0 0 631 mini2.local",
    },
  },
  additionals = {
    { name = "mini2.local", type = "A", ttl = 120, cache_flush = true, data = "192.0.2.1" },
    {
      name = "mini2.local",
      type = "NSEC",
      ttl = 120,
      cache_flush = true,
      data = "mini2.local. A AAAA",
    },
  },
}, { mdns = true }))))
write("wire", "mdns_question", (assert(core.wire.encode {
  questions = {
    { name = "mini2.local", type = "A", unicast = true },
    { name = "mini2.local", type = "AAAA", unicast = true },
  },
})))
write("wire", "edns_ede", (assert(core.wire.encode {
  id = 7,
  response = true,
  rcode = 16,
  questions = { { name = "example", type = "A" } },
  edns = {
    dnssec_ok = true,
    options = { { code = 15, data = "\0\22no reachable authority" }, { code = 12, data = "" } },
  },
})))

local header = "\0\1\132\0\0\1\0\0\0\0\0\0"
write("wire", "pointer_to_itself", header .. "\192\12\0\1\0\1")
write("wire", "pointer_forward", header .. "\192\14\1a\0\0\1\0\1")
write("wire", "pointer_into_header", header .. "\192\4\0\1\0\1")
write("wire", "counts_lie", "\0\1\132\0\255\255\255\255\255\255\255\255")

local MINI2 = { name = "mini2.local", type = "A" }
local function said(name, type, data)
  return { name = name, type = type, ttl = 120, data = data }
end
for name, message in pairs {
  question = { questions = { { name = "other.local", type = "A" }, MINI2 } },
  question_ours = { questions = { { name = "_mlx._tcp.local", type = "PTR" } } },
  more_known = { answers = { said("mini2.local", "A", "192.0.2.1") } },
  response = {
    response = true,
    questions = { MINI2 },
    answers = { said("other.local", "A", "192.0.2.1"), said("MINI2.local", "A", "192.0.2.1") },
  },
  pointer_ours = {
    response = true,
    answers = { said("_mlx._tcp.local", "PTR", "w._mlx._tcp.local") },
  },
  pointer_of_others = {
    response = true,
    answers = { said("_mlx._tcp.local", "PTR", "v._mlx._tcp.local") },
    additionals = { said("v._mlx._tcp.local", "SRV", "0 0 1 mini2.local") },
  },
} do
  write("interest", name, (assert(core.wire.encode(message, { mdns = true }))))
end
write(
  "interest",
  "chain_of_pointers",
  header:sub(1, 4)
    .. "\0\1\0\0\0\0\0\0"
    .. "\192\26\0\1\0\1"
    .. "\5mini2\0"
    .. "\192\18"
    .. "\192\25"
)
write("interest", "pointer_to_itself", header:sub(1, 4) .. "\0\0\0\1\0\0\0\0\192\12")

for i, text in ipairs {
  "example.com",
  "My Printer._ipp._tcp.local.",
  "a\\.b\\\\c\\000\\255.example",
  ("a"):rep(63) .. ".example",
  ("a."):rep(127),
  "\195\164\195\182.de",
} do
  write("text", "name_" .. i, "\0\0\0" .. text)
end
for i, text in ipairs {
  "192.0.2.1:53",
  "[fe80::1%3]:5353",
  "::ffff:192.0.2.1",
  "ff02::fb%12",
} do
  write("text", "address_" .. i, "\1\0\0" .. text)
end
for i, text in ipairs { "192.0.2.0/24", "fe80::/10", "::/0", "0.0.0.0/0", "192.0.2.1" } do
  write("text", "network_" .. i, "\2\0\0" .. text)
end
