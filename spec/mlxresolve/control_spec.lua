local control = require("mlxresolve.control")
local control_bed = require("support.control_bed")
local json = require("mlxresolve.json")

describe("mlxresolve.control", function()
  local world, resolver, api, ask
  local assert_refused = control_bed.assert_refused

  before_each(function()
    world, resolver, api, ask = control_bed.new()
  end)

  it("refuses unknown paths and wrong methods", function()
    assert_refused(ask("GET", "/v1/stauts"), 404, "ENOENT", "did you mean '/v1/status'?")
    assert_refused(ask("GET", "/"), 404, "ENOENT", "no such path")
    assert_refused(ask("GET", "/v1/reload"), 405, "EINVAL", "expected POST, got GET")
    assert_refused(ask("POST", "/v1/query?name=a"), 405, "EINVAL", "expected GET")
  end)

  it("survives a defect behind a route", function()
    function resolver.status()
      error("boom")
    end
    assert_refused(ask("GET", "/v1/status"), 500, "EINTERNAL", "defect")
    assert.is_truthy(world.lines[1]:find("boom", 1, true))
  end)

  it("serves JSON with an end of line", function()
    local replies = {}
    function world.http(_, options, on_request)
      assert.are.same({ path = "/run/s" }, options)
      world.on_request = on_request
      return {
        reply = function(_, ...)
          replies[#replies + 1] = { ... }
        end,
      }
    end
    assert.is_truthy(api:serve(world, "/run/s"))
    world.on_request(7, "GET", "/v1/nothing", "", "")
    local slot, status, content_type, body = unpack(replies[1])
    assert.are.same({ 7, 404, "application/json" }, { slot, status, content_type })
    assert.are.equal("ENOENT", json.decode(body).code)
    assert.are.equal("\n", body:sub(-1))
  end)

  it("puts its socket where only this user can", function()
    local path = control.default_path(world, 0)
    assert.are.equal(jit.os == "OSX" and "/var/run/mlxresolve.sock" or "/run/mlxresolve.sock", path)
    world.environment = { XDG_RUNTIME_DIR = "/run/user/1000/", HOME = "/home/u" }
    assert.are.equal("/run/user/1000/mlxresolve.sock", control.default_path(world, 1000))
    world.environment = { HOME = "/home/u" }
    assert.are.equal("/home/u/.mlxresolve.sock", control.default_path(world, 1000))
    world.environment = {}
    local _, message, code = control.default_path(world, 1000)
    assert.are.equal("ENOENT", code)
    assert.is_truthy(message:find("--control", 1, true))
  end)
end)
