"""Statements about bookings whose time is up."""

from services.booking.bookings.statements import COLUMNS

CLAIM_DUE = """
    UPDATE bookings SET lease_until = boxoffice_clock() + make_interval(secs => %(lease_seconds)s)
    WHERE id IN (
        SELECT id FROM bookings
        WHERE state = 'PENDING' AND expires_at <= boxoffice_clock()
            AND (lease_until IS NULL OR lease_until <= boxoffice_clock())
        ORDER BY expires_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    )
    RETURNING id, show_id
"""
"""The lease keeps other replicas from asking inventory about the same bookings."""

EXPIRE = f"""
    UPDATE bookings SET
        state = 'EXPIRED', version = version + 1, lease_until = NULL,
        updated_at = least(expires_at, boxoffice_clock())
    WHERE id = ANY(%(ids)s) AND state = 'PENDING'
    RETURNING {COLUMNS}
"""
"""A booking has been EXPIRED since its time was up, not since a job noticed."""
