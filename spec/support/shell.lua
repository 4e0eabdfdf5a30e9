--- What the helpers that start programs share: quoting, files, a folder of one's own.

local shell = {}

--- One word, safe between other words of a POSIX shell.
---@param word string|number
---@return string
function shell.quote(word)
  return "'" .. tostring(word):gsub("'", "'\\''") .. "'"
end

--- A command line from a list of words.
---@param argv (string|number)[]
---@return string
function shell.command(argv)
  local words = {}
  for i, word in ipairs(argv) do
    words[i] = shell.quote(word)
  end
  return table.concat(words, " ")
end

--- The whole of a file, or nil when there is none.
---@param path string
---@return string|nil
function shell.read(path)
  local file = io.open(path, "rb")
  if not file then
    return nil
  end
  local text = file:read("*a")
  file:close()
  return text
end

---@param path string
---@param text string
function shell.write(path, text)
  local file = assert(io.open(path, "wb"))
  assert(file:write(text))
  assert(file:close())
end

--- Makes a new folder below /tmp and returns its path.
---@return string
function shell.temp_folder()
  local pipe = assert(io.popen("mktemp -d /tmp/mlxt.XXXXXX"))
  local path = pipe:read("*l")
  pipe:close()
  return assert(path, "mktemp could not make a folder below /tmp")
end

--- Removes a folder that `temp_folder` made.
---@param path string
function shell.remove_folder(path)
  assert(path:match("^/tmp/mlxt%.%w+$"), "not one of our folders: " .. path)
  os.execute("rm -rf " .. shell.quote(path))
end

--- The shell words that make fresh namespaces; what runs in them ends with them. Without
--- root a user namespace comes first, and where a system forbids those, root does without.
---@return string|nil words, string? why
function shell.unshare()
  local rest = "--net --mount --pid --fork --kill-child --mount-proc"
  for _, words in ipairs { "unshare --user --map-root-user " .. rest, "unshare " .. rest } do
    if os.execute(words .. " true 2>/dev/null") == 0 then
      return words
    end
  end
  return nil, "neither user namespaces nor root are to be had here"
end

return shell
