#!/bin/sh
# Buy two tickets and give them back, over REST with curl: sh examples/buy.sh. Python only reads the answers.
set -eu
API=${BOXOFFICE_URL:-http://127.0.0.1:8001}/api/v1

ask() { curl -sS --max-time 10 -H 'content-type: application/json' "$@"; }
# pick EXPRESSION: print a value of the answer; of a refusal, print all of it and fail
pick() {
  python3 -c '
import json, sys
a = json.loads(sys.stdin.read() or sys.exit(1))
print(eval(sys.argv[1])) if "code" not in a else sys.exit(f"refused: {a}")
' "$1"
}
new_id() { python3 -c 'import uuid; print(uuid.uuid4())'; }
# wait_for STATUS: look at the booking until it has it
wait_for() {
  for _ in $(seq 100); do
    status=$(ask "$API/bookings/$BOOKING" | pick 'a["status"]')
    [ "$status" = "$1" ] && echo "$status" && return
    sleep 0.2
  done
  echo "the booking is still $status" >&2
  exit 1
}

USER_ID=$(new_id)

# What is on, late enough for all of the money to come back
FROM=$(python3 -c 'from datetime import *; print(f"{datetime.now(timezone.utc) + timedelta(hours=25):%Y-%m-%dT%H:%M:%SZ}")')
SHOW=$(ask "$API/shows?from=$FROM" | pick 'a["shows"][0]["id"]')
echo "show       $(ask "$API/shows/$SHOW" | pick 'a["title"]')"

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
wait_for CONFIRMED

# Give them back
ask "$API/payments/refund/$BOOKING" -d "{\"userId\":\"$USER_ID\"}" |
  pick '"refund     %d minor units of %s, %d %%" % (a["refundAmount"], a["currency"], a["refundPercentage"])'
wait_for REFUNDED
