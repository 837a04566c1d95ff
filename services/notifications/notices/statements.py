"""Statements about notices."""

from collections.abc import Mapping
from typing import Any

from services.chassis.store.rows import selected
from services.notifications.notices.domain import Notice

_NOTICE = selected(Notice)
_NOTICES = f"SELECT {_NOTICE} FROM notices"

NOTICES_LOCK = 7301
"""The one advisory lock of notifications."""

ONE_AT_A_TIME = f"SELECT pg_advisory_xact_lock({NOTICES_LOCK})"
"""Both consumers take it, each behind the row of its own progress: who writes a booking sees all facts of shows from
before, and the job, which looks at bookings after a fact was written, all bookings that did not see that. Who writes
reminders takes it too: the consumer of bookings sees that a show's are written, or these see its booking."""

WRITE_NOTICES = """
    INSERT INTO notices (
        id, user_id, kind, booking_id, offer_id, show_id, number, amount, currency, starts_at, happened_at
    )
    SELECT * FROM unnest(
        %(id)s::uuid[], %(user_id)s::uuid[], %(kind)s::text[], %(booking_id)s::uuid[], %(offer_id)s::uuid[],
        %(show_id)s::uuid[], %(number)s::int[], %(amount)s::int[], %(currency)s::text[], %(starts_at)s::timestamptz[],
        %(happened_at)s::timestamptz[]
    )
    ON CONFLICT DO NOTHING
"""
"""A fact that has its notice keeps it."""

WRITE_NOTICE_OF_ENDPOINT = """
    INSERT INTO notices (id, user_id, kind, endpoint_id, number, happened_at)
    VALUES (%(id)s, %(user_id)s, 'WEBHOOK_OFF', %(endpoint_id)s, %(number)s, boxoffice_clock())
"""

READ_NOTICE = f"""
    UPDATE notices SET read_at = coalesce(read_at, boxoffice_clock())
    WHERE id = %(id)s AND user_id = %(user_id)s
    RETURNING {_NOTICE}
"""

FIND_NOTICE = "SELECT FROM notices WHERE id = %(id)s AND user_id = %(user_id)s"

READ_ALL = """
    WITH unread AS (
        SELECT id FROM notices
        WHERE user_id = %(user_id)s AND read_at IS NULL AND id <= coalesce(%(up_to)s, id)
        ORDER BY id LIMIT %(limit)s FOR UPDATE
    )
    UPDATE notices n SET read_at = boxoffice_clock() FROM unread WHERE n.id = unread.id
"""
"""Read one batch of a user's notices up to one, or all."""

COUNT_UNREAD = """
    SELECT count(*)::int AS unread FROM (
        SELECT FROM notices WHERE user_id = %(user_id)s AND read_at IS NULL LIMIT %(limit)s
    ) AS first
"""

FORGET_READ = """
    DELETE FROM notices WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM notices
        WHERE read_at < (SELECT boxoffice_clock()) - make_interval(days => %(days)s)
        ORDER BY read_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    ))
"""

_FILTERS = {"user_id": "user_id = %(user_id)s", "unread_only": "read_at IS NULL", "after": "id < %(after)s"}


def list_notices(given: Mapping[str, Any]) -> str:
    """Notices, newest first; filters `user_id`, `unread_only` and `after` (an id)."""
    conditions = [condition for name, condition in _FILTERS.items() if given[name] is not None]
    return f"{_NOTICES} WHERE {' AND '.join(conditions or ['true'])} ORDER BY id DESC LIMIT %(limit)s"
