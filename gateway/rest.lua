-- Holds query and body of REST requests against the contracts, before the transcoder reads them. What the transcoder would
-- let pass is refused here: fields that the method does not have, that come twice, or differ from the path; and what has
-- the wrong type is refused with the field's name. The transcoder still judges everything by itself: this only refuses
-- more.
--
-- FIELDS comes before this, from the contracts (gateway/rest.py), http.lua after it. The JSON is read in one pass that
-- goes no deeper than the contract does.

local byte, find, sub = string.byte, string.find, string.sub
local QUOTE, COMMA, COLON, OPEN_LIST, END_LIST, OPEN, END = 34, 44, 58, 91, 93, 123, 125
local NOT_UNICODE = "must be a text in Unicode, sent as UTF-8"

-- The text that is read, where, and within which fields. Nothing waits in between, so one of each is enough.
local text, at, where, depth

local function refuse(what) error({ what = what, depth = depth }, 0) end

local function malformed()
  depth = 0
  refuse("It is not JSON at byte " .. at .. ".")
end

local function skip_space() at = find(text, "[^ \t\r\n]", at) or #text + 1 end

local function expect(character)
  if byte(text, at) ~= character then malformed() end
  at = at + 1
end

-- Whether a text as JSON writes it is made of the bytes and escapes that Unicode and JSON have. What is right is blanked
-- out, so nothing of it is left.
local CHARACTERS = {
  "[\194-\223][\128-\191]", "\224[\160-\191][\128-\191]", "[\225-\236\238\239][\128-\191][\128-\191]",
  "\237[\128-\159][\128-\191]", "\240[\144-\191][\128-\191][\128-\191]",
  "[\241-\243][\128-\191][\128-\191][\128-\191]", "\244[\128-\143][\128-\191][\128-\191]",
}
local ESCAPES = { '\\[\\"/bfnrt]', "\\u[dD][89abAB]%x%x\\u[dD][c-fC-F]%x%x", "\\u[%dabcefABCEF]%x%x%x", "\\u[dD][0-7]%x%x" }

local function has_only(raw, what, patterns)
  if not find(raw, what) then return true end
  for _, pattern in ipairs(patterns) do raw = raw:gsub(pattern, " ") end
  return not find(raw, what)
end

local function is_unicode(raw)
  return has_only(raw, "[\128-\255]", CHARACTERS) and has_only(raw, "\\", ESCAPES)
end

-- ASCII that somebody wrote as escapes, which JSON allows.
local function plain(raw)
  if not find(raw, "\\", 1, true) then return raw end
  return (raw:gsub("\\u00(%x%x)", function(code) return string.char(tonumber(code, 16)) end):gsub('\\(["\\/])', "%1"))
end

local function read_string()
  local from = at + 1
  local to = from
  while true do
    to = find(text, '[%z\1-\31"\\]', to)
    local found = to and byte(text, to)
    if found == QUOTE then
      at = to + 1
      return sub(text, from, to - 1)
    elseif found ~= 92 then
      malformed()
    end
    to = to + 2
  end
end

local function is_int32(value, bare)
  local number = tonumber(value)
  return number and number % 1 == 0 and number >= -2147483648 and number <= 2147483647
    and find(value, bare and "^%-?%d[%d.eE+-]*$" or "^%-?%d+$") ~= nil
end

local DAYS = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }

local function days_of(year, month)
  local is_leap = year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0)
  return month == 2 and is_leap and 29 or DAYS[month]
end

-- How many minutes behind UTC the clocks of a zone are, such as -330 for +05:30.
local function minutes_behind(zone)
  if zone == "Z" then return 0 end
  local sign, hours, minutes = zone:match("^([+-])(%d%d):(%d%d)$")
  hours, minutes = tonumber(hours), tonumber(minutes)
  if not sign or hours > 23 or minutes > 59 then return nil end
  return (sign == "+" and -1 or 1) * (hours * 60 + minutes)
end

