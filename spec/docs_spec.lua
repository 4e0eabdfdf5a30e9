local documents = require("support.documents")

describe("the documents", function()
  for _, path in ipairs(documents.paths) do
    it(
      "has tables in " .. path .. " that agree with the code (else run tools/plugin-table)",
      function()
        assert.equal(documents.expected(path), documents.read(path))
      end
    )
  end
end)
