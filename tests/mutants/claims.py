"""Bugs of what a user is shown of their own claims, and of bookings that have come to nothing."""

from tests.mutants.mutant import REQUESTS, Mutant

OWN = ("tests/booking/test_own_claims.py",)
READS = ("tests/booking/test_reads.py",)

MUTANTS = (
    Mutant(
        "a refusal names the booking of another",
        "_unavailable",
        "seat.holder_id == user_id",
        "seat.booking_id is not None",
        REQUESTS,
        OWN,
    ),
    Mutant(
        "a reserved seat is shown as reserved to everybody else",
        "SeatMap._judge",
        "status in (SeatStatus.HELD, SeatStatus.RESERVED)",
        "status == SeatStatus.HELD",
        REQUESTS,
        OWN,
    ),
    Mutant(
        "a booking whose time is up is listed as pending",
        "viewing:STATUS",
        "WHEN state = 'PENDING' AND expires_at <= clock.now THEN 'EXPIRED' ELSE state",
        "ELSE state",
        REQUESTS,
        READS,
    ),
    Mutant(
        "a booking expires when the job runs",
        "EXPIRE",
        "updated_at = least(expires_at, boxoffice_clock())",
        "updated_at = boxoffice_clock()",
        REQUESTS,
        READS,
    ),
    Mutant(
        "late money shows an expired booking as pending",
        "Booking.confirming",
        "self.public_state(now)",
        "self.state",
        REQUESTS,
        READS,
    ),
    Mutant(
        "a booking is expired since it was made",
        "Booking.status_since",
        "return self.expires_at",
        "return self.updated_at",
        REQUESTS,
        READS,
    ),
    Mutant(
        "a payment service that hangs holds up looks at other bookings",
        "LANE_SECONDS",
        "0.25",
        "60.0",
        REQUESTS,
        READS,
    ),
    Mutant(
        "shows that are over are listed first",
        "list_shows",
        "always = [_TO_COME] if given['begin'] is None and given['day'] is None else []",
        "always: list[str] = []",
        REQUESTS,
        ("tests/inventory/test_catalogue_timetable.py",),
    ),
)
