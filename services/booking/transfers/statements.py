"""Statements about offers of tickets. Whoever moves one has the lock of its booking first."""

from services.booking.bookings.statements import COLUMNS
from services.booking.transfers.domain import Offer
from services.chassis.store.rows import selected

# --- Locks, in the order in which they are taken (docs/architecture.md has the order of all in booking)

USERS_LOCK = 7401
"""Of a user, as booking's advisory locks are numbered."""

SHARES_LOCK = 7402
"""Of what a user has of a show."""

LOCK_USERS = f"""
    SELECT pg_advisory_xact_lock_shared({USERS_LOCK}, hashtext(user_id::text))
    FROM (SELECT DISTINCT unnest(%(user_ids)s::uuid[]) AS user_id ORDER BY 1) AS users
"""
"""Keep users from being closed meanwhile: who closes one has the same lock, not shared."""

LOCK_CLOSING = f"SELECT pg_advisory_xact_lock({USERS_LOCK}, hashtext(%(user_id)s::uuid::text))"
"""Wait until nobody accepts a ticket any more who is about to be closed."""

LOCK_SHARES = f"""
    SELECT pg_advisory_xact_lock({SHARES_LOCK}, hashtext(user_id::text || show_id::text))
    FROM (
        SELECT DISTINCT asked.user_id, o.show_id
        FROM unnest(%(offer_id)s::uuid[], %(user_id)s::uuid[]) AS asked (offer_id, user_id)
        JOIN ticket_offers o ON o.id = asked.offer_id
        ORDER BY 1, 2
    ) AS shares
"""
"""Lock what users have of the shows of offers: nobody begins a booking of theirs meanwhile, and nobody else counts."""

LOCK_SHARES_TO_BOOK = f"""
    SELECT pg_advisory_xact_lock_shared({SHARES_LOCK}, hashtext(user_id::text || show_id::text))
    FROM (
        SELECT DISTINCT user_id, show_id
        FROM unnest(%(user_id)s::uuid[], %(show_id)s::uuid[]) AS asked (user_id, show_id)
        ORDER BY 1, 2
    ) AS shares
"""
"""The same lock, shared by all that begin bookings, until these are there to be counted."""

_BOOKINGS_IN = f"{COLUMNS} FROM bookings WHERE state <> 'RESERVING' AND id IN"
LOCK_BOOKINGS_OF_TICKETS = f"""
    SELECT {_BOOKINGS_IN} (SELECT booking_id FROM tickets WHERE id = ANY(%(ids)s)) ORDER BY id FOR UPDATE
"""
LOCK_BOOKINGS_OF_OFFERS = f"""
    SELECT {_BOOKINGS_IN} (SELECT booking_id FROM ticket_offers WHERE id = ANY(%(ids)s)) ORDER BY id FOR UPDATE
"""

# --- Read under them

_OFFER = selected(Offer)
OFFERS = f"SELECT {_OFFER} FROM ticket_offers WHERE id = ANY(%(ids)s)"

ALIVE = f"SELECT {_OFFER} FROM ticket_offers WHERE ticket_id = ANY(%(ids)s) AND state IN ('OPEN', 'ACCEPTED')"

LATELY = """
    SELECT ticket_id, created_at FROM ticket_offers
    WHERE ticket_id = ANY(%(ids)s) AND created_at > boxoffice_clock() - interval '1 day'
    ORDER BY created_at DESC
"""

CANCELLED_SHOWS = """
    SELECT show_id FROM cancelled_shows
    WHERE show_id IN (SELECT show_id FROM tickets WHERE id = ANY(%(ids)s))
    UNION SELECT show_id FROM cancelled_shows
    WHERE show_id IN (SELECT show_id FROM ticket_offers WHERE id = ANY(%(ids)s))
"""
"""Those of the shows of tickets, or offers, that are cancelled, or about to be."""

