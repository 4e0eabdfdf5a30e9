--- Lines out of a reply in chunks (RFC 9112 section 7.1), as our own server sends them.

local MAX_CHUNK = 1024 * 1024
local MAX_LINE = 1024 * 1024

---@class mlxresolve.Chunks
---@field is_over boolean  the last chunk has come
local Chunks = { __name = "mlxresolve.cli.chunks" }
Chunks.__index = Chunks

local chunks = {}

---@return mlxresolve.Chunks
function chunks.new()
  return setmetatable({ rest = "", line = "", is_over = false }, Chunks)
end

local function fail(text, ...)
  return nil, "the daemon's reply cannot be read: " .. text:format(...), "EFORMAT"
end

--- The data of the next chunk; false when it has not come yet.
local function next_chunk(self)
  local digits, start = self.rest:match("^(%x+)\r\n()")
  if not digits then
    if #self.rest > 18 or self.rest:find("^[^%x]") then
      return fail("no size of a chunk: '%s'", self.rest:sub(1, 18):gsub("%c", "?"))
    end
    return false
  end
  local size = #digits <= 8 and tonumber(digits, 16) or math.huge
  if size > MAX_CHUNK then
    return fail("a chunk is longer than %d bytes", MAX_CHUNK)
  elseif #self.rest < start + size + 1 then
    return false
  elseif self.rest:sub(start + size, start + size + 1) ~= "\r\n" then
    return fail("a chunk does not end where it says")
  end
  local data = self.rest:sub(start, start + size - 1)
  self.rest = self.rest:sub(start + size + 2)
  self.is_over = size == 0
  return data
end

local function add_lines(self, lines, data)
  self.line = self.line .. data
  if #self.line > MAX_LINE and not self.line:find("\n", 1, true) then
    return fail("a line is longer than %d bytes", MAX_LINE)
  end
  local from = 1
  -- no pattern: it would look at a long line once for each of its bytes
  local last = self.line:find("\n", 1, true)
  while last do
    if last > from then
      lines[#lines + 1] = self.line:sub(from, last - 1)
    end
    from = last + 1
    last = self.line:find("\n", from, true)
  end
  self.line = self.line:sub(from)
  return lines
end

--- Takes bytes as they come; the lines that are whole by now, without the empty ones.
---@param data string
---@return string[]|nil lines, string? message, string? code
function Chunks:feed(data)
  self.rest = self.rest .. data
  local lines = {}
  while not self.is_over do
    local chunk, message, code = next_chunk(self)
    if chunk == nil then
      return nil, message, code
    elseif not chunk then
      break
    end
    local ok
    ok, message, code = add_lines(self, lines, chunk)
    if not ok then
      return nil, message, code
    end
  end
  return lines
end

return chunks
