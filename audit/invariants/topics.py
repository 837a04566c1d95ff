"""Invariants of topics: every change that is public has its event, and events have their places."""

from audit.invariants.invariant import Invariant


def _places(service: str) -> tuple[Invariant, ...]:
    """What holds in the topics of any service."""
    return (
        Invariant(
            f"positions-of-{service}-have-no-gaps",
            "the positions of a topic are those from the first that is kept to the last, each once",
            (f"{service}.topics",),
            f"""
            SELECT coalesce(t.topic, e.topic) AS topic, t.forgotten, t.position, e.events, e.positions, e.first, e.last
            FROM {service}.topics t
            FULL JOIN (
                SELECT topic, count(*) AS events, count(DISTINCT position) AS positions, min(position) AS first,
                    max(position) AS last
                FROM {service}.topic_events WHERE position IS NOT NULL GROUP BY topic
            ) AS e ON e.topic = t.topic
            WHERE CASE
                WHEN e.topic IS NULL THEN t.position = t.forgotten
                ELSE e.events = t.position - t.forgotten AND e.positions = e.events
                    AND e.first = t.forgotten + 1 AND e.last = t.position
            END IS NOT TRUE
            """,
        ),
        Invariant(
            f"events-of-{service}-are-in-order",
            "events of one booking or show have their positions in the order in which they were written",
            (f"{service}.topic_events",),
            f"""
            SELECT topic, key, position, id, id_before, version, version_before
            FROM (
                SELECT *, row_number() OVER of_key AS n, lag(id) OVER of_key AS id_before,
                    lag(version) OVER of_key AS version_before
                FROM {service}.topic_events
                WINDOW of_key AS (PARTITION BY topic, key ORDER BY position NULLS LAST, id)
            ) AS e
            WHERE n > 1 AND (version > version_before AND id > id_before) IS NOT TRUE
            """,
        ),
    )


