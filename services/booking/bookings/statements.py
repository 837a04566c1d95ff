"""Statements about bookings that several capabilities share.

Every move is guarded by the state that it starts from, and by the version too where a booking can come back to that
state, or somebody else may be at the same step.
"""

from services.booking.bookings.domain import Booking, BookingRefund
from services.chassis.store.rows import selected

COLUMNS = selected(
    Booking,
    sales_end_at="coalesce(sales_end_at, starts_at)",
    show_revision="coalesce(show_revision, 0)",
    booking_number="coalesce(booking_number, '')",
    final_amount="coalesce(final_amount, total_amount)",
    cancel_reason="CASE WHEN state = 'CANCELLED' THEN coalesce(cancel_reason, 'BY_USER') END",
    confirmed_at="coalesce(confirmed_at, CASE WHEN state IN ('CONFIRMED', 'REFUNDING') THEN updated_at END)",
)
"""What code from before wrote, it wrote without the columns in these expressions."""

BOOKINGS = f"SELECT {COLUMNS} FROM bookings WHERE id = ANY(%(ids)s) AND state <> 'RESERVING'"

OWNER = "SELECT organization_id, show_id FROM bookings WHERE id = %(id)s AND state <> 'RESERVING'"

SEATS = """
    SELECT booking_id, seat_id AS id, section, row, number, tier, price, discount, fee, tax, tax_basis_points,
        sac_code, order_amount, unrefundable_amount, organizer_fee, kind, refund_id, refund_amount, label, features
    FROM booking_seats
    WHERE booking_id = ANY(%(booking_ids)s) ORDER BY booking_id, position
"""

SEAT_IN_WORDS = """
    s.section || CASE WHEN s.row = '' THEN '' ELSE ' ' || s.row || coalesce(s.label, s.number::text) END
        || CASE WHEN s.kind = 'ADULT' THEN '' ELSE ' (' || s.kind || ')' END
"""
"""What people call seat `s` of a booking: a place of an area has no row, and is called by the area alone."""

REFUNDS = f"""
    SELECT {selected(BookingRefund)} FROM booking_refunds
    WHERE booking_id = ANY(%(booking_ids)s) ORDER BY booking_id, number
"""

LOCK_BOOKINGS = f"""
    SELECT {COLUMNS} FROM bookings WHERE id = ANY(%(ids)s) AND state <> 'RESERVING' ORDER BY id FOR UPDATE
"""

CLAIM_UNFINISHED = f"""
    UPDATE bookings SET
        version = version + 1, lease_until = boxoffice_clock() + make_interval(secs => %(lease_seconds)s)
    WHERE id IN (
        SELECT id FROM bookings
        WHERE state IN ('RESERVING', 'CONFIRMING', 'REFUNDING') AND lease_until <= boxoffice_clock()
        ORDER BY lease_until LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    )
    RETURNING {COLUMNS}
"""
"""Take over steps that nobody has finished; the new version fences off whoever began them."""

NOTE_REVISIONS = """
    INSERT INTO show_updates (show_id, revision, noted_at, lease_until)
    SELECT show_id, max(revision), boxoffice_clock(), boxoffice_clock()
    FROM unnest(%(show_id)s::uuid[], %(revision)s::int[]) AS told (show_id, revision) GROUP BY show_id ORDER BY show_id
    ON CONFLICT (show_id) DO UPDATE SET
        revision = excluded.revision, noted_at = excluded.noted_at, lease_until = excluded.lease_until,
        swept_to = NULL, done_at = NULL
    WHERE show_updates.revision < excluded.revision
"""
"""Have the bookings of shows brought up to a revision of these."""

POSTPONE = """
    UPDATE bookings SET lease_until = boxoffice_clock() + make_interval(secs => %(seconds)s)
    WHERE id = ANY(%(ids)s) AND state IN ('RESERVING', 'CONFIRMING', 'REFUNDING')
"""

PASS_VERSIONS = """
    UPDATE bookings b SET version = new.version
    FROM (
        SELECT id, max(version) AS version FROM unnest(%(id)s::uuid[], %(version)s::int[]) AS n (id, version)
        GROUP BY id
    ) AS new
    WHERE b.id = new.id
"""
"""Give bookings the versions that events of their tickets have; they stay what they are."""
