#!/bin/sh
# buf-bin 1.75.0: `buf breaking` in its strictest category sees nothing when the REST path or verb of a method
# (google.api.http) changes, although every REST client breaks. A path needs a check of its own against the last release.
set -eu
. "$(dirname "$0")/install"
mkdir -p protos/google/api protos/demo/v1
include=$(python -c 'import google.api, pathlib; print(pathlib.Path(list(google.api.__path__)[0]).parent.parent)')
cp "$include/google/api/annotations.proto" "$include/google/api/http.proto" protos/google/api/
cat > buf.yaml <<'YAML'
version: v2
modules: [{path: protos}]
breaking: {use: [FILE, PACKAGE, WIRE_JSON, WIRE]}
YAML
office() {
cat > protos/demo/v1/office.proto <<PROTO
syntax = "proto3";
package demo.v1;
import "google/api/annotations.proto";
message HoldRequest { string $2 = 1; }
message HoldResponse {}
service Office {
  rpc Hold(HoldRequest) returns (HoldResponse) { option (google.api.http) = {$1, body: "*"}; }
}
PROTO
}
office 'post: "/v1/holds"' seat
buf build -o released.binpb
office 'put: "/v2/seats/hold"' seat
buf breaking --against released.binpb && echo "another verb and another path: nothing breaks, says buf"
office 'post: "/v1/holds"' chair
if buf breaking --against released.binpb; then echo "it does not see a field's new name either" >&2; exit 1; fi
