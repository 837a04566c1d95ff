"""Statements about bookings that are watched."""

from services.booking.viewing.statements import STATUS

CHANGED = f"""
    WITH clock AS MATERIALIZED (SELECT boxoffice_clock() AS now)
    SELECT asked.number
    FROM clock CROSS JOIN unnest(
        %(booking_id)s::uuid[], %(status)s::text[], %(expires_at)s::timestamptz[], %(version)s::int[],
        %(show_revision)s::int[]
    ) WITH ORDINALITY AS asked (
        booking_id, known_status, known_expires_at, known_version, known_revision, number
    )
    JOIN bookings ON id = asked.booking_id
    WHERE {STATUS} <> asked.known_status OR expires_at IS DISTINCT FROM asked.known_expires_at
        OR (refund_count > 0 AND version <> asked.known_version)
        OR coalesce(show_revision, 0) <> asked.known_revision
"""
"""Which bookings are not any more as they are known: their numbers, counted from 1.

What moves a booking that has refunds, and stays what it is, is one of them: decided, carried out, or failed after all.
So is one whose show was edited.
"""
