local core = require("mlxresolve.core")

describe("core.dnssd", function()
  if jit.os == "OSX" then
    it("answers with the addresses of this machine", function()
      local dnssd = assert(core.dnssd.open())
      local now = core.now()
      local slot = assert(dnssd:ask("localhost.", 4, now + 5000, now))
      local batch, items = {}, 0
      while items == 0 do
        items = dnssd:step(core.now(), batch)
      end
      dnssd:close()
      assert.same({ slot, { "127.0.0.1" }, false, false }, batch)
    end)
  else
    it("says that it is not for this system", function()
      local dnssd, message, code = core.dnssd.open()
      assert.is_nil(dnssd)
      assert.matches("macOS only", message)
      assert.equal("ENOTSUP", code)
    end)
  end
end)
