#!/usr/bin/env bash
# Run Envoy with the configuration beside this file, and stop it without cutting a call:
# SIGTERM alone would cut them all.
#
# usage: gateway.sh          run it
#        gateway.sh health   tell by the exit code whether it and every service behind it is healthy
set -euo pipefail

port=${GATEWAY_PORT:-8001}
admin_port=${ENVOY_ADMIN_PORT:-16081}
# Longer than a call may take.
drain_seconds=${DRAIN_SECONDS:-6}

# Envoy's image has no curl.
ask() ( # PORT METHOD PATH
  exec 3<>"/dev/tcp/127.0.0.1/$1"
  printf '%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n' "$2" "$3" >&3
  cat <&3
)

if [[ ${1:-} == health ]]; then
  answer=$(ask "$port" GET /api/v1/health 2>&1) && [[ $answer == "HTTP/1.1 200 "* ]] && exit
  printf '%.200s\n' "${answer%%$'\r'*}"
  exit 1
fi

is_idle() {
  ask "$admin_port" GET '/stats?filter=^http\.public\.downstream_rq_active$' | grep -q 'downstream_rq_active: 0'
}

stop() {
  # Whoever spreads calls over gateways is told by the health pages, and callers are told to go elsewhere; what they
  # have begun is ended first.
  ask "$admin_port" POST /healthcheck/fail >/dev/null || true
  ask "$admin_port" POST '/drain_listeners?graceful' >/dev/null || true
  local end=$((SECONDS + drain_seconds))
  until is_idle || ((SECONDS >= end)); do sleep 0.1; done
  kill -TERM "$envoy" 2>/dev/null || true
}

envoy \
  --config-path "$(dirname "${BASH_SOURCE[0]}")/envoy.yaml" \
  --disable-hot-restart \
  --drain-time-s "$drain_seconds" \
  --file-flush-interval-msec 200 \
  --concurrency 2 \
  --log-level warning &
envoy=$!
trap stop TERM INT
code=0
while kill -0 "$envoy" 2>/dev/null; do
  wait "$envoy" && code=0 || code=$?
done
exit "$code"
