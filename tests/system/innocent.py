"""What looks like a fault and is none, in words and in SQL for a copy of the databases."""

from tests.system.damage import REFUND_STUCK, bookings, claims, seats, second_payment, sessions

TICKET_REFUND_STUCK = """
    UPDATE booking.bookings SET state = 'REFUNDING', refund_stuck = true, lease_until = now() WHERE state = 'REFUNDED';
    UPDATE payment.refunds SET state = 'STUCK', stuck_reason = 'declined' WHERE cause = 'REQUESTED'
"""
NOTHING_WENT_BACK = """
    UPDATE payment.payments p SET state = 'SUCCESS', refunded_amount = 0
        FROM payment.refunds r WHERE r.payment_id = p.id AND r.state = 'STUCK';
    UPDATE bank.refunds b SET status = 'DECLINED' FROM payment.refunds r WHERE r.id = b.id AND r.state = 'STUCK';
    UPDATE bank.sessions s SET refunded_amount = 0
        FROM bank.refunds b WHERE b.session_id = s.id AND b.status = 'DECLINED';
    DELETE FROM bank.ledger l USING bank.refunds b WHERE b.id = l.refund_id AND b.status = 'DECLINED'
"""
NEVER_ACCEPTED = "DELETE FROM bank.refunds WHERE status = 'DECLINED'; DELETE FROM payment.refunds WHERE state = 'STUCK'"

AT_ANY_TIME = {
    "nothing": "SELECT",
    "the refund of a ticket is stuck": f"{TICKET_REFUND_STUCK};{NOTHING_WENT_BACK}",
    "the refund of a ticket is stuck, as payment refuses it": (
        f"{TICKET_REFUND_STUCK};{NOTHING_WENT_BACK};{NEVER_ACCEPTED}"
    ),
    "a refund for want of a ticket is stuck": f"{REFUND_STUCK};{NOTHING_WENT_BACK}",
    "a second payment went back": second_payment("CONFIRMED"),
    "a second payment is stuck on its way back": f"{second_payment('CONFIRMED')};{REFUND_STUCK};{NOTHING_WENT_BACK}",
    "a second payment went back, and the refund of the ticket is stuck": (
        f"{second_payment('REFUNDED')};{TICKET_REFUND_STUCK};{NOTHING_WENT_BACK}"
    ),
    "a payment was declined before another bought the ticket": """
        UPDATE payment.payments p SET booking_id = b.id, user_id = b.user_id, amount = b.total_amount
            FROM booking.bookings b, bank.sessions s
            WHERE b.state = 'CONFIRMED' AND s.id = p.session_id AND s.status = 'DECLINED';
        UPDATE bank.sessions s SET amount = p.amount FROM payment.payments p WHERE p.session_id = s.id
    """,
    "the seat rows of a booking that came to nothing are archived": """
        DELETE FROM booking.booking_seats
            WHERE booking_id IN (SELECT id FROM booking.bookings WHERE state = 'CANCELLED')
    """,
    "lapsed holds are not tidied yet": """
        UPDATE inventory.show_seats s
            SET status = 'HELD', holder_id = h.holder_id, expires_at = now() - interval '1 hour'
            FROM (SELECT DISTINCT show_id, holder_id FROM inventory.show_seats WHERE status = 'HELD') AS h
            WHERE s.show_id = h.show_id AND s.status = 'AVAILABLE'
                AND NOT EXISTS (SELECT FROM inventory.seat_changes c WHERE (c.show_id, c.seat_id) = (s.show_id, s.id))
    """,
    "nobody has an account": "; ".join(
        f"DELETE FROM identity.{table}" for table in ("refresh_tokens", "token_families", "users", "signing_keys")
    ),
    "nobody has been made an organizer or an admin": "UPDATE identity.users SET roles = '{USER}'",
    "a family has expired, and its last token came too late": """
        UPDATE identity.token_families SET expires_at = created_at + interval '1 microsecond';
        UPDATE identity.refresh_tokens SET used_at = created_at
    """,
    "a family was ended that had been refreshed in vain": """
        UPDATE identity.token_families SET ended_at = expires_at, ended_by = 'LOGOUT' WHERE ended_at IS NULL;
        UPDATE identity.refresh_tokens SET used_at = created_at
    """,
    "a logout met a refresh": "UPDATE identity.token_families SET ended_at = ended_at - interval '1 second'",
    "a key was made just now": "UPDATE identity.signing_keys SET created_at = (SELECT now FROM identity.clock)",
    "a claim's time was up, and its seats are free again": ";".join(
        (
            claims("RESERVED", "state = 'RELEASED', expires_at = now() - interval '1 minute', changed_at = now()"),
            bookings("PENDING", "expires_at = now() - interval '1 minute'"),
            seats("RESERVED", "status = 'AVAILABLE', holder_id = NULL, booking_id = NULL, expires_at = NULL"),
            "UPDATE inventory.seat_changes SET status = 'AVAILABLE', expires_at = NULL WHERE status = 'RESERVED'",
        )
    ),
    "a ticket is of a time when claims lived longer": claims(
        "CONFIRMED", "expires_at = reserved_at + interval '1 day'"
    ),
    "a session of a cancelled booking is over, which nobody has asked about": (
        "UPDATE payment.payments SET state = 'PENDING', next_poll_at = now()"
        " WHERE session_id IN (SELECT id FROM bank.sessions WHERE status = 'CLOSED');"
        + sessions("CLOSED", "status = 'OPEN', ended_at = NULL, expires_at = now() - interval '1 hour'")
    ),
}

WHILE_UNDER_WAY = {
    "a booking is being made": """
        INSERT INTO booking.bookings
            (id, user_id, show_id, state, version, total_amount, currency, lease_until, refund_stuck)
            SELECT gen_random_uuid(), user_id, show_id, 'RESERVING', 1, 0, '', now(), false
            FROM booking.bookings WHERE state = 'PENDING'
    """,
    "a booking is being confirmed": (
        bookings("CONFIRMED", "state = 'CONFIRMING', confirming_from = 'PENDING', lease_until = now()")
        + "; UPDATE booking.captures c SET settlement = 'CONFIRM' FROM booking.bookings b"
        " WHERE b.state = 'CONFIRMING' AND c.payment_id = b.payment_id"
    ),
    "the bank has not heard of a refund yet": """
        INSERT INTO payment.refunds (id, payment_id, cause, amount, state)
            SELECT gen_random_uuid(), id, 'REQUESTED', amount, 'REQUESTED'
            FROM payment.payments WHERE state = 'SUCCESS'
    """,
}
