local resolv_conf = require("mlxresolve.resolv_conf")

describe("mlxresolve.resolv_conf", function()
  it("lists servers in order, once, with their port", function()
    local text = "# comment\nsearch example\nnameserver 192.0.2.53\r\n"
      .. "nameserver 2001:db8::53\n\tnameserver 192.0.2.53\nnameserver nonsense\noptions ndots:2\n"
    assert.same({ "192.0.2.53:53", "[2001:db8::53]:53" }, resolv_conf.servers(text))
  end)

  it("survives anything that is not a configuration", function()
    assert.same({}, resolv_conf.servers(""))
    assert.same({}, resolv_conf.servers("nameserver\n\0\0nameserver \255\n"))
  end)
end)
