#!/bin/sh
# standardwebhooks 1.1.0 (Python): `sign` takes an aware time's wall clock for UTC. The same instant given in
# Asia/Kolkata is signed as one 5 h 30 min later, so the receiver, who reads the timestamp in the header, refuses it.
set -eu
. "$(dirname "$0")/install"
python - <<'PY'
import base64
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from standardwebhooks import Webhook

webhook = Webhook(base64.b64encode(b"0123456789abcdef01234567").decode())
instant = datetime.now(UTC).replace(microsecond=0)
body = '{"type":"payment.captured"}'
seen = {}
for zone in ("UTC", "Asia/Kolkata"):
    signature = webhook.sign("msg_1", instant.astimezone(ZoneInfo(zone)), body)
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(instant.timestamp())),
        "webhook-signature": signature,
    }
    try:
        webhook.verify(body, headers)
        seen[zone] = "verified"
    except Exception as error:
        seen[zone] = f"{type(error).__name__}: {error}"
print(seen)
assert seen["UTC"] == "verified" and "No matching signature" in seen["Asia/Kolkata"], "zones are heeded now"
PY