TOPICS = (
    *_places("booking"),
    *_places("inventory"),
    Invariant(
        "bookings-have-their-events",
        "the last event of a booking is the state that callers see, or a refund that failed after all and is on its "
        "way again, unless it is from before its topic is whole",
        ("booking.bookings WHERE state <> 'RESERVING'",),
        """
        SELECT b.id AS booking_id, b.state, b.confirming_from, b.updated_at, e.kind
        FROM booking.bookings b
        LEFT JOIN booking.topics t ON t.topic = 'bookings'
        LEFT JOIN (
            SELECT DISTINCT ON (key) key, kind FROM booking.topic_events
            WHERE topic = 'bookings' AND kind NOT IN ('PAYMENT_FAILED', 'TICKET_TRANSFERRED', 'TICKET_RETURNED',
                'TICKET_REVOKED', 'OFFER_DECLINED', 'OFFER_EXPIRED')
            ORDER BY key, version DESC
        ) AS e ON e.key = b.id
        WHERE b.state IS DISTINCT FROM 'RESERVING' AND (b.updated_at > t.whole_since) IS NOT FALSE
            AND e.kind IS DISTINCT FROM CASE coalesce(b.confirming_from, b.state)
                WHEN 'PENDING' THEN 'CREATED'
                WHEN 'CONFIRMED' THEN CASE WHEN EXISTS (
                    SELECT FROM booking.booking_refunds r WHERE r.booking_id = b.id AND r.state = 'REFUNDED'
                ) THEN 'PARTLY_REFUNDED' ELSE 'CONFIRMED' END
                WHEN 'REFUNDING' THEN 'CONFIRMED'
                ELSE coalesce(b.confirming_from, b.state)
            END
            AND NOT (e.kind IS NOT DISTINCT FROM 'REFUND_UNDONE' AND EXISTS (
                SELECT FROM booking.booking_refunds r
                WHERE r.booking_id = b.id AND r.state = 'PROCESSING' AND r.undone > 0
            ))
        """,
    ),
    Invariant(
        "shows-have-their-events",
        "a show has the event that it is public, unless it is a draft or from before its topic is whole",
        ("inventory.shows WHERE status <> 'DRAFT'",),
        """
        SELECT w.id AS show_id, w.created_at
        FROM inventory.shows w
        LEFT JOIN inventory.topics t ON t.topic = 'shows'
        LEFT JOIN inventory.topic_events e
            ON e.key = w.id AND e.topic = 'shows' AND e.kind IN ('CREATED', 'PUBLISHED')
        WHERE e.key IS NULL AND w.status <> 'DRAFT' AND (w.created_at > t.whole_since) IS NOT FALSE
        """,
    ),
    Invariant(
        "shows-are-as-was-told-last",
        "the last event of a show says its times and its prices as they are, unless it is a draft, cancelled or from "
        "before its topic is whole",
        ("inventory.shows WHERE status = 'SCHEDULED'",),
        """
        SELECT w.id AS show_id, w.revision, c.prices_version, e.version
        FROM inventory.shows w
        LEFT JOIN inventory.show_counters c ON c.show_id = w.id
        LEFT JOIN inventory.topics t ON t.topic = 'shows'
        LEFT JOIN (
            SELECT key, max(version) AS version FROM inventory.topic_events WHERE topic = 'shows' GROUP BY key
        ) AS e ON e.key = w.id
        WHERE w.status = 'SCHEDULED' AND (w.created_at > t.whole_since) IS NOT FALSE
            AND e.version IS DISTINCT FROM w.revision + c.prices_version - 1
        """,
    ),
    Invariant(
        "cancelled-shows-have-their-events",
        "a show that is cancelled has the event that it is, unless it is from before its topic is whole, and no other "
        "show has one",
        ("inventory.shows WHERE status = 'CANCELLED'",),
        """
        SELECT c.show_id, c.cancelled_at
        FROM (
            SELECT * FROM inventory.cancelled_shows
            WHERE cancelled_at > (SELECT max(whole_since) FROM inventory.topics)
        ) AS c
        LEFT JOIN (SELECT key FROM inventory.topic_events WHERE kind = 'CANCELLED') AS e ON e.key = c.show_id
        WHERE e.key IS NULL
        UNION ALL
        SELECT e.key, e.created_at
        FROM (SELECT key, created_at FROM inventory.topic_events WHERE kind = 'CANCELLED') AS e
        LEFT JOIN (SELECT id FROM inventory.shows WHERE status = 'CANCELLED') AS w ON w.id = e.key
        WHERE w.id IS NULL
        """,
    ),
    Invariant(
        "events-of-bookings-are-of-bookings-that-there-are",
        "every event is of a booking that there is",
        ("booking.topic_events",),
        """
        SELECT e.topic, e.position, e.key, e.kind
        FROM booking.topic_events e LEFT JOIN booking.bookings b ON b.id = e.key
        WHERE b.id IS NULL OR b.state IS NOT DISTINCT FROM 'RESERVING'
        """,
    ),
    Invariant(
        "events-of-shows-are-of-shows-that-there-are",
        "every event is of a show that there is",
        ("inventory.topic_events",),
        """
        SELECT e.topic, e.position, e.key, e.kind
        FROM inventory.topic_events e LEFT JOIN inventory.shows w ON w.id = e.key
        WHERE w.id IS NULL
        """,
    ),
    Invariant(
        "the-books-agree",
        "payment has found all that booking told of tickets and refunds in its own books",
        ("payment.topic_progress",),
        """
        SELECT position, booking_id, payment_id, difference, found_at FROM payment.book_differences
        """,
    ),
)

TOPICS_AT_REST = (
    Invariant(
        "consumers-have-read-what-there-is",
        "no consumer has come further than its topic goes",
        ("payment.topic_progress", "booking.topic_progress"),
        """
        SELECT p.consumer, p.topic, p.read_to, t.position
        FROM payment.topic_progress p LEFT JOIN booking.topics t ON t.topic = p.topic
        WHERE (p.read_to <= t.position) IS NOT TRUE
        UNION ALL
        SELECT p.consumer, p.topic, p.read_to, t.position
        FROM booking.topic_progress p LEFT JOIN (
            SELECT topic, position FROM inventory.topics UNION ALL SELECT topic, position FROM booking.topics
        ) AS t ON t.topic = p.topic
        WHERE (p.read_to <= t.position) IS NOT TRUE
        """,
    ),
)
