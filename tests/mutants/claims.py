"""Bugs of what a user is shown of their own claims, and of bookings that have come to nothing."""

from tests.mutants.mutant import REQUESTS, Mutant

COMMANDS = "services/inventory/domain/commands.py"
SEAT_MAP = "services/inventory/domain/seat_map.py"
BOOKINGS = "services/booking/queries/bookings.py"
DOMAIN = "services/booking/domain/bookings.py"
CATALOGUE = "services/inventory/queries/catalogue.py"

OWN = ("tests/booking/test_own_claims.py",)
READS = ("tests/booking/test_reads.py",)

MUTANTS = (
    Mutant(
        "a refusal names the booking of another",
        COMMANDS,
        "own = [seat for seat in taken if seat.holder_id == user_id]",
        "own = [seat for seat in taken if seat.booking_id is not None]",
        REQUESTS,
        OWN,
    ),
    Mutant(
        "a reserved seat is shown as reserved to everybody else",
        SEAT_MAP,
        "if status in (Status.HELD, Status.RESERVED) and",
        "if status == Status.HELD and",
        REQUESTS,
        OWN,
    ),
    Mutant(
        "a booking whose time is up is listed as pending",
        BOOKINGS,
        "        WHEN state = 'PENDING' AND expires_at <= clock.now THEN 'EXPIRED'\n        ELSE state",
        "        ELSE state",
        REQUESTS,
        READS,
    ),
    Mutant(
        "a booking expires when the job runs",
        BOOKINGS,
        "updated_at = least(expires_at, boxoffice_clock())",
        "updated_at = boxoffice_clock()",
        REQUESTS,
        READS,
    ),
    Mutant(
        "late money shows an expired booking as pending",
        BOOKINGS,
        "confirming_from = CASE WHEN state = 'PENDING' AND expires_at <= clock.now THEN 'EXPIRED' ELSE state END",
        "confirming_from = state",
        REQUESTS,
        READS,
    ),
    Mutant(
        "a booking is expired since it was made",
        DOMAIN,
        "            return self.expires_at\n        return self.updated_at",
        "            return self.updated_at\n        return self.updated_at",
        REQUESTS,
        READS,
    ),
    Mutant(
        "shows that are over are listed first",
        CATALOGUE,
        'always = [_TO_COME] if given["begin"] is None else []',
        "always: list[str] = []",
        REQUESTS,
        ("tests/inventory/test_catalogue_shows.py",),
    ),
)
