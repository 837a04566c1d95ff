"""What inventory keeps of a user, for whoever wants to have it."""

from services.chassis.wire.records import Kind

SEATS = """
    SELECT show_id AS position, jsonb_build_object('show_id', show_id, 'seats', jsonb_agg(jsonb_build_object(
        'id', id, 'section', section, 'row', "row", 'number', CASE WHEN area_id IS NULL THEN number END,
        'label', label, 'status', status, 'booking_id', booking_id, 'expires_at', expires_at, 'held_at', held_at,
        'right_id', right_id
    ) ORDER BY position))::text AS record
    FROM show_seats WHERE holder_id = %(user_id)s AND show_id > %(after)s
    GROUP BY show_id ORDER BY show_id LIMIT %(limit)s
"""
"""Held, reserved and booked. Nobody is told the number of a place of an area."""

REVIEWS = """
    SELECT id AS position, to_jsonb(r)::text AS record FROM reviews r
    WHERE user_id = %(user_id)s AND id > %(after)s ORDER BY id LIMIT %(limit)s
"""

REPORTS = """
    SELECT review_id AS position, to_jsonb(r)::text AS record FROM review_reports r
    WHERE user_id = %(user_id)s AND review_id > %(after)s ORDER BY review_id LIMIT %(limit)s
"""

UNBOOKED_HOLDS = """
    SELECT show_id AS position, to_jsonb(u)::text AS record FROM unbooked_holds u
    WHERE user_id = %(user_id)s AND show_id > %(after)s ORDER BY show_id LIMIT %(limit)s
"""

ACCESS_CODE_TRIES = """
    SELECT show_id AS position, to_jsonb(t)::text AS record FROM access_code_tries t
    WHERE user_id = %(user_id)s AND show_id > %(after)s ORDER BY show_id LIMIT %(limit)s
"""

KINDS = (
    Kind("seats", SEATS),
    Kind("review", REVIEWS),
    Kind("review_report", REPORTS),
    Kind("unbooked_holds", UNBOOKED_HOLDS),
    Kind("access_code_tries", ACCESS_CODE_TRIES),
)
