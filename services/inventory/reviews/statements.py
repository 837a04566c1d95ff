"""Statements about reviews and what they come to."""

from collections.abc import Mapping
from typing import Any

from services.chassis.store.rows import selected
from services.inventory.reviews.domain import Review

_REVIEWS = f"SELECT {selected(Review)} FROM reviews"

LOCK_EVENTS = """
    SELECT id AS event_id FROM events WHERE id = ANY(%(event_ids)s) AND status <> 'DRAFT' ORDER BY id FOR NO KEY UPDATE
"""
"""The lock of an event's reviews, and of what they come to."""

RATE_EVENTS = """
    INSERT INTO event_ratings (event_id, reviews, total)
    SELECT event_id, 0, 0 FROM unnest(%(event_id)s::uuid[]) AS n (event_id) ON CONFLICT DO NOTHING
"""

LOCK_EVENTS_OF_REVIEWER = """
    SELECT id AS event_id FROM events WHERE id IN (SELECT event_id FROM reviews WHERE user_id = %(user_id)s)
    ORDER BY id FOR NO KEY UPDATE
"""

FORGET_WORDS = """
    UPDATE reviews SET text = '', shown_name = '' WHERE user_id = %(user_id)s AND (text <> '' OR shown_name <> '')
"""

REVIEWS_BY_NAME = f"""
    {_REVIEWS} WHERE (event_id, user_id) IN (
        SELECT event_id, user_id FROM unnest(%(event_id)s::uuid[], %(user_id)s::uuid[]) AS n (event_id, user_id)
    )
"""

REVIEWS_BY_ID = f"{_REVIEWS} WHERE id = ANY(%(ids)s)"

REPORTS = """
    SELECT review_id, user_id FROM review_reports
    WHERE (review_id, user_id) IN (
        SELECT review_id, user_id FROM unnest(%(review_id)s::uuid[], %(user_id)s::uuid[]) AS n (review_id, user_id)
    )
"""

WITNESSES = """
    WITH had AS MATERIALIZED (
        SELECT t.holder_id, t.show_id FROM unnest(%(user_id)s::uuid[]) AS n (user_id)
        JOIN show_seats t ON t.holder_id = n.user_id AND t.status = 'BOOKED'
        JOIN reservations r ON r.show_id = t.show_id AND r.booking_id = t.booking_id
        WHERE r.state = 'CONFIRMED'
    )
    SELECT DISTINCT n.event_id, n.user_id
    FROM unnest(%(event_id)s::uuid[], %(user_id)s::uuid[]) AS n (event_id, user_id)
    JOIN had ON had.holder_id = n.user_id
    JOIN shows s ON s.id = had.show_id AND s.event_id = n.event_id
    WHERE s.status <> 'CANCELLED' AND s.ends_at <= (SELECT boxoffice_clock())
"""
"""Who had a seat, paid for or free, at a show of the event that is over and took place."""

WRITE_REVIEWS = """
    INSERT INTO reviews (
        id, event_id, user_id, rating, text, shown_name, created_at, updated_at, hidden_at, reports
    )
    SELECT id, event_id, user_id, rating, text, shown_name, created_at, updated_at, hidden_at, reports
    FROM unnest(
        %(id)s::uuid[], %(event_id)s::uuid[], %(user_id)s::uuid[], %(rating)s::smallint[], %(text)s::text[],
        %(shown_name)s::text[], %(created_at)s::timestamptz[], %(updated_at)s::timestamptz[],
        %(hidden_at)s::timestamptz[], %(reports)s::int[]
    ) AS n (id, event_id, user_id, rating, text, shown_name, created_at, updated_at, hidden_at, reports)
    ON CONFLICT (id) DO UPDATE SET
        rating = excluded.rating, text = excluded.text, shown_name = excluded.shown_name,
        updated_at = excluded.updated_at, hidden_at = excluded.hidden_at, reports = excluded.reports
"""

WRITE_REPORTS = """
    INSERT INTO review_reports (review_id, user_id, reported_at)
    SELECT review_id, user_id, %(now)s
    FROM unnest(%(review_id)s::uuid[], %(user_id)s::uuid[]) AS n (review_id, user_id)
"""

DELETE_REPORTS = "DELETE FROM review_reports WHERE review_id = ANY(%(ids)s)"

DELETE_REVIEWS = "DELETE FROM reviews WHERE id = ANY(%(ids)s)"

ADD_TO_RATINGS = """
    UPDATE event_ratings r SET reviews = r.reviews + n.reviews, total = r.total + n.total
    FROM unnest(%(event_id)s::uuid[], %(reviews)s::int[], %(total)s::int[]) AS n (event_id, reviews, total)
    WHERE r.event_id = n.event_id
"""

FIND_RATING = """
    SELECT reviews, total FROM event_ratings WHERE event_id = %(event_id)s
"""

_REVIEW_FILTERS = {
    "event_id": "event_id = %(event_id)s",
    "only_shown": "hidden_at IS NULL",
    "after": "id < %(after)s",
}


def list_reviews(given: Mapping[str, Any]) -> str:
    """Reviews, newest first; filters `event_id`, `only_shown` and `after` (an id)."""
    conditions = [condition for name, condition in _REVIEW_FILTERS.items() if given[name] is not None]
    return f"{_REVIEWS} WHERE {' AND '.join(conditions or ['true'])} ORDER BY id DESC LIMIT %(limit)s"
