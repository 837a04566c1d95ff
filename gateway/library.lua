-- Looks at calls that failed. What the gRPC library of a service said by itself is told in our words, and with details.
-- SAID and STATUSES come before this, from gateway/library.py.

local function said_instead(status, message)
  for _, each in ipairs(SAID[status] or {}) do
    if string.find(message, each.contains, 1, true) then return each.headers end
  end
  return {}
end

function envoy_on_response(response)
  local headers = response:headers()
  if (headers:get("grpc-status-details-bin") or "") == "" then
    local instead = said_instead(headers:get("grpc-status"), headers:get("grpc-message") or "")
    for name, value in pairs(instead) do headers:replace(name, value) end
  end
  local status = headers:get("grpc-status")
  response:streamInfo():dynamicMetadata():set("boxoffice.rest", "grpc_status", STATUSES[status] or status)
end
