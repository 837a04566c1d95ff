#!/bin/sh
# Envoy 1.40.0: a safe_regex of one counted class, [A-Za-z0-9_-]{43}, the form of 256 bits in base64url, is refused: the
# program that RE2 makes of it is larger than 100, the bound that the runtime key re2.max_program_size.error_level has
# by default. [A-Za-z0-9_-]+ is taken: what a configuration tests for has to be counted elsewhere.
set -eu
. "$(dirname "$0")/install"
python - <<'PY'
import importlib.util
import pathlib
import subprocess

envoy = pathlib.Path(importlib.util.find_spec("envoy").origin).parent / "_bin" / "envoy"
TEXT = """
static_resources:
  listeners:
  - name: it
    address: {socket_address: {address: 127.0.0.1, port_value: 0}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: it
          route_config:
            virtual_hosts:
            - name: it
              domains: ["*"]
              routes:
              - match: {prefix: /, headers: [{name: x-key, string_match: {safe_regex: {regex: "REGEX"}}}]}
                direct_response: {status: 204}
          http_filters:
          - name: envoy.filters.http.router
            typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
"""


def validate(regex: str) -> tuple[int, str]:
    file = pathlib.Path("envoy.yaml")
    file.write_text(TEXT.replace("REGEX", regex))
    done = subprocess.run([envoy, "--mode", "validate", "-c", file], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


counted, said = validate("[A-Za-z0-9_-]{43}")
free, _ = validate("[A-Za-z0-9_-]+")
print(counted, free, [line.strip() for line in said.splitlines() if "program size" in line][:1])
assert counted != 0 and "program size" in said and free == 0, "Envoy takes counted classes now"
PY