HAS = """
    SELECT o.id AS offer_id, asked.user_id, (
        SELECT count(*)::int FROM bookings b JOIN booking_seats s ON s.booking_id = b.id
        WHERE b.user_id = asked.user_id AND b.show_id = o.show_id AND s.refund_id IS NULL AND b.guest_name IS NULL
            AND b.state IN ('PENDING', 'CONFIRMING', 'CONFIRMED')
    ) + (
        SELECT count(*)::int FROM ticket_offers a JOIN tickets t ON t.id = a.ticket_id
        WHERE a.recipient_id = asked.user_id AND a.show_id = o.show_id AND a.state = 'ACCEPTED' AND t.state <> 'REVOKED'
    ) AS tickets, EXISTS (
        SELECT FROM bookings b WHERE b.user_id = asked.user_id AND b.show_id = o.show_id AND b.state = 'RESERVING'
    ) AS is_booking, EXISTS (
        SELECT FROM closed_users c WHERE c.user_id = asked.user_id AND c.closed_until > boxoffice_clock()
    ) AS is_closed
    FROM unnest(%(offer_id)s::uuid[], %(user_id)s::uuid[]) AS asked (offer_id, user_id)
    JOIN ticket_offers o ON o.id = asked.offer_id
"""
"""What users have of the shows of offers. Only after LOCK_SHARES and LOCK_USERS, in another statement."""

FROM_OTHERS = """
    SELECT o.recipient_id AS user_id, o.show_id, count(*)::int AS tickets
    FROM ticket_offers o JOIN tickets t ON t.id = o.ticket_id
    WHERE (o.recipient_id, o.show_id) IN (SELECT * FROM unnest(%(user_id)s::uuid[], %(show_id)s::uuid[]))
        AND o.state = 'ACCEPTED' AND t.state <> 'REVOKED'
    GROUP BY o.recipient_id, o.show_id
"""
"""How many tickets of shows users have accepted that are good."""

# --- Written

ADD_OFFERS = """
    INSERT INTO ticket_offers (id, ticket_id, booking_id, show_id, user_id, recipient_name, email, state, created_at,
        expires_at, updated_at, mail_state, mail_next_at)
    SELECT new.id, new.ticket_id, new.booking_id, new.show_id, new.user_id, new.recipient_name, new.email, 'OPEN',
        new.created_at, new.expires_at, new.created_at,
        CASE WHEN %(has_mails)s THEN 'WAITING' END, CASE WHEN %(has_mails)s THEN new.created_at END
    FROM unnest(
        %(id)s::uuid[], %(ticket_id)s::uuid[], %(booking_id)s::uuid[], %(show_id)s::uuid[], %(user_id)s::uuid[],
        %(recipient_name)s::text[], %(email)s::text[], %(created_at)s::timestamptz[], %(expires_at)s::timestamptz[]
    ) AS new (id, ticket_id, booking_id, show_id, user_id, recipient_name, email, created_at, expires_at)
"""

MOVE_OFFERS = """
    UPDATE ticket_offers o SET
        state = new.state, updated_at = new.updated_at, recipient_name = new.recipient_name, email = '',
        recipient_id = new.recipient_id, mail_next_at = NULL,
        mail_state = CASE o.mail_state WHEN 'WAITING' THEN 'SKIPPED' ELSE o.mail_state END
    FROM unnest(
        %(id)s::uuid[], %(before)s::text[], %(state)s::text[], %(updated_at)s::timestamptz[],
        %(recipient_name)s::text[], %(recipient_id)s::uuid[]
    ) AS new (id, before, state, updated_at, recipient_name, recipient_id)
    WHERE o.id = new.id AND o.state = new.before
"""
"""Move offers on. None is open afterwards, so the address goes."""

MOVE_TICKETS = """
    UPDATE tickets t SET user_id = new.user_id, revision = new.revision
    FROM unnest(%(id)s::uuid[], %(user_id)s::uuid[], %(revision)s::int[]) AS new (id, user_id, revision)
    WHERE t.id = new.id AND t.state = 'VALID' AND t.revision = new.revision - 1
"""
"""Give tickets to others, with another code: the one of before is good for nothing."""

# --- Looked at

_SHOWN = f"""
    SELECT {selected(Offer, of="o")}, b.seat_labels[s.position + 1] AS seat_label, s.kind AS ticket_kind, b.title,
        b.theatre, b.city, b.starts_at, coalesce(b.time_zone, '') AS time_zone, boxoffice_clock() AS now
    FROM ticket_offers o JOIN tickets t ON t.id = o.ticket_id JOIN bookings b ON b.id = o.booking_id
    JOIN booking_seats s ON s.booking_id = t.booking_id AND s.seat_id = t.show_seat_id
"""
SHOWN = f"{_SHOWN} WHERE o.id = %(id)s"

