"""Buy two tickets and give them back, with the Python client: `.venv/bin/python examples/buy.py`.

Where calls take a token, BOXOFFICE_TOKEN has one: the tickets are its user's.
"""

import os
import sys
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from boxoffice.booking.v1.booking_pb2 import Booking

from boxoffice_client import BoxofficeError, Client, Options, user_of
from boxoffice_client.errors import SeatsUnavailable, Unauthenticated

URL = os.environ.get("BOXOFFICE_URL", "http://127.0.0.1:8001")
TOKEN = os.environ.get("BOXOFFICE_TOKEN", "")
PATIENCE_SECONDS = 20


def main() -> None:
    user = user_of(TOKEN) if TOKEN else str(uuid4())
    with Client(URL, options=Options(token=TOKEN or None)) as boxoffice:
        # What is on, late enough for all of the money to come back
        shows = boxoffice.list_shows(from_=datetime.now(UTC) + timedelta(hours=25)).shows
        if not shows:
            sys.exit("no show is on sale")
        show = shows[0]
        print(f"show       {show.title}, {show.venue_name}, {show.start_time.ToDatetime():%a %d %b %H:%M} UTC")
        print(f"on sale    until {show.sales_end_at.ToDatetime():%a %d %b %H:%M} UTC")

        # Two seats, and two others if somebody is faster
        while True:
            seats = boxoffice.list_available_seats(show_id=show.id).seats[:2]
            if len(seats) < 2:
                sys.exit("the show is sold out")
            print("seats      " + ", ".join(f"{seat.section} {seat.row}{seat.number}" for seat in seats))
            try:
                booking = boxoffice.create_booking(
                    user_id=user, show_id=show.id, show_seat_ids=[seat.id for seat in seats]
                )
                break
            except SeatsUnavailable as error:
                print(f"taken      {len(error.seat_ids)} of them, looking again")
        print(f"booked     {booking.final_amount} minor units of {booking.currency}")

        # Pay. People would open checkout.payment_url
        checkout = boxoffice.initiate_payment(booking_id=booking.id, user_id=user)
        boxoffice.simulate_payment(session_id=checkout.session_id, payment_method="pm_succeed")
        wait_for(boxoffice, booking.id, Booking.CONFIRMED, Booking.PENDING)

        # Give them back
        refund = boxoffice.refund_booking(booking_id=booking.id, user_id=user)
        print(f"refund     {refund.refund_amount} minor units of {refund.currency}, {refund.refund_percentage} %")
        wait_for(boxoffice, booking.id, Booking.REFUNDED, Booking.CONFIRMED)


def wait_for(
    boxoffice: Client, booking_id: str, status: Booking.Status.ValueType, present: Booking.Status.ValueType
) -> None:
    """Have a booking told as soon as it has another status than the present one; it is to be this."""
    booking = boxoffice.get_booking(booking_id=booking_id, wait_seconds=PATIENCE_SECONDS, while_status=present)
    if booking.status != status:
        sys.exit(f"the booking is {Booking.Status.Name(booking.status)}")
    print(Booking.Status.Name(status))


try:
    main()
except Unauthenticated as refused:
    sys.exit(f"{refused} BOXOFFICE_TOKEN is where this looks for one.")
except (BoxofficeError, ValueError) as error:
    sys.exit(str(error))
except KeyboardInterrupt:
    sys.exit(130)
