local core = require("mlxresolve.core")

describe("core.error", function()
  it("has a sentence for each code of our own", function()
    local said = {}
    for code in
      ([[EFORMAT ETEXT ENOSPACE ETIMEOUT ENOTFOUND EMISMATCH EBUSY ELOOP ECANCELED
      ECLOSED]]):gmatch("%S+")
    do
      local text = core.explain(code)
      assert.are_not.equal(code, text)
      assert.is_nil(said[text], "two codes say: " .. text)
      said[text] = code
    end
  end)

  it("gives back what it does not know", function()
    assert.are.equal("ENEVERSEEN", core.explain("ENEVERSEEN"))
  end)

  it("names the operating system's codes in failures", function()
    local http = require("mlxresolve.http")
    local server, message, code = http.open { path = "/nowhere/at/all" }
    assert.is_nil(server)
    assert.are.equal("ENOENT", code)
    assert.are.equal("/nowhere/at/all: No such file or directory", message)
  end)

  it("knows the codes of hosts that are down and files that cannot be", function()
    local http = require("mlxresolve.http")
    assert.are.equal("ENOTDIR", (select(3, http.open { path = "/dev/null/socket" })))
    for code in ("ETIMEDOUT EHOSTDOWN ENOSPC EROFS"):gmatch("%S+") do
      assert.are_not.equal(code, core.explain(code))
    end
  end)
end)
