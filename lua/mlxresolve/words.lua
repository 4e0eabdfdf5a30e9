--- Words of plugins, files and hosts may be any bytes: what must not get through is shown as \DDD.

local words = {}

local function escape(char)
  return ("\\%03d"):format(char:byte())
end

--- Without what a terminal would act on.
---@param text string
---@return string
function words.harmless(text)
  return (text:gsub("[%z\1-\8\11-\31\127]", escape))
end

-- A character of several bytes in UTF-8 (RFC 3629 section 4).
local FORMS = {
  "^[\194-\223][\128-\191]",
  "^\224[\160-\191][\128-\191]",
  "^[\225-\236\238\239][\128-\191][\128-\191]",
  "^\237[\128-\159][\128-\191]",
  "^\240[\144-\191][\128-\191][\128-\191]",
  "^[\241-\243][\128-\191][\128-\191][\128-\191]",
  "^\244[\128-\143][\128-\191][\128-\191]",
}

local function end_of_character(text, at)
  for _, form in ipairs(FORMS) do
    local _, last = text:find(form, at)
    if last then
      return last
    end
  end
end

local function is_utf8(text)
  local at = text:find("[\128-\255]")
  while at do
    local last = end_of_character(text, at)
    if not last then
      return false
    end
    at = text:find("[\128-\255]", last + 1)
  end
  return true
end

--- As JSON and Extended DNS Errors (RFC 8914 section 2) can hold it, whose readers refuse the whole
--- of what is no UTF-8: such a text has its bytes beyond ASCII escaped.
---@param text string
---@return string
function words.utf8(text)
  return is_utf8(text) and text or (text:gsub("[\128-\255]", escape))
end

return words