_PAGE = """(%(after)s::uuid IS NULL OR o.id < %(after)s)
    AND (%(booking_id)s::uuid IS NULL OR o.booking_id = %(booking_id)s)
    ORDER BY o.id DESC LIMIT %(limit)s
"""
HELD = """
    SELECT o.booking_id, b.title, b.theatre, b.city, b.screen, b.starts_at, coalesce(b.time_zone, '') AS time_zone,
        b.seat_labels[s.position + 1] AS seat_label, t.state <> 'REVOKED' AS is_good,
        b.full_refund_until IS NOT NULL AS is_rescheduled
    FROM ticket_offers o JOIN tickets t ON t.id = o.ticket_id JOIN bookings b ON b.id = o.booking_id
    JOIN booking_seats s ON s.booking_id = t.booking_id AND s.seat_id = t.show_seat_id
    WHERE o.id = %(id)s AND o.recipient_id = %(user_id)s AND o.state = 'ACCEPTED'
"""

MADE = f"{_SHOWN} WHERE o.user_id = %(user_id)s AND {_PAGE}"

RECEIVED = f"""
    {_SHOWN} WHERE o.id IN (
        SELECT id FROM ticket_offers WHERE recipient_id = %(user_id)s AND state = 'ACCEPTED'
        UNION ALL
        SELECT id FROM ticket_offers WHERE email = %(email)s AND state = 'OPEN' AND expires_at > boxoffice_clock()
    ) AND {_PAGE}
"""
"""Each of the two is read by its index: with OR, PostgreSQL would read all offers that there are."""

# --- Mails

CLAIM_MAILS = f"""
    WITH due AS (
        UPDATE ticket_offers o SET
            mail_attempts = mail_attempts + 1, mail_next_at = boxoffice_clock() + interval '5 minutes'
        WHERE o.id = ANY (ARRAY(
            SELECT id FROM ticket_offers
            WHERE mail_state = 'WAITING' AND mail_next_at <= (SELECT boxoffice_clock())
                AND state = 'OPEN' AND expires_at > (SELECT boxoffice_clock())
            ORDER BY mail_next_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
        ))
        RETURNING o.*
    )
    {_SHOWN.replace("FROM ticket_offers o", ", o.mail_attempts, o.mail_answered FROM due o")}
"""
"""Take mails that are due and still make sense."""

FINISH_MAIL = """
    UPDATE ticket_offers SET mail_state = %(state)s, mail_answered = mail_attempts, mail_next_at = NULL
    WHERE id = %(id)s AND mail_attempts = %(attempts)s AND mail_state = 'WAITING'
"""

POSTPONE_MAIL = """
    UPDATE ticket_offers SET
        mail_next_at = boxoffice_clock() + make_interval(secs => least(2 ^ least(mail_attempts, 10), 300)),
        mail_answered = CASE WHEN %(is_known)s THEN mail_attempts ELSE mail_answered END
    WHERE id = %(id)s AND mail_attempts = %(attempts)s AND mail_state = 'WAITING'
"""
"""Try a mail again after 2, 4, 8 … seconds, 300 at most, as long as its offer is open."""

# --- Jobs, and what is forgotten

OVERDUE = """
    SELECT id FROM ticket_offers WHERE state = 'OPEN' AND expires_at <= (SELECT boxoffice_clock())
    ORDER BY expires_at LIMIT %(limit)s
"""

HELD_BY = """
    SELECT o.id FROM ticket_offers o JOIN tickets t ON t.id = o.ticket_id JOIN bookings b ON b.id = o.booking_id
    WHERE o.recipient_id = %(user_id)s AND o.state = 'ACCEPTED' AND t.state = 'VALID'
        AND b.starts_at > boxoffice_clock()
    ORDER BY o.id LIMIT %(limit)s
"""
"""Offers by which a user holds tickets that are good for something."""

FORGET_NAMES_OF = """
    UPDATE ticket_offers SET recipient_name = '' WHERE id = ANY (ARRAY(
        SELECT id FROM ticket_offers
        WHERE (user_id = %(user_id)s OR recipient_id = %(user_id)s) AND recipient_name <> '' AND state <> 'OPEN'
        ORDER BY id LIMIT %(limit)s FOR UPDATE
    ))
"""
"""Forget whom a user has given tickets to, and by which name others have given tickets to the user."""

FORGET_NAMES = """
    UPDATE ticket_offers SET recipient_name = '' WHERE id = ANY (ARRAY(
        SELECT o.id FROM ticket_offers o JOIN bookings b ON b.id = o.booking_id
        WHERE o.recipient_name <> '' AND o.state <> 'OPEN'
            AND b.starts_at < (SELECT boxoffice_clock()) - make_interval(days => %(days)s)
        ORDER BY o.id LIMIT %(limit)s FOR UPDATE OF o SKIP LOCKED
    ))
"""
"""Forget the names of holders long after their shows."""
