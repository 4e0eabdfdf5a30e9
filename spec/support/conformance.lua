--- Which specs show what the RFCs ask for: the names of specs, held against rfc_points.txt.
---
--- A spec's name bears the tags of the points that it shows: "[RFC 6762 5.2: refresh]". Names are
--- read from the sources: a string that stands elsewhere than behind `it(` or `describe(` is none.

local shell = require("support.shell")

local conformance = {}

local POINTS = "spec/support/rfc_points.txt"
local TAG = "%[(RFC %d+ [%w.]+: [^%]]+)%]"

---------------------------------------------------------------- the points

---@class support.Point
---@field rfc integer
---@field section string
---@field key string
---@field role "Q"|"R"|"QR"
---@field must boolean
---@field text string
---@field gap string|nil  why it is not shown, or not wholly

local function point_of(line)
  local rfc, section, role, must, key, text = line:match("^(%d+) (%S+) ([QR]+)(%*?) ([^:]+): (.+)$")
  assert(rfc, POINTS .. ": no point in: " .. line)
  local asked, gap = text:match("^(.-)%. But (.+)$")
  return {
    rfc = tonumber(rfc),
    section = section,
    key = key,
    role = role,
    must = must ~= "",
    text = asked or text,
    gap = gap,
  }
end

--- The points, in their order.
---@param text string?  of rfc_points.txt
---@return support.Point[]
function conformance.points(text)
  local points = {}
  text = (text or shell.read(POINTS)):gsub("\n +", " ")
  for line in text:gmatch("[^\n]+") do
    if not line:find("^#") then
      points[#points + 1] = point_of(line)
    end
  end
  return points
end

---------------------------------------------------------------- the specs

---@class support.SpecName
---@field path string
---@field name string    with the descriptions around it, without tags
---@field tags string[]

-- The string that begins at `at`, its parts joined; "…" for what is put in when it runs.
local function literal_at(text, at)
  local words = {}
  while true do
    local word, after = text:match('^%s*"([^"\n]*)"()', at)
    if not word then
      words[#words + 1] = "…"
      return table.concat(words)
    end
    words[#words + 1] = word
    at = text:match("^%s*%.%.()", after)
    if not at then
      return table.concat(words)
    end
  end
end

local function tags_of(literal)
  local tags = {}
  for tag in literal:gmatch(TAG) do
    tags[#tags + 1] = tag
  end
  return tags
end

-- Descriptions around the last one read, by their indentation; the outermost names the module.
local function join(outer, indent, name)
  local words = {}
  for at = 2, indent - 2, 2 do
    words[#words + 1] = outer[at]
  end
  words[#words + 1] = name
  return table.concat(words, " ")
end

--- The names with tags in a file of specs.
---@param path string
---@param text string
---@return support.SpecName[]
function conformance.names(path, text)
  local found, outer = {}, {}
  for indent, word, at in ("\n" .. text):gmatch("\n( *)(%l+)%(()") do
    if word == "describe" or word == "it" then
      local literal = literal_at(text, at - 1)
      local name, tags = literal:gsub(" ?" .. TAG, ""), tags_of(literal)
      for depth in pairs(outer) do
        outer[depth] = depth < #indent and outer[depth] or nil
      end
      if #tags > 0 then
        found[#found + 1] = { path = path, name = join(outer, #indent, name), tags = tags }
      end
      outer[#indent] = word == "describe" and name or nil
    end
  end
  return found
end

local function sources()
  local texts = {}
  local command = "git ls-files --cached --others --exclude-standard 'spec/*_spec.lua'"
  local pipe = assert(io.popen(command))
  for path in pipe:lines() do
    texts[path] = shell.read(path)
  end
  pipe:close()
  return texts
end

---@param point support.Point
---@return string
function conformance.tag(point)
  return ("RFC %d %s: %s"):format(point.rfc, point.section, point.key)
end

--- The specs of each tag, in the order of their files.
---@return table<string, support.SpecName[]>
function conformance.shown()
  local paths, texts, by_tag = {}, sources(), {}
  for path in pairs(texts) do
    paths[#paths + 1] = path
  end
  table.sort(paths)
  for _, path in ipairs(paths) do
    for _, spec in ipairs(conformance.names(path, texts[path])) do
      for _, tag in ipairs(spec.tags) do
        by_tag[tag] = by_tag[tag] or {}
        table.insert(by_tag[tag], spec)
      end
    end
  end
  return by_tag
end

---------------------------------------------------------------- the tables

local function state_of(point, specs)
  if not point.gap then
    return specs and "shown" or "not shown"
  end
  return specs and "in part" or "open"
end

local function cell(spec)
  local link = ("[%s](../%s)"):format(spec.path:match("([^/]+)_spec%.lua$"), spec.path)
  local name = spec.name:gsub(" %(RFC [^)]*%)", ""):gsub("|", "\\|")
  return ("%s: %s"):format(link, name)
end

local function row(point, specs)
  local cells = {}
  for i, spec in ipairs(specs or {}) do
    cells[i] = cell(spec)
  end
  local text = point.text .. (point.gap and ("; *%s*"):format(point.gap) or "")
  return ("| %d %s | %s%s | %s | %s | %s | %s |"):format(
    point.rfc,
    point.section,
    point.key,
    point.must and " \\*\\*" or "",
    point.role,
    text,
    state_of(point, specs),
    table.concat(cells, "<br>")
  )
end

--- The table of the points that `is_meant` picks.
---@param is_meant fun(point: support.Point): boolean
---@return string
function conformance.table(is_meant)
  local lines = {
    "| RFC, section | point | | what it asks for | state | shown by |",
    "|---|---|---|---|---|---|",
  }
  local by_tag = conformance.shown()
  for _, point in ipairs(conformance.points()) do
    if is_meant(point) then
      lines[#lines + 1] = row(point, by_tag[conformance.tag(point)])
    end
  end
  return table.concat(lines, "\n") .. "\n"
end

--- One line: how many points there are, and how they stand.
---@return string
function conformance.count()
  local by_tag, counts, musts, specs = conformance.shown(), {}, 0, {}
  for _, point in ipairs(conformance.points()) do
    local list = by_tag[conformance.tag(point)]
    local state = state_of(point, list)
    counts[state] = (counts[state] or 0) + 1
    musts = musts + (point.must and 1 or 0)
    for _, spec in ipairs(list or {}) do
      specs[spec.path .. spec.name] = true
    end
  end
  local count = 0
  for _ in pairs(specs) do
    count = count + 1
  end
  local form = "%d points, %d of them marked \\*\\*: %d shown by %d specs, %d in part, %d open.\n"
  return form:format(
    #conformance.points(),
    musts,
    counts.shown or 0,
    count,
    counts["in part"] or 0,
    (counts.open or 0) + (counts["not shown"] or 0)
  )
end

--- What is wrong: tags that are no point's, tags outside names, points without a spec or a reason.
---@return string[]
function conformance.problems()
  local problems, known = {}, {}
  for _, point in ipairs(conformance.points()) do
    local tag = conformance.tag(point)
    if known[tag] then
      problems[#problems + 1] = tag .. " is there twice"
    end
    known[tag] = true
  end
  for path, text in pairs(sources()) do
    local count = 0
    for tag in text:gmatch(TAG) do
      count = count + 1
      if not known[tag] then
        problems[#problems + 1] = ("%s: [%s] is no point of spec/support/rfc_points.lua"):format(
          path,
          tag
        )
      end
    end
    for _, spec in ipairs(conformance.names(path, text)) do
      count = count - #spec.tags
    end
    if count > 0 then
      problems[#problems + 1] = path .. ": a tag stands elsewhere than in the name of a spec"
    end
  end
  local by_tag = conformance.shown()
  for _, point in ipairs(conformance.points()) do
    local tag = conformance.tag(point)
    if not by_tag[tag] and not point.gap then
      problems[#problems + 1] = ("no spec's name bears [%s]"):format(tag)
    elseif point.must and point.gap then
      problems[#problems + 1] = ("[%s] has to be shown, and is not: %s"):format(tag, point.gap)
    end
  end
  table.sort(problems)
  return problems
end

return conformance
