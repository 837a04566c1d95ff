-- What HTTP says of a REST request: its verb, its path, what kind of body it has. And of its answer: a HEAD's has no
-- body, and nothing of gRPC's own is in any.
--
-- METHODS, WRITTEN_OUT, PAGES and STATUSES come before this, from the contracts (gateway/rest.py), rest.lua too. It knows every path
-- that there is, and reads paths as the transcoder does: what it does not know gets no further.

local REST = "boxoffice.rest" -- the name under which replies.py and the access log find what is said here
local LARGEST_BODY = 262144 -- the transcoder refuses larger ones
local VERBS = { "GET", "POST", "PUT", "PATCH", "DELETE" }

-- What is JSON, and what programs say of a body that nobody told them the kind of: curl -d, fetch with a text, others.
local MEDIA_TYPES = {
  ["application/json"] = true, ["text/json"] = true, ["application/x-www-form-urlencoded"] = true,
  ["text/plain"] = true, ["application/octet-stream"] = true,
}
local CHARSETS = { ["utf-8"] = true, ["utf8"] = true, ["us-ascii"] = true }

local function say(handle, key, value) handle:streamInfo():dynamicMetadata():set(REST, key, value) end

local function find_method(verb, path)
  for _, method in ipairs(METHODS[verb] or {}) do
    -- A path that is written out in the contracts is nobody's id, also where only another verb has it.
    local value = not (method.variable and WRITTEN_OUT[path]) and path:match(method.path)
    if value then return method, method.variable and { [method.variable] = unescaped(value) } or {} end
  end
end

-- The verbs that a path takes, as the header Allow lists them; nothing where there is no such path.
local function verbs_of(path)
  local found = {}
  for _, verb in ipairs(VERBS) do
    local method = find_method(verb, path)
    if method then found[#found + 1] = verb end
    -- Of a stream there is no HEAD: it would last as long as the stream.
    if verb == "GET" and method and not method.streams then found[#found + 1] = "HEAD" end
  end
  return #found > 0 and table.concat(found, ", ") or nil
end

local function is_json(content_type)
  local kind, parameters = content_type:lower():match("^%s*([^;]-)%s*;(.*)$")
  kind = kind or content_type:lower():match("^%s*(.-)%s*$")
  if not MEDIA_TYPES[kind] and not find(kind, "^application/[%w.-]+%+json$") then return false end
  local charset = parameters and parameters:match('charset%s*=%s*"?([^";%s]*)')
  return not charset or CHARSETS[charset] ~= nil
end

local function refuse_verb(request, verbs)
  request:respond(verbs and { [":status"] = "405", ["allow"] = verbs } or { [":status"] = "404" }, "")
end

-- Whether the body of a request can be read: as it is, and for a method with fields as JSON.
local function is_readable(headers, method)
  local encoding, content_type = headers:get("content-encoding"), headers:get("content-type")
  if encoding and encoding ~= "" and encoding:lower() ~= "identity" then return false end
  -- A file is of any kind, but for what others would take for gRPC.
  if method.file then return not find((content_type or ""):lower(), "application/grpc", 1, true) end
  return not FIELDS[method.message] or not content_type or content_type == "" or is_json(content_type)
end

-- Whether a file is larger than its method takes, as far as its headers say so; the transcoder counts what comes without.
local function is_too_large(headers, method)
  local length = tonumber(headers:get("content-length") or "")
  return length and length > method.file
end

local function check_all(body, query, method, given)
  check(method.body and FIELDS[method.message] and body, query, method, given)
  -- The transcoder would read it all the same, as fields of the request, those of the path too.
  if not method.body and not method.file and body and not find(body, "^%s*{?%s*}?%s*$") then
    refuse("This method takes no body: put its fields in the path and the query.")
  end
end

-- Refuses what breaks the contract of a method.
local function hold_against(request, method, given, query)
  -- A file is not looked at here: who may not send it is refused before it has come.
  local buffer = not method.file and request:body()
  local body = buffer and buffer:length() <= LARGEST_BODY and buffer:getBytes(0, buffer:length())
  local fine, refusal = pcall(check_all, body, query, method, given)
  if fine then return end
  -- A defect of these files is not the caller's: the transcoder judges then.
  if type(refusal) ~= "table" then error(refusal) end
  local field = field_path(refusal.depth)
  say(request, field ~= "" and "broken_rule" or "problem", refusal.what)
  if field ~= "" then say(request, "field", field) end
  request:respond({ [":status"] = "400" }, "")
end

function envoy_on_request(request)
  local headers = request:headers()
  local verb, target = headers:get(":method"), headers:get(":path")
  if not target then return request:respond({ [":status"] = "404" }, "") end -- CONNECT
  local is_head = verb == "HEAD"
  if is_head then
    verb = "GET"
    say(request, "verb", "HEAD")
  end
  local mark = find(target, "?", 1, true)
  local path = mark and sub(target, 1, mark - 1) or target
  if PAGES[path] then
    if verb ~= "GET" then refuse_verb(request, "GET, HEAD") end
    return
  end
  path = path:gsub("/+$", "") -- the transcoder looks past slashes at the end
  local method, given = find_method(verb, path)
  if not method or (is_head and method.streams) then return refuse_verb(request, verbs_of(path)) end
  if method.file and is_too_large(headers, method) then return request:respond({ [":status"] = "413" }, "") end
  if (method.body or method.file) and not is_readable(headers, method) then
    return request:respond({ [":status"] = "415", ["accept"] = "application/json", ["accept-encoding"] = "identity" }, "")
  end
  if is_head then headers:replace(":method", "GET") end
  hold_against(request, method, given, mark and sub(target, mark + 1))
end

local function take_status(response, headers)
  local status = headers:get("grpc-status")
  if not status then return end
  say(response, "grpc_status", STATUSES[status] or status)
  headers:remove("grpc-status")
  headers:remove("grpc-message")
  headers:remove("grpc-status-details-bin")
end

function envoy_on_response(response)
  local headers = response:headers()
  -- A call of gRPC's that was refused before this saw it: what answers REST says what kind it is.
  if find(headers:get("content-type") or "application/grpc", "^application/grpc") then return end
  take_status(response, headers)
  -- Only pages have it that send a customer on.
  if headers:get("location") and headers:get(":status") == "200" then headers:replace(":status", "303") end
  local said = response:streamInfo():dynamicMetadata():get(REST)
  if said and said.verb == "HEAD" then
    for chunk in response:bodyChunks() do chunk:setBytes("") end
  end
  -- HTTP/2 shows them, and a stream has its status there alone.
  local trailers = response:trailers()
  if trailers then take_status(response, trailers) end
end
