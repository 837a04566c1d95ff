#!/bin/sh
# Buy two tickets and give them back, over REST with curl: sh examples/buy.sh. Python only reads the answers.
set -eu
API=${BOXOFFICE_URL:-http://127.0.0.1:8001}/api/v1

# Where calls take a token, BOXOFFICE_TOKEN has one: the tickets are its user's, whose id is the claim `sub`
TOKEN=${BOXOFFICE_TOKEN:-}
user_of() {
  python3 -c '
import base64, json, sys
try:
    _, payload, _ = sys.argv[1].split(".")
    print(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["sub"])
except (LookupError, TypeError, ValueError):
    sys.exit("BOXOFFICE_TOKEN is not an access token")
' "$1"
}

ask() {
  curl -sS --max-time 10 -H 'content-type: application/json' ${TOKEN:+-H "authorization: Bearer $TOKEN"} "$@"
}
# pick EXPRESSION: print a value of the answer; of a refusal, say why and fail
pick() {
  python3 -c '
import json, sys
text = sys.stdin.read() or sys.exit(1)
try:
    a = json.loads(text)
except ValueError:
    sys.exit(f"this is no answer of Boxoffice: {text:.200}")
if "code" in a:
    sys.exit(a["message"] + (" BOXOFFICE_TOKEN is where this looks for one." if a["code"] == 16 else ""))
try:
    print(eval(sys.argv[1]))
except LookupError:
    sys.exit(f"there is nothing to go on with: {text:.200}")
' "$1"
}
new_id() { python3 -c 'import uuid; print(uuid.uuid4())'; }
# wait_for STATUS WHILE: have the booking told as soon as it is not WHILE any more; fail if it is not STATUS then
wait_for() {
  status=$(ask --max-time 30 "$API/bookings/$BOOKING?waitSeconds=20&whileStatus=$2" | pick 'a["status"]')
  [ "$status" = "$1" ] && echo "$status" && return
  echo "the booking is $status" >&2
  exit 1
}

if [ "$TOKEN" ]; then USER_ID=$(user_of "$TOKEN"); else USER_ID=$(new_id); fi

# What is on, late enough for all of the money to come back
FROM=$(python3 -c 'from datetime import *; print(f"{datetime.now(timezone.utc) + timedelta(hours=25):%Y-%m-%dT%H:%M:%SZ}")')
SHOW=$(ask "$API/shows?from=$FROM" | pick 'a["shows"][0]["id"]')
echo "show       $(ask "$API/shows/$SHOW" | pick 'a["title"]')"
echo "on sale    until $(ask "$API/shows/$SHOW" | pick 'a["salesEndAt"]')"

# Two seats
SEATS=$(ask "$API/seats/shows/$SHOW/available" | pick 'json.dumps([seat["id"] for seat in a["seats"][:2]])')
echo "seats      $SEATS"

# Book them. The key makes it safe to send this again when no answer comes
KEY=$(new_id)
BOOKING=$(ask --retry 3 -H "Idempotency-Key: $KEY" "$API/bookings" \
  -d "{\"userId\":\"$USER_ID\",\"showId\":\"$SHOW\",\"showSeatIds\":$SEATS}" | pick 'a["id"]')
echo "booked     $BOOKING"

# Pay. People would open the answer's paymentUrl
SESSION=$(ask "$API/payments/initiate" -d "{\"bookingId\":\"$BOOKING\",\"userId\":\"$USER_ID\"}" | pick 'a["sessionId"]')
ask "$API/payments/simulate/$SESSION" -d '{"paymentMethod":"pm_succeed"}' | pick '"paid       " + a["status"]'
wait_for CONFIRMED PENDING

# Give them back
ask "$API/payments/refund/$BOOKING" -d "{\"userId\":\"$USER_ID\"}" |
  pick '"refund     %d minor units of %s, %d %%" % (a["refundAmount"], a["currency"], a["refundPercentage"])'
wait_for REFUNDED CONFIRMED
