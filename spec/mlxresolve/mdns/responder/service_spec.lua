local hosts = require("mlxresolve.mdns.responder.host")
local services = require("mlxresolve.mdns.responder.service")

local here = hosts.new("here")

local function texts(spec)
  spec.service, spec.port = spec.service or "_mlx._tcp", spec.port or 7
  local claim, message = services.new(spec, here.label)
  assert(claim, message)
  claim.host = here
  local list = {}
  for i, one in ipairs(claim:records()) do
    local kind = one.is_unique and "unique" or "shared"
    list[i] = ("%s %s %s %d %s"):format(kind, one.key, one.type, one.ttl, one.data)
  end
  return list, claim
end

local function txt(value)
  return texts({ txt = value })[2]:match("TXT 4500 (.*)$")
end

local function refused(spec, pattern)
  local claim, message, code = services.new(spec, here.label)
  assert.is_nil(claim)
  assert.matches(pattern, message)
  assert.equal("EINVAL", code)
end

describe("mlxresolve.mdns.responder.service", function()
  it("is found by type, subtype and instance [RFC 6763 4.1: names of services]", function()
    assert.same({
      "unique w._mlx._tcp.local. SRV 120 0 0 7 here.local.",
      'unique w._mlx._tcp.local. TXT 4500 ""',
      "shared _mlx._tcp.local. PTR 4500 w._mlx._tcp.local.",
      "shared _services._dns-sd._udp.local. PTR 4500 _mlx._tcp.local.",
      "shared _gpu._sub._mlx._tcp.local. PTR 4500 w._mlx._tcp.local.",
    }, (texts { instance = "w", subtypes = { "_gpu" } }))
  end)

  it("has the host's name when it is given none", function()
    local _, claim = texts {}
    assert.equal("here._mlx._tcp.local.", claim.key)
  end)

  it("takes names with dots, spaces and UTF-8 [RFC 6763 4.1.1: names of instances]", function()
    local _, claim = texts { instance = "Büro 3.5" }
    assert.equal("büro\\0323\\0465._mlx._tcp.local.", claim.key)
  end)

  it("takes the type with its domain too", function()
    for _, type_ in ipairs { "_mlx._tcp", "_mlx._tcp.local", "_mlx._tcp.local." } do
      local _, claim = texts { service = type_ }
      assert.equal("_mlx._tcp.local.", claim.type_name)
    end
  end)

  it("refuses what is no service type (RFC 6763 section 7)", function()
    for _, type_ in ipairs {
      "mlx",
      "_mlx",
      "_mlx._sctp",
      "mlx._tcp",
      "_._tcp",
      "_0123456789abcdef._tcp",
      "_a_b._tcp",
      "_42._tcp",
      7,
    } do
      refused({ service = type_, port = 1 }, "_mlx._tcp")
    end
  end)

  it("refuses a port that is none", function()
    refused({ service = "_mlx._tcp" }, "port from 0 to 65535, got nil")
    refused({ service = "_mlx._tcp", port = 65536 }, "port")
    refused({ service = "_mlx._tcp", port = 1.5 }, "port")
  end)

  it("refuses an instance's name that is no label", function()
    refused({ service = "_mlx._tcp", port = 1, instance = ("x"):rep(64) }, "1 to 63 bytes")
    refused({ service = "_mlx._tcp", port = 1, instance = "" }, "1 to 63 bytes")
  end)

  it("an empty TXT record is one empty string [RFC 6763 6.1: empty TXT]", function()
    assert.equal('""', txt(nil))
    assert.equal('""', txt {})
  end)

  it("writes keys with values, without, and with empty ones [RFC 6763 6.4: TXT keys]", function()
    assert.equal('"a=1" "b" "c="', txt { b = true, a = 1, c = "", d = false })
    assert.equal('"z=1" "a"', txt { "z=1", "a" })
    assert.equal('"q=\\034\\092\\255"', txt { q = '"\\\255' })
  end)

  it("keeps the first of keys that differ in case only [RFC 6763 6.4: TXT keys]", function()
    assert.equal('"Key=1"', txt { "Key=1", "KEY=2", "key" })
  end)

  it("refuses keys that are none [RFC 6763 6.4: TXT keys]", function()
    local function of(value)
      return { service = "_mlx._tcp", port = 1, txt = value }
    end
    refused(of { ["a=b"] = "c" }, "printable ASCII")
    refused(of { ["ü"] = "c" }, "printable ASCII")
    refused(of { [""] = "c" }, "printable ASCII")
    refused(of { "=x" }, "begins with its key")
  end)

  it("refuses strings over 255 and records over 8900 bytes [RFC 6763 6.2: TXT size]", function()
    refused({ service = "_mlx._tcp", port = 1, txt = { k = ("x"):rep(254) } }, "at most 255 bytes")
    local list = {}
    for i = 1, 40 do
      list[i] = ("k%02d=%s"):format(i, ("x"):rep(230))
    end
    refused({ service = "_mlx._tcp", port = 1, txt = list }, "at most 8900 bytes")
  end)

  it("refuses subtypes that are no labels", function()
    refused({ service = "_mlx._tcp", port = 1, subtypes = { "" } }, "subtype")
  end)
end)