-- A time that the calendar has, of the years 1 to 9999 in UTC as well.
local function is_time(value)
  local date, clock, fraction, zone = value:match("^(%d%d%d%d%-%d%d%-%d%d)T(%d%d:%d%d:%d%d)([.%d]*)([^.%d].*)$")
  if not date or not (fraction == "" or find(fraction, "^%.%d+$") and #fraction <= 10) then return false end
  local year, month, day = tonumber(sub(date, 1, 4)), tonumber(sub(date, 6, 7)), tonumber(sub(date, 9))
  local hour, minute, second = tonumber(sub(clock, 1, 2)), tonumber(sub(clock, 4, 5)), tonumber(sub(clock, 7))
  local days, behind = days_of(year, month), minutes_behind(zone)
  if year < 1 or not days or day < 1 or day > days or hour > 23 or minute > 59 or second > 59 or not behind then
    return false
  end
  local in_utc = hour * 60 + minute + behind
  local too_early = year == 1 and month == 1 and day == 1 and in_utc < 0
  local too_late = year == 9999 and month == 12 and day == 31 and in_utc >= 1440
  return not (too_early or too_late)
end

-- By a field's kind: whether `value`, given as text or (`bare`) as a number or word, is one.
local IS = {
  string = function(value, bare) return not bare end,
  int32 = function(value, bare) return is_int32(value, bare) end,
  bool = function(value, bare) return value == "true" or value == "false" end,
  time = function(value, bare) return not bare and is_time(value) end,
  enum = function(value, bare, field) return field.names[value:upper()] or (bare and is_int32(value, bare)) end,
}

local function check_scalar(field, value, bare)
  if not IS[field.kind](value, bare, field) then refuse(field.expected) end
end

local read_fields

local function read_one(field)
  local first = byte(text, at)
  if first == OPEN then
    if field.kind ~= "message" then refuse(field.expected) end
    return read_fields(FIELDS[field.message])
  end
  if first == OPEN_LIST then refuse(field.expected) end
  local bare = first ~= QUOTE
  local value
  if bare then
    local from, to = find(text, "^[%w.+-]+", at)
    if not from then malformed() end
    value = sub(text, from, to)
    if value == "null" then
      at = to + 1
      return nil
    end
    if not (tonumber(value) and find(value, "^%-?%d[%d.eE+-]*$") and not find(value, "^%-?0%d")) and value ~= "true" and value ~= "false" then
      malformed()
    end
    at = to + 1
  else
    local raw = read_string()
    if not is_unicode(raw) then refuse(NOT_UNICODE) end
    value = plain(raw)
  end
  if field.kind == "message" then refuse(field.expected) end
  check_scalar(field, value, bare)
  return value
end

local function read_list(field)
  if find(text, "^null", at) then
    at = at + 4
    return
  end
  if byte(text, at) ~= OPEN_LIST then refuse(field.list) end
  at = at + 1
  skip_space()
  if byte(text, at) == END_LIST then
    at = at + 1
    return
  end
  depth = depth + 1
  local index = 0
  while true do
    where[depth] = index
    -- The transcoder would drop it, and do with the others what was meant for all.
    if find(text, "^null", at) then refuse("is null: leave it out of the list") end
    read_one(field)
    skip_space()
    if byte(text, at) == END_LIST then break end
    expect(COMMA)
    skip_space()
    index = index + 1
  end
  at = at + 1
  depth = depth - 1
end

-- Reads an object of these fields; `given` is what the path says already.
read_fields = function(fields, given)
  at = at + 1
  skip_space()
  if byte(text, at) == END then
    at = at + 1
    return
  end
  local seen = {}
  depth = depth + 1
  while true do
    if byte(text, at) ~= QUOTE then malformed() end
    local key = plain(read_string())
    local field = fields[key]
    where[depth] = field and field.name or key
    if not field then refuse("is not a field of this request") end
    if seen[field.name] then refuse("comes twice") end
    seen[field.name] = true
    skip_space()
    expect(COLON)
    skip_space()
    if field.list then
      read_list(field)
    else
      local value = read_one(field)
      if given and given[field.name] and value and value ~= given[field.name] then
        refuse("is not what the path says")
      end
    end
    skip_space()
    if byte(text, at) == END then break end
    expect(COMMA)
    skip_space()
  end
  at = at + 1
  depth = depth - 1
end

local function read_body(body, fields, given)
  text, at = body, 1
  skip_space()
  if byte(text, at) ~= OPEN then
    if byte(text, at) == OPEN_LIST or find(text, '^[%w"-]', at) then refuse("The body must be a JSON object.") end
    malformed()
  end
  read_fields(fields, given)
  skip_space()
  if at <= #text then malformed() end
end

local function unescaped(part)
  return (part:gsub("%%(%x%x)", function(code) return string.char(tonumber(code, 16)) end))
end

-- A plus is a space in a query, and a plus in a path.
local function unescaped_in_query(part) return unescaped(part:gsub("%+", " ")) end

local function read_query(query, method, given)
  depth = 1
  local seen = {}
  for pair in query:gmatch("[^&]+") do
    local name, value = pair:match("^([^=]*)=?(.*)$")
    name = unescaped_in_query(name)
    local field = not method.body and FIELDS[method.message][name]
    where[1] = field and field.name or name
    if not field or given[field.name] or field.kind == "message" then
      refuse("is not a query parameter of this method")
    end
    if seen[field.name] and not field.list then refuse("comes twice") end
    seen[field.name] = true
    -- An empty id would be taken as none: of what was meant to be narrowed down, all would be done.
    if field.id and value == "" then refuse("is empty: give an id, or leave it out") end
    value = unescaped_in_query(value)
    if not has_only(value, "[\128-\255]", CHARACTERS) then refuse(NOT_UNICODE) end
    check_scalar(field, value, false)
  end
  depth = 0
end

-- Where it went wrong, such as sections[0].rows, in letters that any log can bear.
local function field_path(levels)
  local path = ""
  for level = 1, levels do
    local part = where[level]
    if type(part) == "number" then
      path = path .. "[" .. part .. "]"
    else
      path = path .. (level > 1 and "." or "") .. (part ~= "" and part or '""')
    end
  end
  return (path:sub(1, 100):gsub("[^ -~]", "?"))
end

local function check(body, query, method, given)
  where, depth = {}, 0
  for name, value in pairs(given) do
    where[1], depth = name, 1
    if not has_only(value, "[\128-\255]", CHARACTERS) then refuse(NOT_UNICODE) end
    depth = 0
  end
  if query then read_query(query, method, given) end
  if body then read_body(body, FIELDS[method.message], given) end
end
