local core = require("mlxresolve.core")
local samples = require("support.rdata_samples")

local wire = core.wire

-- Behind so many bytes no pointer leads to a name, so none is compressed.
local FAR = ("\\# 16384 %s"):format(("00"):rep(16384))

--- The rdata of a text, in hex, its names uncompressed.
local function to_hex(type, text)
  local packet, message, code = wire.encode {
    answers = {
      { name = ".", type = "TYPE65280", data = FAR },
      { name = ".", type = type, data = text },
    },
  }
  if not packet then
    return nil, message, code
  end
  return (
    packet:sub(12 + 11 + 16384 + 11 + 1):gsub(".", function(c)
      return ("%02x"):format(c:byte())
    end)
  )
end

--- The text of rdata given in hex, by way of the generic form.
local function from_hex(type, hex)
  local packet, message, code = wire.encode {
    answers = { { name = ".", type = type, data = ("\\# %d %s"):format(#hex / 2, hex) } },
  }
  if not packet then
    return nil, message, code
  end
  local decoded = wire.decode(packet)
  return decoded and decoded.answers[1].data
end

describe("core.rdata", function()
  it("reads every sample and writes it in its canonical form", function()
    for _, sample in ipairs(samples) do
      local hex = assert(to_hex(sample.type, sample.text))
      assert.equal(sample.canonical, from_hex(sample.type, hex))
      assert.equal(hex, to_hex(sample.type, sample.canonical))
    end
  end)

  it("has a sample for every type with a text form", function()
    local seen = {}
    for _, sample in ipairs(samples) do
      seen[sample.type] = true
    end
    for type = 1, 65535 do
      local name = wire.type_name(type)
      local has_form = from_hex(name, "0102030405") ~= "\\# 5 0102030405"
      assert.is_true(seen[name] or not has_form or name == "OPT", name)
    end
  end)

  it("takes the generic form for every type, and checks it [RFC 3597 5: unknown types]", function()
    for _, sample in ipairs(samples) do
      local hex = assert(to_hex(sample.type, sample.text))
      local generic = ("\\# %d %s"):format(#hex / 2, hex:upper())
      assert.equal(hex, to_hex(sample.type, generic))
    end
    for type, hex in pairs { A = "010203", AAAA = "00", MX = "0001", NSEC = "0000", TXT = "05" } do
      local text, message, code = from_hex(type, hex)
      assert.is_nil(text)
      assert.matches("cannot be read", message)
      assert.equal("ETEXT", code)
    end
    for _, text in ipairs {
      "\\#",
      "\\# 1",
      "\\# 2 01",
      "\\# 1 0102",
      "\\# 1 0",
      "\\# 1 0g",
      "\\# -1",
    } do
      assert.is_nil(to_hex("TYPE65280", text), text)
    end
    assert.is_nil(to_hex("TYPE65280", "192.0.2.1"))
  end)

  it("reads what the RFCs give as examples", function()
    local cases = {
      -- RFC 2535 section 5.2: bits 1 (A), 15 (MX), 24 (SIG) and 30 (NXT)
      { "NXT", "medium.foo. A MX SIG NXT", "066d656469756d03666f6f00" .. "40010082" },
      -- RFC 1876 section 2
      { "LOC", "0 N 0 E 0m", "00121613" .. "80000000" .. "80000000" .. "00989680" },
      -- RFC 3123 section 4
      { "APL", "1:192.168.32.0/21", "000115" .. "03" .. "c0a820" },
      { "APL", "!1:192.168.38.0/28", "00011c" .. "83" .. "c0a826" },
      -- RFC 4034 section 4.3
      {
        "NSEC",
        "host.example.com. A MX RRSIG NSEC TYPE1234",
        "04686f7374076578616d706c6503636f6d00"
          .. "0006400100000003"
          .. "041b000000000000000000000000000000000000000000000000000020",
      },
      -- RFC 5155 section 3.2.1: lengths before salt and hash
      { "NSEC3", "1 1 12 aabb 0p9mhaveqvm6t7vb", "0101000c02aabb0a065368abeed7ec6e9feb" },
      -- RFC 8005 section 5: lengths of HIT and key come first
      { "HIP", "2 2001 AQID rvs.", "02020003" .. "2001" .. "010203" .. "0372767300" },
      -- RFC 8777 section 4.2.3
      { "AMTRELAY", "10 1 1 203.0.113.15", "0a81cb00710f" },
      -- RFC 9460 appendix D.2
      {
        "SVCB",
        "16 foo.example.com. port=53",
        "001003666f6f076578616d706c6503636f6d0000030002 0035",
      },
      {
        "SVCB",
        "1 foo.example.com. key667=hello\\210qoo",
        "000103666f6f076578616d706c6503636f6d00029b000968656c6c6fd2716f6f",
      },
      {
        "SVCB",
        [[16 foo.example.org. alpn="f\\\\oo\\,bar,h2"]],
        "001003666f6f076578616d706c65036f726700" .. "0001000c" .. "08665c6f6f2c626172" .. "026832",
      },
      {
        "SVCB",
        [[16 foo.example.org. alpn=f\\\092oo\092,bar,h2]],
        "001003666f6f076578616d706c65036f726700" .. "0001000c" .. "08665c6f6f2c626172" .. "026832",
      },
      -- RFC 6742 section 2.2
      { "NID", "10 0014:4fff:ff20:ee64", "000a00144fffff20ee64" },
      -- RFC 1035 section 3.4.2
      { "WKS", "192.0.2.1 tcp 25", "c0000201" .. "06" .. "00000040" },
    }
    for _, case in ipairs(cases) do
      local type, text, hex = case[1], case[2], case[3]:gsub(" ", "")
      assert.equal(hex, to_hex(type, text))
      assert.equal(hex, to_hex(type, (from_hex(type, hex))))
    end
  end)

  it("refuses texts that do not keep the rules of their type", function()
    local cases = {
      A = { "", "192.0.2", "192.0.2.1 x", "::1", "192.0.2.1:53" },
      AAAA = { "192.0.2.1", "fe80::1%1", "[::1]", "::1/64" },
      NS = { "", "a..b.", "a. b.", '""' },
      SOA = {
        "a. b. 1 2 3 4",
        "a. b. 1 2 3 4 5 6",
        "a. b. 1 1h30 3 4 5",
        "a. b. 1 1x 3 4 5",
        "a. b. -1 2 3 4 5",
      },
      MX = { "mail.", "65536 mail.", "1", "0x1 mail." },
      TXT = { "", '"', '"a', '"a\\', '"\\256"', '"\\1"', '"' .. ("x"):rep(256) .. '"' },
      HINFO = { '"a"', '"a" "b" "c"' },
      SRV = { "1 2 a.", "1 2 65536 a." },
      WKS = { "192.0.2.1", "192.0.2.1 tcp smtp", "192.0.2.1 tcp 65536" },
      NSAP = { "47", "0x4", "0x4g" },
      LOC = {
        "91 N 0 E 0m",
        "0 N 181 E 0m",
        "0 60 N 0 E 0m",
        "0 0 60 N 0 E 0m",
        "0 E 0 N 0m",
        "N 0 E 0m",
        "0 N 0 E",
        "0 N 0 E -100000.01m",
        "0 N 0 E 42849672.96m",
        "0 N 0 E 0m 90000000.01m",
        "0 0 0.0001 N 0 E 0m",
        "0 0 0 0 N 0 E 0m",
      },
      APL = { "3:0.0.0.0/0", "1:192.0.2.0", "1:192.0.2.0/33", "2:::/129", "1:::/0", "!", "1:/8" },
      RRSIG = {
        "A 5 3 1 20230230000000 20230101000000 1 . AQ==",
        "A 5 3 1 20231301000000 0 1 . AQ==",
        "A 5 3 1 19691231235959 0 1 . AQ==",
        "A 5 3 1 21060207062816 0 1 . AQ==",
        "A 5 3 1 4294967296 0 1 . AQ==",
        "XX 5 3 1 0 0 1 . AQ==",
        "A RSA 3 1 0 0 1 . AQ==",
      },
      DS = { "1 5 1 abc", "1 5 1 xy", "1 256 1 ab" },
      DNSKEY = {
        "256 3 5 A",
        "256 3 5 AQ",
        "256 3 5 AQ=",
        "256 3 5 AR==",
        "256 3 5 AQ==AQ==",
        "256 3 5 ====",
      },
      NSEC = { "a. XX", "" },
      NXT = { "a. CAA" },
      NSEC3 = { "1 0 1 - -", "1 0 1 abc 2t7b4g4v", "1 0 1 - 2t7b4g4", "1 0 1 - wwww" },
      IPSECKEY = { "1 0 1 192.0.2.1 AQID", "1 1 1 . AQID", "1 4 1 . AQID", "1 2 1 192.0.2.1 AQID" },
      AMTRELAY = { "1 2 0 .", "1 0 1 ::1", "1 0 4 .", "1 0 0 a." },
      HIP = { "2 20 ", "2 - AQID", "2 2 AQID" },
      NID = { "1 1:2:3", "1 1:2:3:4:5", "1 12345:2:3:4", "1 :1:2:3", "1 1:2:3:" },
      EUI48 = {
        "00-00-5e-00-53",
        "00-00-5e-00-53-2a-2b",
        "00:00:5e:00:53:2a",
        "00-00-5e-00-53-2ag",
      },
      CAA = { '0 "" "x"', "0 issue", "256 issue x" },
      SVCB = {
        "1",
        "1 . port",
        "1 . port=65536",
        "1 . port=1 port=2",
        "1 . no-default-alpn=x",
        "1 . alpn=",
        "1 . alpn=a,,b",
        "1 . ipv4hint=",
        "1 . ipv4hint=::1",
        "1 . ipv6hint=1.2.3.4",
        "1 . ech=x",
        "1 . what=1",
        "1 . key65536=1",
        "1 . mandatory=alpn,alpn",
        "1 . mandatory=",
        '1 . alpn="a',
        "1 . =x",
        '1 . "alpn=h2"',
      },
      CERT = { "PKIX 1", "WHAT 1 8 AQID" },
      IPN = { "18446744073709551616", "-1" },
    }
    for type, texts in pairs(cases) do
      for _, text in ipairs(texts) do
        local hex, _, code = to_hex(type, text)
        assert.is_nil(hex, type .. " " .. text)
        assert.equal("ETEXT", code)
      end
    end
  end)

  it("takes the limits that the rules allow", function()
    assert.equal("ffffffff", to_hex("SOA", ". . 1 4294967295 1 1 1"):sub(13, 20))
    assert.equal("00093a80", to_hex("SOA", ". . 1 1W 1 1 1"):sub(13, 20))
    assert.equal("ffffffffffffffff", to_hex("IPN", "18446744073709551615"))
    assert.is_truthy(to_hex("RRSIG", "A 5 3 1 21060207062815 20240229000000 1 . AQ=="))
    assert.is_truthy(to_hex("DNSKEY", "256 3 5 A Q I D"))
  end)

  it("shows generically what the text form cannot tell", function()
    local cases = {
      { "LOC", "01121613" .. "80000000" .. "80000000" .. "00989680" }, -- a later version
      { "LOC", "00f21613" .. "80000000" .. "80000000" .. "00989680" }, -- 15 is no digit
      { "LOC", "00051613" .. "80000000" .. "80000000" .. "00989680" }, -- nothing, times 10^5
      { "LOC", "00121613" .. "ffffffff" .. "80000000" .. "00989680" }, -- beyond the pole
      { "APL", "0003" .. "00" .. "01" .. "aa" }, -- a family of its own
      { "OPENPGPKEY", "" },
    }
    for _, case in ipairs(cases) do
      local expected = ("\\# %d %s"):format(#case[2] / 2, case[2]):gsub(" $", "")
      assert.equal(expected, from_hex(case[1], case[2]))
    end
  end)

  it("shows a parameter whose value breaks its key's rules as bytes", function()
    assert.equal('1 . key3="\\001"', from_hex("SVCB", "0001" .. "00" .. "0003000101"))
    assert.equal('1 . key1="\\003h2"', from_hex("SVCB", "0001" .. "00" .. "00010003036832"))
    assert.equal("1 . key3", from_hex("SVCB", "0001" .. "00" .. "00030000"))
    assert.is_nil(from_hex("SVCB", "0001" .. "00" .. "00040000" .. "00030000")) -- out of order
  end)

  it("quotes what would end a word in data that comes from strangers", function()
    assert.equal('"\\000\\010\\"}\\\\" "\\195\\164"', from_hex("TXT", "05000a227d5c" .. "02c3a4"))
    assert.equal('0 a\\032\\059\\034b "x\\"y"', from_hex("CAA", "0005" .. "61203b2262" .. "782279"))
    assert.equal("a\\032b\\034.", from_hex("PTR", "04" .. "61206222" .. "00"))
  end)
end)
