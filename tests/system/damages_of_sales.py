"""Damages to the end of sales."""

from __future__ import annotations

from tests.system.damage import Damage, bookings, claims, seats, sessions

END, CLAIM, WAIT, SESSION = (
    "sales-end-with-the-start-at-the-latest",
    "no-claim-outlives-sales",
    "no-booking-waits-longer-than-sales",
    "no-session-outlives-sales",
)
LATE = "expires_at = now() + interval '4 days'"

SALES = (
    Damage(
        "a show on sale after it has begun",
        END,
        "UPDATE inventory.shows SET sales_end_at = starts_at + interval '1 second';"
        "UPDATE inventory.show_counters SET sales_end_at = starts_at + interval '1 second'",
    ),
    Damage(
        "a counter that sells for longer",
        END,
        "UPDATE inventory.shows SET sales_end_at = starts_at - interval '1 second'",
    ),
    Damage(
        "a counter that knows no end of sales",
        END,
        "UPDATE inventory.shows SET sales_end_at = starts_at - interval '1 second';"
        "UPDATE inventory.show_counters SET sales_end_at = NULL",
    ),
    Damage("a hold that outlives sales", CLAIM, seats("HELD", LATE)),
    Damage("a reservation that outlives sales", CLAIM, claims("RESERVED", LATE)),
    Damage("a booking that waits longer than sales go on", WAIT, bookings("PENDING", LATE)),
    Damage("a session that is open longer than sales go on", SESSION, sessions("OPEN", LATE)),
    Damage(
        "a session that is open longer than sales went on, which ended early",
        SESSION,
        bookings("PENDING", "sales_end_at = created_at + interval '1 second'"),
    ),
)
