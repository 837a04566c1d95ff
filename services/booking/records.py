"""What booking keeps of a user, for whoever wants to have it."""

from services.chassis.wire.records import Kind

_SEATS = """(
    SELECT coalesce(jsonb_agg(to_jsonb(s) - ARRAY['booking_id'] ORDER BY s.position), '[]')
    FROM booking_seats s WHERE s.booking_id = b.id
)"""
_TICKETS = """(
    SELECT coalesce(jsonb_agg(to_jsonb(t) - ARRAY['booking_id', 'user_id'] ORDER BY t.issued_at, t.id), '[]')
    FROM tickets t WHERE t.booking_id = b.id
)"""
_REFUNDS = """(
    SELECT coalesce(jsonb_agg(
        to_jsonb(r) - ARRAY['booking_id', 'lease_until', 'idempotency_key'] ORDER BY r.number
    ), '[]')
    FROM booking_refunds r WHERE r.booking_id = b.id
)"""
_INVOICES = """(
    SELECT coalesce(jsonb_agg(to_jsonb(i) || jsonb_build_object('lines', (
        SELECT jsonb_agg(to_jsonb(l) - ARRAY['invoice_id'] ORDER BY l.position)
        FROM invoice_lines l WHERE l.invoice_id = i.id
    )) ORDER BY i.issued_at, i.id), '[]')
    FROM invoices i WHERE i.booking_id = b.id
)"""

BOOKINGS = f"""
    SELECT b.id AS position, (
        to_jsonb(b) - ARRAY['version', 'confirming_from', 'lease_until', 'idempotency_key', 'request_hash']
        || jsonb_build_object('seats', {_SEATS}, 'tickets', {_TICKETS}, 'refunds', {_REFUNDS}, 'invoices', {_INVOICES})
    )::text AS record
    FROM bookings b WHERE b.user_id = %(user_id)s AND b.id > %(after)s AND b.state <> 'RESERVING'
    ORDER BY b.id LIMIT %(limit)s
"""
"""With what belongs to each, and the code of the coupon that it uses."""

COUPON_TRIES = """
    SELECT user_id AS position, to_jsonb(t)::text AS record FROM coupon_tries t
    WHERE user_id = %(user_id)s AND user_id > %(after)s LIMIT %(limit)s
"""

FREE_BOOKINGS = """
    SELECT user_id AS position, to_jsonb(f)::text AS record FROM free_bookings f
    WHERE user_id = %(user_id)s AND user_id > %(after)s LIMIT %(limit)s
"""

SEARCHES = """
    SELECT user_id AS position, to_jsonb(s)::text AS record FROM search_budgets s
    WHERE user_id = %(user_id)s AND user_id > %(after)s LIMIT %(limit)s
"""

TICKET_OFFERS = """
    SELECT o.id AS position, (
        to_jsonb(o) - ARRAY['recipient_id', 'mail_state', 'mail_attempts', 'mail_answered', 'mail_next_at']
    )::text AS record
    FROM ticket_offers o WHERE o.user_id = %(user_id)s AND o.id > %(after)s ORDER BY o.id LIMIT %(limit)s
"""
"""Those that the user has made; who has accepted one, and what became of its mail, is not the user's to know."""

TICKETS_OF_OTHERS = """
    SELECT t.id AS position, (to_jsonb(t) || jsonb_build_object('accepted_at', o.updated_at))::text AS record
    FROM tickets t JOIN ticket_offers o ON o.ticket_id = t.id AND o.state = 'ACCEPTED'
    WHERE o.recipient_id = %(user_id)s AND t.id > %(after)s ORDER BY t.id LIMIT %(limit)s
"""
"""Those that the user has accepted; neither the buyer's id nor the name that the buyer has given."""

OFFERS_ANSWERED = """
    SELECT o.id AS position, (
        to_jsonb(o) - ARRAY[
            'user_id', 'recipient_name', 'email', 'mail_state', 'mail_attempts', 'mail_answered', 'mail_next_at'
        ]
    )::text AS record
    FROM ticket_offers o WHERE o.recipient_id = %(user_id)s AND o.id > %(after)s ORDER BY o.id LIMIT %(limit)s
"""
"""Those that the user has accepted or declined, also where the ticket was given back; nothing of who has made them."""

KINDS = (
    Kind("booking", BOOKINGS),
    Kind("coupon_tries", COUPON_TRIES),
    Kind("ticket_offers", TICKET_OFFERS),
    Kind("tickets_of_others", TICKETS_OF_OTHERS),
    Kind("free_bookings", FREE_BOOKINGS),
    Kind("searches", SEARCHES),
    Kind("ticket_offers_answered", OFFERS_ANSWERED),
)
