"""Statements about tickets. Whoever changes one has the lock of its booking first."""

from services.booking.tickets.domain import Ticket
from services.chassis.store.rows import selected

ISSUE = """
    INSERT INTO tickets (id, booking_id, show_id, show_seat_id, user_id, state, issued_at, updated_at)
    SELECT b.ticket_ids[s.position + 1], b.id, b.show_id, s.seat_id, b.user_id,
        CASE WHEN s.refund_id IS NULL THEN 'VALID' ELSE 'REVOKED' END, clock.now, clock.now
    FROM (SELECT boxoffice_clock() AS now) AS clock, bookings b JOIN booking_seats s ON s.booking_id = b.id
    WHERE b.id = ANY(%(booking_ids)s)
    ORDER BY b.show_id, s.seat_id
"""
"""Write the tickets of bookings that the same transaction has named. Only of before are seats given back by then."""

_WITHDRAWN = """
    ticket_offers o SET state = 'WITHDRAWN', updated_at = boxoffice_clock(), recipient_name = '', email = '',
        mail_next_at = NULL, mail_state = CASE o.mail_state WHEN 'WAITING' THEN 'SKIPPED' ELSE o.mail_state END
    FROM revoked WHERE o.ticket_id = revoked.id AND o.state = 'OPEN'
"""
"""Nobody can accept a ticket any more that is good for nothing."""

REVOKE = f"""
    WITH revoked AS (
        UPDATE tickets t SET state = 'REVOKED', updated_at = boxoffice_clock()
        FROM unnest(%(booking_id)s::uuid[], %(seat_id)s::uuid[]) AS back (booking_id, seat_id)
        WHERE t.booking_id = back.booking_id AND t.show_seat_id = back.seat_id AND t.state <> 'REVOKED'
        RETURNING t.id
    )
    UPDATE {_WITHDRAWN}
"""

ADMITTED = """
    SELECT booking_id, show_seat_id FROM tickets WHERE booking_id = ANY(%(booking_ids)s) AND state = 'ADMITTED'
"""
"""The seats of bookings by whose tickets somebody was let in."""

TRANSFERRED = """
    SELECT t.booking_id, t.show_seat_id, t.id, o.id AS offer_id, t.user_id AS holder_id
    FROM tickets t JOIN bookings b ON b.id = t.booking_id
    LEFT JOIN ticket_offers o ON o.ticket_id = t.id AND o.state = 'ACCEPTED'
    WHERE t.booking_id = ANY(%(booking_ids)s) AND t.state <> 'REVOKED' AND t.user_id <> b.user_id
"""
"""The tickets of bookings that somebody else holds than the buyer."""

_WORDS = {
    "booking_number": "coalesce(b.booking_number, '')",
    "seat_label": "b.seat_labels[s.position + 1]",
    "ticket_kind": "s.kind",
    "buyer_id": "b.user_id",
    "recipient_name": "coalesce(o.recipient_name, '')",
}
_TICKETS = f"""
    SELECT {selected(Ticket, of="t", **_WORDS)}
    FROM tickets t JOIN bookings b ON b.id = t.booking_id
    JOIN booking_seats s ON s.booking_id = t.booking_id AND s.seat_id = t.show_seat_id
    LEFT JOIN ticket_offers o ON o.ticket_id = t.id AND o.state = 'ACCEPTED'
"""
TICKETS_OF_BOOKING = f"{_TICKETS} WHERE t.booking_id = %(booking_id)s ORDER BY s.position"
TICKET = f"{_TICKETS} WHERE t.id = %(id)s"
TICKETS = f"{_TICKETS} WHERE t.id = ANY(%(ids)s)"
TICKETS_OF_OFFERS = f"{_TICKETS} WHERE t.id IN (SELECT ticket_id FROM ticket_offers WHERE id = ANY(%(ids)s))"

# --- For what code from before has confirmed and refunded

WITHOUT_TICKETS = """
    SELECT id FROM bookings WHERE state = 'CONFIRMED' AND ticket_ids IS NULL ORDER BY id LIMIT %(limit)s
"""

LOCK_WITHOUT_TICKETS = """
    SELECT id, cardinality(seat_labels) AS seats FROM bookings
    WHERE id = ANY(%(ids)s) AND state = 'CONFIRMED' AND ticket_ids IS NULL ORDER BY id FOR UPDATE SKIP LOCKED
"""
"""The seats are read by a later statement: whoever gave one back held this lock."""

NAME_TICKETS = """
    UPDATE bookings b SET ticket_ids = string_to_array(new.ticket_ids, ',')::uuid[]
    FROM unnest(%(id)s::uuid[], %(ticket_ids)s::text[]) AS new (id, ticket_ids) WHERE b.id = new.id
"""

REVOKE_OF_BEFORE = f"""
    WITH refunds AS (
        SELECT id, booking_id FROM booking_refunds WHERE NOT tickets_revoked
        ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    ), revoked AS (
        UPDATE tickets t SET state = 'REVOKED', updated_at = boxoffice_clock()
        FROM refunds r JOIN booking_seats s ON s.booking_id = r.booking_id AND s.refund_id = r.id
        WHERE t.booking_id = s.booking_id AND t.show_seat_id = s.seat_id AND t.state <> 'REVOKED'
        RETURNING t.id
    ), withdrawn AS (UPDATE {_WITHDRAWN})
    UPDATE booking_refunds f SET tickets_revoked = true FROM refunds r WHERE f.id = r.id
"""
"""Revoke the tickets of one batch of refunds that were decided without doing so."""
