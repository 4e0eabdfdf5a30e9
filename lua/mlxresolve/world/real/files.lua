--- Files of the real world: whole text files, stamps, folders. Small and rare, so synchronous.

local uv = require("luv")

local MAX_FILE = 1024 * 1024
-- A pipe without a writer is opened at once, too, and refused.
local READ = uv.constants.O_RDONLY + uv.constants.O_NONBLOCK

local files = {}

local function fail(path, problem)
  local code = tostring(problem):match("^(E%u+)") or "EIO"
  local why = tostring(problem):gsub("^E%u+: ", "")
  if why:sub(-#path - 2) == ": " .. path then -- luv says it as well
    why = why:sub(1, -#path - 3)
  end
  return nil, ("%s: %s"):format(path, why), code
end

-- What is no text file to read to its end: why, and a code.
local function refusal(stat)
  if stat.type == "directory" then
    return "is a folder", "EISDIR"
  elseif stat.type == "fifo" then
    return "is a pipe where a file is expected", "EINVAL"
  elseif stat.size > MAX_FILE then
    return "is larger than 1 MiB", "EFBIG"
  end
end

---@return string|nil text, string? message, string? code
function files:read_file(path) -- luacheck: ignore 212
  local fd, problem = uv.fs_open(path, READ, 438)
  if not fd then
    return fail(path, problem)
  end
  local stat, stat_problem = uv.fs_fstat(fd)
  local why, code = refusal(stat or { size = 0 })
  if not stat or why then
    uv.fs_close(fd)
    if not stat then
      return fail(path, stat_problem)
    end
    return nil, ("%s: %s"):format(path, why), code
  end
  local text, read_problem = uv.fs_read(fd, MAX_FILE, 0)
  uv.fs_close(fd)
  if not text then
    return fail(path, read_problem)
  end
  return text
end

local function make_folders(path)
  for folder in path:gmatch("()/") do
    if folder > 1 then
      uv.fs_mkdir(path:sub(1, folder - 1), 448)
    end
  end
end

local function write_all(path, text)
  local fd, problem = uv.fs_open(path, "w", 384)
  if not fd then
    return nil, problem
  end
  local written, write_problem = uv.fs_write(fd, text, 0)
  local synced, sync_problem = uv.fs_fsync(fd)
  uv.fs_close(fd)
  if written ~= #text or not synced then
    return nil, write_problem or sync_problem or "ENOSPC: no space left on device"
  end
  return true
end

--- Puts a text file in place at once, for this user only; makes the folders that lack.
---@return true|nil, string? message, string? code
function files:write_file(path, text) -- luacheck: ignore 212
  make_folders(path)
  local beside = path .. ".new"
  local ok, problem = write_all(beside, text)
  if ok then
    ok, problem = uv.fs_rename(beside, path)
  end
  if not ok then
    uv.fs_unlink(beside)
    return fail(path, problem)
  end
  return true
end

---@return string|nil
function files:file_stamp(path) -- luacheck: ignore 212
  local stat = uv.fs_stat(path)
  if not stat then
    return nil
  end
  return ("%d:%d:%d:%d"):format(stat.ino, stat.size, stat.mtime.sec, stat.mtime.nsec)
end

---@return string[]
function files:list_folder(path) -- luacheck: ignore 212
  local found = {}
  local scan = uv.fs_scandir(path)
  while scan do
    local name = uv.fs_scandir_next(scan)
    if not name then
      break
    end
    found[#found + 1] = name
  end
  table.sort(found)
  return found
end

return files
