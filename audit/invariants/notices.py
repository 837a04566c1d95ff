"""Invariants of notices: each user is told once of what has become of a booking."""

from audit.invariants.invariant import Invariant

NOTICES = (
    Invariant(
        "a-fact-has-one-notice",
        "a user is told once of what has become of a booking",
        ("notifications.notices",),
        """
        SELECT booking_id, offer_id, endpoint_id, kind, number, count(*) AS notices FROM notifications.notices
        GROUP BY booking_id, offer_id, endpoint_id, kind, number HAVING count(*) > 1
        """,
    ),
    Invariant(
        "reminders-come-before-their-show",
        "a reminder says when the show starts, is named by that, and came before",
        ("notifications.notices",),
        """
        SELECT id AS notice_id, booking_id, number, starts_at, happened_at FROM notifications.notices
        WHERE kind = 'REMINDER'
            AND (happened_at < starts_at AND number = floor(extract(epoch FROM starts_at) / 60)) IS NOT TRUE
        """,
    ),
    Invariant(
        "a-fact-has-one-mail",
        "a fact is one mail, which has an end or waits for it",
        ("notifications.mails",),
        """
        SELECT booking_id, offer_id, kind, number, count(*) AS mails FROM notifications.mails
        GROUP BY booking_id, offer_id, kind, number
        HAVING count(*) > 1 OR bool_or((state = 'WAITING') IS DISTINCT FROM (finished_at IS NULL))
        """,
    ),
)

NOTICES_AT_REST = (
    Invariant(
        "notices-have-their-mails",
        "what a user is told is a mail, too, sent or not",
        ("notifications.notices",),
        """
        SELECT n.id AS notice_id, n.booking_id, n.offer_id, n.kind, n.number
        FROM notifications.notices n CROSS JOIN booking.clock
        LEFT JOIN notifications.mails m
            ON (coalesce(m.booking_id, m.offer_id), m.kind, m.number)
            = (coalesce(n.booking_id, n.offer_id), n.kind, n.number)
        WHERE m.id IS NULL AND n.kind <> 'WEBHOOK_OFF' AND n.happened_at > clock.now - interval '30 days'
        """,
    ),
    Invariant(
        "nobody-is-mailed-whose-account-is-deleted",
        "no mail is sent to a user after the account was deleted, but for those that were on their way",
        ("notifications.mails",),
        """
        SELECT m.id AS mail_id, m.user_id, m.finished_at, u.deleted_at
        FROM notifications.mails m JOIN identity.users u ON u.id = m.user_id
        WHERE m.state = 'SENT' AND m.finished_at > u.deleted_at + interval '10 minutes'
        """,
    ),
    Invariant(
        "facts-that-were-read-have-their-mails",
        "of what notifications has read in the topic of bookings there is a mail, sent or not",
        ("notifications.mails",),
        """
        SELECT e.key AS booking_id, e.kind, e.version, e.position
        FROM booking.topic_events e CROSS JOIN booking.clock
        LEFT JOIN notifications.mails m ON (m.booking_id, m.number) = (e.key, e.version)
        WHERE m.id IS NULL AND e.kind IN ('CONFIRMED', 'EXPIRED', 'CANCELLED', 'PARTLY_REFUNDED', 'REFUNDED',
                'PAYMENT_FAILED', 'TICKET_TRANSFERRED', 'TICKET_RETURNED', 'OFFER_DECLINED', 'OFFER_EXPIRED')
            AND e.created_at > clock.now - interval '30 days'
            AND e.position <= (
                SELECT read_to FROM notifications.topic_progress WHERE (consumer, topic) = ('notices', 'bookings')
            )
        """,
    ),
    Invariant(
        "events-that-were-read-have-their-notices",
        "of what notifications has read in the topic of bookings, users have notices, each kept for a day or longer",
        ("notifications.notices",),
        """
        SELECT e.key AS booking_id, e.kind, e.version, e.position
        FROM booking.topic_events e CROSS JOIN booking.clock
        LEFT JOIN notifications.notices n ON (n.booking_id, n.number) = (e.key, e.version)
        WHERE n.id IS NULL AND e.kind IN ('CONFIRMED', 'EXPIRED', 'CANCELLED', 'PARTLY_REFUNDED', 'REFUNDED',
                'PAYMENT_FAILED', 'TICKET_TRANSFERRED', 'TICKET_RETURNED', 'OFFER_DECLINED', 'OFFER_EXPIRED')
            AND e.created_at > clock.now - interval '1 day'
            AND e.position <= (
                SELECT read_to FROM notifications.topic_progress WHERE (consumer, topic) = ('notices', 'bookings')
            )
        """,
    ),
    Invariant(
        "notices-are-for-the-users-of-bookings",
        "a notice is for the user of its booking, or for who has accepted its offer, and names its show",
        ("notifications.notices",),
        """
        SELECT n.id AS notice_id, n.booking_id, n.offer_id, n.user_id, n.show_id
        FROM notifications.notices n LEFT JOIN booking.bookings b ON b.id = n.booking_id
        LEFT JOIN booking.ticket_offers o ON o.id = n.offer_id
        WHERE n.kind <> 'WEBHOOK_OFF' AND (coalesce(b.user_id, o.recipient_id), coalesce(b.show_id, o.show_id))
            IS DISTINCT FROM (n.user_id, n.show_id)
        """,
    ),
)
