local chunks = require("mlxresolve.cli.chunks")

describe("mlxresolve.cli.chunks", function()
  local function chunk(text)
    return ("%x\r\n%s\r\n"):format(#text, text)
  end

  it("makes lines of chunks, whatever pieces they come in", function()
    local text = chunk('{"a":1}\n\n{"b"') .. chunk(":2}") .. chunk("\nrest") .. "0\r\n\r\n"
    for size = 1, #text do
      local decoder, lines = chunks.new(), {}
      for at = 1, #text, size do
        for _, line in ipairs(assert(decoder:feed(text:sub(at, at + size - 1)))) do
          lines[#lines + 1] = line
        end
      end
      assert.same({ '{"a":1}', '{"b":2}' }, lines)
      assert.is_true(decoder.is_over)
    end
  end)

  it("keeps a line that has not ended, and leaves empty ones out", function()
    local decoder = chunks.new()
    assert.same({}, decoder:feed(chunk("\n")))
    assert.same({}, decoder:feed(chunk("one")))
    assert.same({ "one", "two" }, decoder:feed(chunk("\ntwo\n")))
    assert.is_false(decoder.is_over)
  end)

  it("refuses what is no chunk", function()
    local cases = {
      ["no size of a chunk: 'x"] = "xyz\r\n",
      ["no size of a chunk: '5;a"] = "5;a=" .. ("b"):rep(20),
      ["longer than 1048576"] = "fffffff\r\n",
      ["a chunk is longer"] = "fffffffffffffff\r\n",
      ["does not end where it says"] = "2\r\nabcd",
    }
    for reason, text in pairs(cases) do
      local lines, message, code = chunks.new():feed(text)
      assert.is_nil(lines, reason)
      assert.equal("EFORMAT", code)
      assert.is_truthy(message:find(reason, 1, true), message)
    end
  end)

  it("refuses a line without end", function()
    local decoder, code = chunks.new(), nil
    for _ = 1, 20 do
      local lines, _, problem = decoder:feed(chunk(("x"):rep(100000)))
      code = problem
      if not lines then
        break
      end
    end
    assert.equal("EFORMAT", code)
  end)
end)
