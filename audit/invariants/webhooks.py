"""Invariants of webhooks: an organization's messages are numbered without gaps, and are about what is its own."""

from audit.invariants.invariant import Invariant

WEBHOOKS = (
    Invariant(
        "messages-have-no-gaps",
        "an organization's messages are numbered from the first that is kept to the last, each once",
        ("notifications.webhook_messages", "notifications.webhook_logs"),
        """
        SELECT organization_id, l.forgotten, l.last_number, cardinality(m.numbers) AS messages
        FROM notifications.webhook_logs l FULL JOIN (
            SELECT organization_id, array_agg(number ORDER BY number) AS numbers
            FROM notifications.webhook_messages GROUP BY organization_id
        ) AS m USING (organization_id)
        WHERE m.numbers IS DISTINCT FROM (SELECT array_agg(n) FROM generate_series(l.forgotten + 1, l.last_number) AS n)
        """,
    ),
    Invariant(
        "endpoints-have-taken-what-there-is",
        "an endpoint has taken no more messages than there are",
        ("notifications.webhook_endpoints",),
        """
        SELECT e.id, e.sent_to, l.last_number FROM notifications.webhook_endpoints e
        LEFT JOIN notifications.webhook_logs l ON l.organization_id = e.organization_id
        WHERE (e.sent_to BETWEEN 0 AND l.last_number) IS NOT TRUE
        """,
    ),
    Invariant(
        "organizations-have-ten-endpoints-at-most",
        "an organization has ten endpoints at most",
        ("notifications.webhook_endpoints",),
        """
        SELECT organization_id, count(*) AS endpoints FROM notifications.webhook_endpoints
        GROUP BY organization_id HAVING count(*) > 10
        """,
    ),
    Invariant(
        "endpoints-have-a-secret",
        "an endpoint has one present secret, which its messages are signed with",
        ("notifications.webhook_endpoints", "notifications.webhook_secrets"),
        """
        SELECT e.id, count(s.number) AS secrets FROM notifications.webhook_endpoints e
        LEFT JOIN notifications.webhook_secrets s ON s.endpoint_id = e.id
        GROUP BY e.id HAVING count(s.number) FILTER (WHERE s.ends_at IS NULL) <> 1
        """,
    ),
)

WEBHOOKS_AT_REST = (
    Invariant(
        "messages-about-bookings-are-told-to-whose-they-are",
        "a message about a booking is for the organization whose show it is of",
        ("notifications.webhook_messages WHERE type LIKE 'BOOKING%'",),
        """
        SELECT m.organization_id, m.number, m.key AS booking_id
        FROM notifications.webhook_messages m JOIN booking.bookings b ON b.id = m.key
        WHERE m.organization_id IS DISTINCT FROM b.organization_id
        """,
    ),
    Invariant(
        "messages-about-shows-are-told-to-whose-they-are",
        "a message about a show is for the organization whose it is",
        ("notifications.webhook_messages WHERE type LIKE 'SHOW%'",),
        """
        SELECT m.organization_id, m.number, m.key AS show_id
        FROM notifications.webhook_messages m JOIN inventory.shows s ON s.id = m.key
        WHERE m.organization_id IS DISTINCT FROM s.organization_id
        """,
    ),
    Invariant(
        "events-of-organizations-are-messages",
        "what has become of an organization's booking is one message, once webhooks has read it in the topic",
        ("notifications.webhook_messages",),
        """
        SELECT e.key AS booking_id, e.kind, e.version, e.position, count(m.id) AS messages
        FROM booking.topic_events e JOIN booking.bookings b ON b.id = e.key CROSS JOIN booking.clock
        LEFT JOIN notifications.webhook_messages m ON (m.key, m.version) = (e.key, e.version)
        WHERE position('\\x920124'::bytea || convert_to(b.organization_id::text, 'UTF8') IN e.payload) > 0
            AND e.created_at > clock.now - interval '29 days'
            AND e.position <= (
                SELECT read_to FROM notifications.topic_progress WHERE (consumer, topic) = ('webhooks', 'bookings')
            )
        GROUP BY e.key, e.kind, e.version, e.position HAVING count(m.id) <> 1
        """,
    ),
)
"""An event tells its organization in field 18, 36 letters; those of before do not."""
