local service_name = require("mlxresolve.mdns.service_name")

describe("mlxresolve.mdns.service_name", function()
  it("knows types, with and without their domain", function()
    assert.equal("_mlx._tcp.local.", service_name.of_type("_mlx._tcp"))
    assert.equal("_mlx._tcp.local.", service_name.of_type("_MLX._TCP.local."))
    assert.equal("_sleep-proxy._udp.local.", service_name.of_type("_sleep-proxy._udp.local"))
  end)

  it("knows subtypes (RFC 6763 section 7.1)", function()
    local name = service_name.of_type("_gpu._sub._mlx._tcp")
    assert.equal("_gpu._sub._mlx._tcp.local.", name)
  end)

  it("refuses what is no type", function()
    for _, text in ipairs { "mlx", "_mlx", "_mlx._sctp", "mini2.local", "._tcp", "_a b._tcp" } do
      local name, message, code = service_name.of_type(text)
      assert.is_nil(name, text)
      assert.equal("EINVAL", code)
      assert.matches("is no type of service", message)
    end
  end)

  it(
    "reads instances with dots, spaces and UTF-8 in them [RFC 6763 4.1.1: names of instances]",
    function()
      local about = service_name.parse("My\\046Printer\\032\195\188._http._tcp.local.")
      assert.same(
        { instance = "My.Printer \195\188", type = "_http._tcp", domain = "local." },
        about
      )
    end
  )

  it("knows what is no instance", function()
    assert.is_nil(service_name.parse("mini2.local."))
    assert.is_nil(service_name.parse("."))
    assert.is_nil(service_name.parse("_mlx._tcp.local."))
  end)
end)
