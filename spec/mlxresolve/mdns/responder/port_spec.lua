local port = require("mlxresolve.mdns.responder.port")

local function family(name, socket, is_shared)
  return {
    about = { name = name },
    socket = socket,
    is_shared = is_shared,
    message = name .. ": taken",
    code = "EADDRINUSE",
  }
end

describe("mlxresolve.mdns.responder.port", function()
  it("sends over the family that is named, through the link's interface", function()
    local sent = {}
    local socket = {
      send = function(_, ...)
        sent = { ... }
        return true
      end,
    }
    local sockets = { families = { family("ipv4", false), family("ipv6", socket) } }
    port.send(sockets, "ipv4", "x", "224.0.0.251:5353", { index = 3 })
    assert.same({}, sent)
    port.send(sockets, "ipv6", "x", "[ff02::fb]:5353", { index = 3 })
    assert.same({ "x", "[ff02::fb]:5353", 3 }, sent)
  end)

  it("knows for which family it is shared", function()
    local sockets = { families = { family("ipv4", {}, false), family("ipv6", {}, true) } }
    assert.is_false(port.is_shared(sockets, "ipv4"))
    assert.is_true(port.is_shared(sockets, "ipv6"))
  end)

  it("is there when one family has it", function()
    local sockets = { families = { family("ipv4", false), family("ipv6", {}) } }
    assert.is_true(port.check(sockets))
    sockets.families[2].socket = false
    local is_there, message, code = port.check(sockets)
    assert.is_nil(is_there)
    assert.equal("nothing can be published without port 5353: ipv6: taken", message)
    assert.equal("EADDRINUSE", code)
  end)
end)
