-- Holds REST requests against the contracts, before the transcoder reads them. What the transcoder would let pass is
-- refused here: fields that the method does not have, that come twice, or differ from the path; and what has the wrong
-- type is refused with the field's name. The transcoder still judges everything by itself: this only refuses more.
--
-- METHODS and FIELDS come before this, from the contracts (gateway/rest.py). The JSON is read in one pass that goes no
-- deeper than the contract does.

local byte, find, sub = string.byte, string.find, string.sub
local QUOTE, COMMA, COLON, OPEN_LIST, END_LIST, OPEN, END = 34, 44, 58, 91, 93, 123, 125
local LARGEST_BODY = 262144 -- the transcoder refuses larger ones

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
      return plain(sub(text, from, to - 1))
    elseif found ~= 92 then
      malformed()
    end
    to = to + 2
  end
end

local function is_int32(value)
  local number = tonumber(value)
  return number and number % 1 == 0 and number >= -2147483648 and number <= 2147483647
    and find(value, "^%-?%d[%d.eE+-]*$") ~= nil
end

local function is_time(value)
  local year, month, day, hour, minute, second, rest =
    value:match("^(%d%d%d%d)-(%d%d)-(%d%d)T(%d%d):(%d%d):(%d%d)%.?%d*(.+)$")
  return year and tonumber(year) > 0 and tonumber(month) >= 1 and tonumber(month) <= 12 and tonumber(day) >= 1
    and tonumber(day) <= 31 and tonumber(hour) < 24 and tonumber(minute) < 60 and tonumber(second) < 60
    and (rest == "Z" or find(rest, "^[+-]%d%d:%d%d$") ~= nil)
end

-- By a field's kind: whether `value`, given as text or (`bare`) as a number or word, is one.
local IS = {
  string = function(value, bare) return not bare end,
  int32 = function(value) return is_int32(value) end,
  bool = function(value, bare) return value == "true" or value == "false" end,
  time = function(value, bare) return not bare and is_time(value) end,
  enum = function(value, bare, field) return field.names[value] or (bare and is_int32(value)) end,
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
    if not (tonumber(value) and find(value, "^%-?%d[%d.eE+-]*$")) and value ~= "true" and value ~= "false" then
      malformed()
    end
    at = to + 1
  else
    value = read_string()
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
  if byte(text, at) ~= OPEN_LIST then refuse("must be a list") end
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
    local key = read_string()
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
  return (part:gsub("+", " "):gsub("%%(%x%x)", function(code) return string.char(tonumber(code, 16)) end))
end

local function read_query(query, method, given)
  depth = 1
  local seen = {}
  for pair in query:gmatch("[^&]+") do
    local name, value = pair:match("^([^=]*)=?(.*)$")
    name = unescaped(name)
    local field = not method.body and FIELDS[method.message][name]
    where[1] = field and field.name or name
    if not field or given[field.name] or field.kind == "message" then
      refuse("is not a query parameter of this method")
    end
    if seen[field.name] and not field.list then refuse("comes twice") end
    seen[field.name] = true
    -- An empty id would be taken as none: of what was meant to be narrowed down, all would be done.
    if field.id and value == "" then refuse("is empty: give an id, or leave it out") end
    check_scalar(field, unescaped(value), false)
  end
  depth = 0
end

local function find_method(verb, path)
  for _, method in ipairs(METHODS[verb] or {}) do
    local value = path:match(method.path)
    if value then return method, method.variable and { [method.variable] = unescaped(value) } or {} end
  end
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
  if query then read_query(query, method, given) end
  if body then read_body(body, FIELDS[method.message], given) end
end

function envoy_on_request(request)
  local headers = request:headers()
  local verb, target = headers:get(":method"), headers:get(":path")
  local mark = find(target, "?", 1, true)
  local method, given = find_method(verb, mark and sub(target, 1, mark - 1) or target)
  if not method then return end
  local body
  if method.body and FIELDS[method.message] then
    local buffer = request:body()
    if buffer and buffer:length() <= LARGEST_BODY then body = buffer:getBytes(0, buffer:length()) end
  end
  local fine, refusal = pcall(check, body, mark and sub(target, mark + 1), method, given)
  if fine then return end
  -- A defect of this file is not the caller's: the transcoder judges then.
  if type(refusal) ~= "table" then error(refusal) end
  local said = request:streamInfo():dynamicMetadata()
  local field = field_path(refusal.depth)
  said:set("boxoffice.rest", field ~= "" and "broken_rule" or "problem", refusal.what)
  if field ~= "" then said:set("boxoffice.rest", "field", field) end
  request:respond({ [":status"] = "400" }, "")
end
