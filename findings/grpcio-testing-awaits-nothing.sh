#!/bin/sh
# grpcio-testing 1.85.0: given a servicer of grpc.aio, whose methods are coroutines, the test server ends a call with OK and
# the coroutine itself for a response. It is never awaited: a test that looks at the code alone passes, and nothing ran.
set -eu
. "$(dirname "$0")/install"
python -W ignore - <<'PY'
import inspect

import grpc
import grpc_testing
from grpc_health.v1 import health_pb2

CHECK = health_pb2.DESCRIPTOR.services_by_name["Health"].methods_by_name["Check"]
ran = []


class Health:
    async def Check(self, request, context):
        ran.append(request)
        await context.abort(grpc.StatusCode.NOT_FOUND, "there is no such service")


server = grpc_testing.server_from_dictionary(
    {health_pb2.DESCRIPTOR.services_by_name["Health"]: Health()}, grpc_testing.strict_real_time()
)
call = server.invoke_unary_unary(CHECK, (), health_pb2.HealthCheckRequest(service="none"), 5)
response, _, code, details = call.termination()
print(f"code {code}, details {details!r}, response {type(response).__name__}, {len(ran)} requests handled")
assert code is grpc.StatusCode.OK, "it tells of the refusal now"
assert inspect.iscoroutine(response) and not ran, "it awaits coroutines now"
PY
