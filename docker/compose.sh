#!/bin/sh
# `make up` and `make down`: ask Docker Compose, or say in one line why not.
set -eu
cd "$(dirname "$0")/.."

fail() {
  echo "boxoffice: $1" >&2
  exit 1
}

command -v docker >/dev/null || fail "docker is not here: install Docker with Compose, or use make run, which needs neither"
docker compose version >/dev/null 2>&1 || fail "this docker has no Compose: install its plugin (docker-compose-plugin), or use make run"

case ${1:-} in
up)
  # Before the engine is asked: a missing secret is said first, and alone.
  problem=$(docker compose config --quiet 2>&1) || fail "$(printf '%s\n' "$problem" | sed 's/^.*required variable \([A-Z_]*\) is missing a value: /\1 is not set: /')"
  docker info >/dev/null 2>&1 || fail "no Docker engine answers: start it (or get the right to use it), or use make run, which needs none"
  # Their containers' users read them.
  chmod -R a+rX docker/prometheus docker/grafana
  exec docker compose up --build --detach --wait --remove-orphans
  ;;
down)
  docker info >/dev/null 2>&1 || fail "no Docker engine answers, so nothing of ours runs on it"
  # Nobody needs a secret to stop, but the file asks for them.
  for name in $(sed -n 's/.*${\([A-Z_]*\):?.*/\1/p' docker-compose.yml); do
    export "$name=none"
  done
  exec docker compose --profile observe down --remove-orphans
  ;;
*)
  fail "usage: docker/compose.sh up|down"
  ;;
esac
