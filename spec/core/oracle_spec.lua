--- The codec beside dnspython: both read and write the same packets and texts.

local cjson = require("cjson")
local core = require("mlxresolve.core")
local samples = require("support.rdata_samples")
local shell = require("support.shell")
local bit = require("bit")

local wire = core.wire

local PYTHON = "/usr/bin/python3" -- the one that sees python3-dnspython
local SECTIONS = { answer = "answers", authority = "authorities", additional = "additionals" }
local ORDER = { "answer", "authority", "additional" }

-- Where the texts differ though both are right; these are compared by their bytes alone.
local OTHER_TEXT = {
  SVCB = "quotes every value",
  HTTPS = "quotes every value",
  CERT = "shows the algorithm's mnemonic",
}

-- What dnspython 2.3 reads otherwise than the RFCs say.
local OTHER_READING = {
  ['1 . alpn="http/1.1" dohpath="/dns-query{?dns}"'] = "does not know dohpath",
}

local function ask(requests)
  local folder = shell.temp_folder()
  local lines = {}
  for i, request in ipairs(requests) do
    lines[i] = cjson.encode(request)
  end
  shell.write(folder .. "/in", table.concat(lines, "\n") .. "\n")
  local command = ("%s spec/support/oracle.py < %s/in"):format(PYTHON, folder)
  local pipe = assert(io.popen(command))
  local replies = {}
  for line in pipe:lines() do
    replies[#replies + 1] = cjson.decode(line)
  end
  pipe:close()
  shell.remove_folder(folder)
  assert.equal(#requests, #replies)
  return replies
end

local function to_hex(bytes)
  return (bytes:gsub(".", function(c)
    return ("%02x"):format(c:byte())
  end))
end

local function to_bytes(hex)
  return (hex:gsub("..", function(pair)
    return string.char(tonumber(pair, 16))
  end))
end

--- A generator of our own, so that every run makes the same messages.
local function generator(seed)
  return function(n)
    seed = bit.tobit(bit.bxor(seed, bit.lshift(seed, 13)))
    seed = bit.bxor(seed, bit.rshift(seed, 17))
    seed = bit.bxor(seed, bit.lshift(seed, 5))
    return bit.band(seed, 0x7fffffff) % n + 1
  end
end

local LABELS =
  { "a", "b", "www", "mini2", "example", "local", "_tcp", ("x"):rep(63), "A", "Example" }

local function random_name(random)
  local labels = {}
  for i = 1, random(4) do
    labels[i] = LABELS[random(#LABELS)]
  end
  return table.concat(labels, ".") .. "."
end

local NAMED = {
  NS = "%s",
  CNAME = "%s",
  PTR = "%s",
  DNAME = "%s",
  MX = "%d %s",
  AFSDB = "%d %s",
  RT = "%d %s",
  KX = "%d %s",
  SRV = "1 2 %d %s",
  RP = "%s %s",
  SOA = "%s %s 1 2 3 4 5",
  NSEC = "%s A AAAA TYPE1234",
  NAPTR = '1 2 "" "" "" %s',
}
local NAMED_TYPES = {}
for type in pairs(NAMED) do
  NAMED_TYPES[#NAMED_TYPES + 1] = type
end
table.sort(NAMED_TYPES)

local function random_data(random, type)
  return (
    NAMED[type]:gsub("%%(.)", function(kind)
      return kind == "d" and tostring(random(65535)) or random_name(random)
    end)
  )
end

--- Records in the order of their sections: section, name, ttl, class, type, text.
local function random_records(random)
  local records = {}
  for _, section in ipairs(ORDER) do
    for _ = 1, random(6) - 1 do
      local type = NAMED_TYPES[random(#NAMED_TYPES)]
      local text
      if random(2) == 1 then
        text = random_data(random, type)
      else
        local sample = samples[random(#samples)]
        type, text = sample.type, sample.canonical
      end
      records[#records + 1] = { section, random_name(random), random(2 ^ 30), "IN", type, text }
    end
  end
  return records
end

local function to_message(records)
  local message = { id = 1, response = true, answers = {}, authorities = {}, additionals = {} }
  for _, record in ipairs(records) do
    table.insert(message[SECTIONS[record[1]]], {
      name = record[2],
      ttl = record[3],
      class = record[4],
      type = record[5],
      data = record[6],
    })
  end
  return message
end

--- All records of a message that the core read.
local function flatten(message)
  local records = {}
  for _, section in ipairs(ORDER) do
    for _, record in ipairs(message[SECTIONS[section]]) do
      records[#records + 1] = { section, record.name, record.ttl, record.type, record.data }
    end
  end
  return records
end

describe("core.wire beside dnspython", function()
  it("writes rdata that the other reads as the same text", function()
    local requests = {}
    for i, sample in ipairs(samples) do
      local packet = assert(wire.encode {
        response = true,
        answers = { { name = "a.example.", type = sample.type, ttl = 60, data = sample.text } },
      })
      requests[i] = { read = to_hex(packet) }
    end
    local compared = 0
    for i, reply in ipairs(ask(requests)) do
      local sample = samples[i]
      local record =
        assert(reply.records, sample.type .. " " .. sample.text .. ": " .. tostring(reply.error))[1]
      local text = record[6]
      if not text:match("^\\#") and not OTHER_TEXT[sample.type] then
        assert.equal(sample.canonical, (text:gsub(" +$", "")), sample.type)
        compared = compared + 1
      end
    end
    assert.is_true(compared > 80)
  end)

  it("reads and writes texts that the other turns into the same bytes", function()
    local requests = {}
    for _, sample in ipairs(samples) do
      requests[#requests + 1] = { text = { sample.type, sample.text } }
      requests[#requests + 1] = { text = { sample.type, sample.canonical } }
    end
    local compared = 0
    for i, reply in ipairs(ask(requests)) do
      local sample = samples[math.ceil(i / 2)]
      if reply.rdata and not OTHER_READING[sample.text] then
        local generic = ("\\# %d %s"):format(#reply.rdata / 2, reply.rdata)
        local function decode(data)
          local packet = assert(wire.encode {
            answers = { { name = ".", type = sample.type, data = data } },
          })
          return wire.decode(packet).answers[1].data
        end
        assert.equal(decode(generic), decode(sample.text), sample.type)
        compared = compared + 1
      end
    end
    assert.is_true(compared > 160)
  end)

  for _, options in ipairs { {}, { mdns = true } } do
    local how = options.mdns and "as mDNS does" or "as DNS does"
    it("writes random messages, compressed " .. how .. ", that the other reads", function()
      local random = generator(options.mdns and 7 or 11)
      local requests, given = {}, {}
      for i = 1, 200 do
        given[i] = random_records(random)
        local packet = assert(wire.encode(to_message(given[i]), options))
        requests[i] = { read = to_hex(packet) }
      end
      for i, reply in ipairs(ask(requests)) do
        local records = assert(reply.records, reply.error)
        assert.equal(#given[i], #records)
        for k, record in ipairs(records) do
          local expected = given[i][k]
          assert.equal(expected[1], record[1])
          assert.equal(expected[2], record[2])
          assert.equal(expected[3], record[3])
          if not record[6]:match("^\\#") and not OTHER_TEXT[expected[5]] then
            assert.equal(expected[6], (record[6]:gsub(" +$", "")))
          end
        end
      end
    end)
  end

  it("reads random messages that the other wrote", function()
    local random = generator(13)
    local requests, given = {}, {}
    for i = 1, 200 do
      given[i] = random_records(random)
      local records = {}
      for k, record in ipairs(given[i]) do
        records[k] = record
      end
      requests[i] = { write = setmetatable(records, cjson.array_mt) }
      if #records == 0 then
        requests[i] = { write = { { "answer", "a.", 1, "IN", "A", "192.0.2.1" } } }
        given[i] = requests[i].write
      end
    end
    local read = 0
    for i, reply in ipairs(ask(requests)) do
      if reply.packet then
        local got = flatten(assert(wire.decode(to_bytes(reply.packet))))
        for k, record in ipairs(given[i]) do
          -- It compresses without regard to case.
          got[k][5] = got[k][5]:lower()
          assert.same({
            record[1],
            record[2]:lower(),
            record[3],
            record[5],
            record[6]:lower(),
          }, got[k])
        end
        read = read + 1
      end
    end
    assert.is_true(read > 50)
  end)
end)
