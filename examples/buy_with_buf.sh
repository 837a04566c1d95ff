#!/bin/sh
# Buy two tickets and give them back, over gRPC with `buf curl` (grpcurl is much alike): sh examples/buy_with_buf.sh.
# Python only reads the answers.
set -eu
URL=${BOXOFFICE_URL:-http://127.0.0.1:8001}
HERE=$(dirname "$0")/..
BUF=${BUF:-$HERE/.venv/bin/buf}

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

# call METHOD REQUEST; buf says by itself what was refused
call() {
  "$BUF" curl --schema "$HERE/gateway/descriptor.binpb" --protocol grpc --http2-prior-knowledge --timeout 30s \
    ${TOKEN:+-H "authorization: Bearer $TOKEN"} -d "$2" "$URL/boxoffice.$1"
}
# pick EXPRESSION: print a value of the answer; fail if there is none
pick() {
  python3 -c '
import json, sys
text = sys.stdin.read() or sys.exit(1)
try:
    a = json.loads(text)
except ValueError:
    sys.exit(f"this is no answer of Boxoffice: {text:.200}")
try:
    print(eval(sys.argv[1]))
except LookupError:
    sys.exit(f"there is nothing to go on with: {text:.200}")
' "$1"
}
# wait_for STATUS WHILE: have the booking told as soon as it is not WHILE any more; fail if it is not STATUS then
wait_for() {
  status=$(call booking.v1.BookingService/GetBooking \
    "{\"bookingId\":\"$BOOKING\",\"waitSeconds\":20,\"whileStatus\":\"$2\"}" | pick 'a["status"]')
  [ "$status" = "$1" ] && echo "$status" && return
  echo "the booking is $status" >&2
  exit 1
}

if [ "$TOKEN" ]; then USER_ID=$(user_of "$TOKEN"); else USER_ID=$(python3 -c 'import uuid; print(uuid.uuid4())'); fi

# What is on, late enough for all of the money to come back
FROM=$(python3 -c 'from datetime import *; print(f"{datetime.now(timezone.utc) + timedelta(hours=25):%Y-%m-%dT%H:%M:%SZ}")')
SHOW=$(call inventory.v1.CatalogService/ListShows "{\"from\":\"$FROM\"}" | pick 'a["shows"][0]["id"]')
echo "show       $SHOW"

# Two seats
SEATS=$(call inventory.v1.InventoryService/ListAvailableSeats "{\"showId\":\"$SHOW\"}" |
  pick 'json.dumps([seat["id"] for seat in a["seats"][:2]])')
echo "seats      $SEATS"

# Book them. The key makes it safe to send this again when no answer comes
KEY=$(python3 -c 'import uuid; print(uuid.uuid4())')
BOOKING=$(call booking.v1.BookingService/CreateBooking \
  "{\"userId\":\"$USER_ID\",\"showId\":\"$SHOW\",\"showSeatIds\":$SEATS,\"idempotencyKey\":\"$KEY\"}" | pick 'a["id"]')
echo "booked     $BOOKING"

# Pay. People would open the answer's paymentUrl
SESSION=$(call payment.v1.PaymentService/InitiatePayment "{\"bookingId\":\"$BOOKING\",\"userId\":\"$USER_ID\"}" |
  pick 'a["sessionId"]')
call bank.v1.BankService/SimulatePayment "{\"sessionId\":\"$SESSION\",\"paymentMethod\":\"pm_succeed\"}" |
  pick '"paid       " + a["status"]'
wait_for CONFIRMED PENDING

# Give them back
call booking.v1.BookingService/RefundBooking "{\"bookingId\":\"$BOOKING\",\"userId\":\"$USER_ID\"}" |
  pick '"refund     %d minor units of %s, %d %%" % (a["refundAmount"], a["currency"], a["refundPercentage"])'
wait_for REFUNDED CONFIRMED
