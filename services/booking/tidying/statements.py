"""Statements that drop what nobody needs any more."""

from services.chassis.writes import answers

TO_ARCHIVE = """
    SELECT id, show_id, state FROM bookings b
    WHERE state IN ('CANCELLED', 'EXPIRED') AND updated_at < boxoffice_clock() - make_interval(days => %(days)s)
        AND (state = 'CANCELLED' OR coalesce(sales_end_at, starts_at) <= boxoffice_clock())
        AND EXISTS (SELECT FROM booking_seats s WHERE s.booking_id = b.id)
    ORDER BY updated_at LIMIT %(limit)s
"""
"""Bookings that came to nothing long ago, and have seat rows still.

Until sales end, an EXPIRED booking may still be confirmed by money that comes late: it keeps its seats.
"""

ARCHIVE = """
    DELETE FROM booking_seats WHERE booking_id IN (
        SELECT id FROM bookings WHERE id = ANY(%(ids)s) AND state IN ('CANCELLED', 'EXPIRED')
    )
"""
"""Drop the seat rows of bookings whose claims are closed for good. Their labels stay."""

FORGET_KEYS = f"""
    WITH forgotten AS ({answers.FORGET}),
    freed AS (
        UPDATE bookings b SET idempotency_key = NULL, request_hash = NULL
        FROM forgotten f
        WHERE f.method = 'CreateBooking' AND b.user_id = f.user_id AND b.idempotency_key = f.key
    )
    SELECT FROM forgotten
"""
"""A booking's own key goes together with its answer: by itself it would read as a request that is still under way."""

FORGET_GUESTS = """
    WITH forgotten AS (
        UPDATE bookings SET guest_name = '' WHERE id = ANY (ARRAY(
            SELECT id FROM bookings
            WHERE guest_name <> '' AND starts_at < (SELECT boxoffice_clock()) - make_interval(days => %(days)s)
            ORDER BY starts_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
        ))
        RETURNING id
    ), searched AS (DELETE FROM booking_names WHERE booking_id IN (SELECT id FROM forgotten))
    SELECT FROM forgotten
"""
"""Forget the names of guests long after their shows, and what they are searched by. An empty one is still a guest's."""

NUMBER_BOOKINGS = """
    UPDATE bookings SET booking_number = new_booking_number()
    WHERE id IN (SELECT id FROM bookings WHERE booking_number IS NULL LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
"""
"""Number one batch of bookings of before bookings had numbers."""
