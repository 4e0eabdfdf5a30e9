--- Answers from hosts files: addresses of their names, and the first name of an address for
--- reverse questions. The files are read again when they change.
local mlx = require("mlxresolve")

local hosts = {
  forgets = true,
  by_name = true,
  options = {
    paths = { "list", of = "string", default = { "/etc/hosts" }, min = 1, doc = "the files" },
    ttl = { "ttl", default = "5s", doc = "how long an edit may stay unseen by clients" },
  },
}

-- Looking at the files costs a system call each; hosts stands in front of most questions.
local look_every = 1000

-- A host of this file must not be reached through addresses from elsewhere, and HTTPS
-- records carry some (RFC 9460 section 7.3). Other types are not this file's matter.
local covered = { A = true, AAAA = true, HTTPS = true, SVCB = true }

local function add_name(map, name, type, address)
  local entry = map[name] or { a = {}, aaaa = {} }
  map[name] = entry
  for _, known in ipairs(entry[type]) do
    if known == address then
      return
    end
  end
  table.insert(entry[type], address)
end

local function add_line(found, line)
  local words = line:gsub("#.*$", ""):gmatch("%S+")
  local text = words()
  -- "fe80::1%lo0": the scope stays here, a record cannot carry it.
  local parsed = text and mlx.address.parse((text:gsub("%%.*$", "")))
  if not parsed or parsed.port then
    return
  end
  local type = parsed.family == "ipv4" and "a" or "aaaa"
  local reverse = mlx.name.reverse(parsed.address)
  for word in words do
    local name = mlx.name.canonical(word)
    if name and name ~= "." then
      add_name(found.names, name, type, parsed.address)
      found.reverse[reverse] = found.reverse[reverse] or name
    end
  end
end

--- What hosts files say; later lines and files add to earlier ones.
---@param texts string[]
---@return { names: table<string, { a: string[], aaaa: string[] }>, reverse: table<string, string> }
function hosts.parse(texts)
  local found = { names = {}, reverse = {} }
  for _, text in ipairs(texts) do
    for line in text:gmatch("[^\r\n]+") do
      add_line(found, line)
    end
  end
  return found
end

function hosts:stamp(ctx)
  local stamps = {}
  for i, path in ipairs(self.options.paths) do
    stamps[i] = ctx:file_stamp(path) or "none"
  end
  return table.concat(stamps, "\0")
end

function hosts:refresh(ctx)
  local now = ctx:now()
  if self.next_look and now < self.next_look then
    return
  end
  self.next_look = now + look_every
  local stamp = self:stamp(ctx)
  if stamp == self.last_stamp then
    return
  end
  local texts = {}
  for _, path in ipairs(self.options.paths) do
    local text, message = ctx:read_file(path)
    if not text then
      ctx:log("warn", message)
    end
    texts[#texts + 1] = text
  end
  self.last_stamp, self.found = stamp, hosts.parse(texts)
end

function hosts:resolve(query, ctx)
  self:refresh(ctx)
  local entry = self.found.names[query.name]
  if entry and covered[query.type] then
    return query:answer(entry, self.options.ttl)
  end
  local name = query.type == "PTR" and self.found.reverse[query.name]
  if name then
    return query:answer({ ptr = name }, self.options.ttl)
  end
  if entry or self.found.reverse[query.name] then
    query:exists()
  end
end

return hosts
