"""Statements that bring bookings up to the revisions of their shows."""

from services.booking.show_updates.domain import ShowUpdate
from services.chassis.store.rows import LEAST_ID, selected

CLAIM_UPDATE = f"""
    UPDATE show_updates SET lease_until = boxoffice_clock() + make_interval(secs => %(lease_seconds)s)
    WHERE show_id = (
        SELECT show_id FROM show_updates WHERE done_at IS NULL AND lease_until <= boxoffice_clock()
        ORDER BY lease_until LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    RETURNING {selected(ShowUpdate)}
"""
"""Take one show that nobody else is at. Each step may be repeated, so nobody is fenced off."""

UPDATE_BOOKINGS = f"""
    UPDATE bookings b SET
        starts_at = %(starts_at)s, sales_end_at = %(sales_end_at)s, screen = %(screen)s, show_revision = %(revision)s,
        version = version + 1, booked_starts_at = coalesce(booked_starts_at, starts_at),
        full_refund_until = CASE WHEN (starts_at, screen) IS DISTINCT FROM (%(starts_at)s, %(screen)s)
            THEN boxoffice_clock() + make_interval(secs => %(full_refund_seconds)s) ELSE full_refund_until END
    WHERE id IN (
        SELECT id FROM bookings
        WHERE show_id = %(show_id)s AND id > coalesce(%(after)s::uuid, {LEAST_ID})
            AND state IN ('PENDING', 'EXPIRED', 'CONFIRMED') AND coalesce(show_revision, 0) < %(revision)s
        ORDER BY id LIMIT %(limit)s FOR UPDATE
    )
    RETURNING id
"""
"""Bring the next bookings of a show up to a revision of it: those that are tickets, or could become some. Whoever was
told another time or hall gets all back on request for a while. Those that are between two steps are left to a later
pass, as their versions fence off who is too slow."""

SHORTEN_OFFERS = """
    UPDATE ticket_offers SET expires_at = greatest(%(starts_at)s, created_at + interval '1 second')
    WHERE booking_id = ANY(%(ids)s) AND state = 'OPEN' AND expires_at > %(starts_at)s
"""
"""No ticket is offered for longer than until its show starts, also where the show was moved to an earlier time."""

FIND_OUTDATED = """
    SELECT id FROM bookings
    WHERE show_id = %(show_id)s AND state IN ('RESERVING', 'PENDING', 'CONFIRMING', 'EXPIRED', 'CONFIRMED')
        AND coalesce(show_revision, 0) < %(revision)s
    LIMIT 1
"""

MOVE_ON = """
    UPDATE show_updates SET
        swept_to = %(swept_to)s, lease_until = boxoffice_clock() + make_interval(secs => %(seconds)s)
    WHERE show_id = %(show_id)s AND revision = %(revision)s AND done_at IS NULL
"""

FINISH = """
    UPDATE show_updates SET done_at = boxoffice_clock()
    WHERE show_id = %(show_id)s AND revision = %(revision)s AND done_at IS NULL
"""
"""All bookings of a show that count have a revision of it, unless a later one was noted meanwhile."""
