local context_bed = require("support.context_bed")

describe("mlxresolve.context.machine", function()
  local inside = context_bed.inside

  it("runs programs, and gives them up in time", function()
    local got, b = inside(function(ctx)
      local code, out, err = ctx:run { "greet", "you" }
      local _, message, reason = ctx:run({ "greet", "all" }, { timeout = 5 })
      local _, absent = ctx:run { "other" }
      return code, out, err, message, reason, absent
    end, function(b)
      b.world.programs.greet = function(argv)
        return 2, "hello " .. argv[2], "hm", 10
      end
    end)
    assert.same({
      2,
      "hello you",
      "hm",
      "greet: did not end within 5 ms",
      "ETIMEOUT",
      "other: no such file or directory",
    }, got)
    assert.is_false(b.world.ran[2].is_over)
  end)

  it("tells how long an echo took, and gives silence up in time", function()
    local got, b = inside(function(ctx)
      local ms = ctx:echo("192.0.2.1")
      local _, message, code = ctx:echo("192.0.2.2", { timeout = 300 })
      local _, why, reason = ctx:echo("192.0.2.3")
      return ms, message, code, why, reason
    end, function(b)
      b.world.echoes["192.0.2.1"] = 7
      b.world.echoes["192.0.2.3"] = { "not allowed", "EACCES" }
    end)
    assert.same({
      7,
      "192.0.2.2: no echo within 300 ms",
      "ETIMEOUT",
      "not allowed",
      "EACCES",
    }, got)
    assert.is_nil(next(b.world.operations))
  end)
end)
