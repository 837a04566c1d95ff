#!/bin/sh
# Generate from the contracts: Python code, typed stubs and the words for bad input in protos/gen, Envoy's descriptor set
# and the OpenAPI documents in gateway/; and, from the services' errors, docs/errors.md.
# buf resolves the imports; protoc (from grpcio-tools) generates from what buf resolved. Needs no network.
set -eu
cd "$(dirname "$0")/.."
bin=${VENV:-.venv}/bin
PATH="$PWD/$bin:$PATH"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# All modules, so that the detail types of errors are in: without them Envoy answers errors with an empty body.
"$bin/buf" build . -o "$work/all.binpb" --as-file-descriptor-set
"$bin/buf" build . -o "$work/descriptor.binpb" --as-file-descriptor-set --exclude-source-info

files=$(cd protos && find boxoffice -name '*.proto' | sort)
mkdir "$work/gen"
# shellcheck disable=SC2086
"$bin/python" -m grpc_tools.protoc --descriptor_set_in="$work/all.binpb" \
  --python_out="$work/gen" --mypy_out="quiet:$work/gen" \
  $files buf/validate/validate.proto
# shellcheck disable=SC2086
"$bin/python" -m grpc_tools.protoc --descriptor_set_in="$work/all.binpb" \
  --grpc_python_out="$work/gen" --mypy_grpc_out="quiet:$work/gen" \
  $(grep -l '^service ' $(printf 'protos/%s ' $files) | sed 's|^protos/||')

PYTHONPATH="$work/gen" "$bin/python" -m gateway.words "$work/all.binpb" >"$work/gen/boxoffice/words.py"

rm -rf protos/gen
cp -R "$work/gen" protos/gen
mv "$work/descriptor.binpb" gateway/descriptor.binpb
"$bin/python" -m gateway.openapi "$work/all.binpb" >"$work/openapi.json"
"$bin/python" -m gateway.openapi "$work/all.binpb" --auth off >"$work/openapi-without-tokens.json"
mv "$work/openapi.json" "$work/openapi-without-tokens.json" gateway/
"$bin/python" docs/errors.py
