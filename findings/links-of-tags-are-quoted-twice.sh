#!/bin/sh
# ndeflib 0.3.3: a tag that holds a link is read right, and the record's `uri` is not what it says: everything is percent-encoded
# once more, %2F as %252F and = as %3D, so a link with a query, or an encoded letter, opens nothing. `iri` is the link.
set -eu
. "$(dirname "$0")/install"
python - <<'PY'
from importlib.metadata import version

import ndef

print("ndeflib", version("ndeflib"))
for link in ("https://tickets.example/t?code=A12", "https://tickets.example/t/A%2F12"):
    on_tag = b"".join(ndef.message_encoder([ndef.UriRecord(link)]))
    [record] = ndef.message_decoder(on_tag)
    print(f"on the tag: {on_tag[5:].decode()}\n  iri: {record.iri}\n  uri: {record.uri}")
    assert on_tag.endswith(link.removeprefix("https://").encode())
    assert record.iri == link
    assert record.uri == link.replace("%", "%25").replace("=", "%3D")
PY
