"""What damages to a copy of the databases are made of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Damage:
    """What is done to the copy, in words and in SQL, and the name of the invariant that must see it."""

    name: str
    invariant: str
    sql: str


CONFIRMED = (
    "(SELECT id FROM booking.bookings"
    " WHERE state = 'CONFIRMED' AND refund_count = 0 AND payment_id IS NOT NULL LIMIT 1)"
)
PARTLY = "(SELECT id FROM booking.bookings WHERE state = 'CONFIRMED' AND refund_count > 0 LIMIT 1)"
REFUNDED = (
    "(SELECT b.id FROM booking.bookings b JOIN booking.booking_refunds r ON r.booking_id = b.id WHERE"
    " b.state = 'REFUNDED' AND b.refund_count = 1 AND r.percentage = 100 AND r.reason = ''"
    " AND b.payment_id IS NOT NULL ORDER BY b.id LIMIT 1)"
)
"""The first booking refunded at once, in full, as its user wanted: the same one in all statements of a damage."""
ALL_REFUNDED = (
    "(SELECT id FROM booking.bookings WHERE state IN ('REFUNDED', 'REFUNDING') AND refund_count <= 1"
    " AND refund_amount = coalesce(final_amount, total_amount)::bigint * refund_percentage / 100)"
)
"""The bookings refunded at once, as the release before did it: without fees that stay."""
PENDING = "(SELECT id FROM booking.bookings WHERE state = 'PENDING' LIMIT 1)"
PAID = f"(SELECT session_id FROM booking.captures WHERE booking_id = {CONFIRMED})"
DEARER = "ARRAY(SELECT price + 1 FROM unnest(prices) AS p (price))"
NEW = "'00000000-0000-0000-0000-000000000001'"


def seats(status: str, change: str) -> str:
    return f"UPDATE inventory.show_seats SET {change} WHERE status = '{status}'"


HELD_BY_ONE = (
    "UPDATE inventory.show_seats s SET status = 'HELD', holder_id = h.holder_id, expires_at = h.expires_at"
    " FROM (SELECT h.show_id, h.holder_id, h.expires_at FROM inventory.show_seats h"
    " WHERE h.status = 'HELD' AND (SELECT count(*) FROM inventory.show_seats f"
    " WHERE f.show_id = h.show_id AND f.status = 'AVAILABLE') BETWEEN 10 AND 30"
    " ORDER BY h.show_id DESC LIMIT 1) AS h,"
    " (SELECT show_id, id FROM inventory.show_seats WHERE status = 'AVAILABLE') AS free"
    " WHERE s.show_id = h.show_id AND (s.show_id, s.id) = (free.show_id, free.id)"
)
"""More seats of a show than a user may have."""


def hold_of(interval: str, held_at: str = "now") -> str:
    """Let every hold have been made just now, for so long or until sales end; changes agree.

    Code from before does not write down since when a seat is held: then `held_at` is null.
    """
    return f"""
        UPDATE inventory.show_seats s
            SET held_at = {held_at},
                expires_at = least(now + interval '{interval}', coalesce(n.sales_end_at, n.starts_at))
            FROM inventory.clock, inventory.show_counters n WHERE s.status = 'HELD' AND n.show_id = s.show_id;
        UPDATE inventory.seat_changes c SET status = s.status, expires_at = s.expires_at, changed_at = now
            FROM inventory.show_seats s, inventory.clock WHERE (s.show_id, s.id) = (c.show_id, c.seat_id)
    """


def claims(state: str, change: str) -> str:
    return f"UPDATE inventory.reservations SET {change} WHERE state = '{state}'"


def bookings(state: str, change: str) -> str:
    """Change the booking in a state; of those that are CONFIRMED, not the one that has given seats back."""
    return (
        f"UPDATE booking.bookings SET {change} WHERE state = '{state}' AND (state <> 'CONFIRMED' OR refund_count = 0)"
    )


def payments(state: str, change: str) -> str:
    return f"UPDATE payment.payments SET {change} WHERE state = '{state}'"


def sessions(status: str, change: str) -> str:
    return f"UPDATE bank.sessions SET {change} WHERE status = '{status}'"


def again(table: str, condition: str = "true") -> str:
    """Insert a row a second time, as no key would let anybody."""
    return f"INSERT INTO {table} SELECT * FROM {table} WHERE {condition} LIMIT 1"


REFUND_STUCK = "UPDATE payment.refunds SET state = 'STUCK', stuck_reason = 'declined' WHERE cause = 'NO_TICKET'"


BEFORE = f"""
    DELETE FROM booking.booking_refunds WHERE booking_id IN {ALL_REFUNDED};
    UPDATE booking.booking_seats SET refund_id = NULL, refund_amount = NULL WHERE booking_id IN {ALL_REFUNDED};
    DELETE FROM booking.tickets WHERE booking_id IN {ALL_REFUNDED};
    UPDATE booking.bookings SET refund_count = 0, ticket_ids = NULL WHERE id IN {ALL_REFUNDED}
"""
"""Let the release before have refunded the bookings that were refunded at once."""

UNDONE = f"""
    UPDATE booking.booking_refunds SET state = 'PROCESSING', stuck = true, undone = 1, lease_until = now()
        WHERE booking_id IN {ALL_REFUNDED};
    UPDATE booking.topic_events SET kind = 'REFUND_UNDONE' WHERE kind = 'REFUNDED' AND key IN {ALL_REFUNDED};
    UPDATE payment.refunds SET state = 'STUCK', stuck_reason = 'failed', undone = 1
        WHERE payment_id IN (SELECT payment_id FROM booking.bookings WHERE id IN {ALL_REFUNDED})
"""
"""Let the refunds of the bookings that were refunded at once have failed after all."""

NOTHING_WENT_BACK = """
    UPDATE payment.payments p SET state = 'SUCCESS', refunded_amount = 0
        FROM payment.refunds r WHERE r.payment_id = p.id AND r.state = 'STUCK';
    UPDATE bank.refunds b SET status = 'DECLINED' FROM payment.refunds r WHERE r.id = b.id AND r.state = 'STUCK';
    UPDATE bank.sessions s SET refunded_amount = 0
        FROM bank.refunds b WHERE b.session_id = s.id AND b.status = 'DECLINED';
    DELETE FROM bank.ledger l USING bank.refunds b WHERE b.id = l.refund_id AND b.status = 'DECLINED'
"""


def disputed(payment: str, state: str) -> str:
    """Let a payment be wanted back by its customer's bank, or have been taken back."""
    column = "disputed_amount" if state == "OPEN" else "lost_amount"
    return f"""
        UPDATE payment.payments SET {column} = amount WHERE id = {payment};
        INSERT INTO payment.disputes (id, payment_id, state, amount, lost_amount)
            SELECT 'disp_1', id, '{state}', amount, lost_amount FROM payment.payments WHERE id = {payment}
    """


SEATS_STUCK = f"""
    UPDATE booking.booking_refunds SET state = 'PROCESSING', stuck = true, lease_until = now()
        WHERE booking_id IN {ALL_REFUNDED};
    UPDATE payment.refunds SET state = 'STUCK', stuck_reason = 'declined'
        WHERE payment_id IN (SELECT payment_id FROM booking.bookings WHERE id IN {ALL_REFUNDED});
    UPDATE booking.topic_events SET kind = 'CONFIRMED' WHERE kind = 'REFUNDED' AND key IN {ALL_REFUNDED};
    UPDATE booking.bookings SET state = 'CONFIRMED' WHERE id IN {ALL_REFUNDED}
"""
"""Let the refunds of all seats of bookings be stuck."""


def second_payment(state: str) -> str:
    """Let the money that went back for want of a ticket have been for the booking that is in this state."""
    return f"""
        UPDATE payment.payments p
            SET booking_id = b.id, user_id = b.user_id, amount = coalesce(b.final_amount, b.total_amount),
                refunded_amount = coalesce(b.final_amount, b.total_amount), expires_at = b.created_at
            FROM booking.bookings b, payment.refunds r
            WHERE b.state = '{state}' AND (b.state <> 'CONFIRMED' OR b.refund_count = 0)
                AND b.payment_id IS NOT NULL AND r.payment_id = p.id AND r.cause = 'NO_TICKET';
        UPDATE booking.captures c SET booking_id = p.booking_id, amount = p.amount
            FROM payment.payments p WHERE p.id = c.payment_id AND c.settlement = 'NO_TICKET';
        UPDATE payment.refunds r SET amount = p.amount
            FROM payment.payments p WHERE p.id = r.payment_id AND r.cause = 'NO_TICKET';
        UPDATE bank.refunds b SET amount = r.amount
            FROM payment.refunds r WHERE r.id = b.id AND r.cause = 'NO_TICKET';
        UPDATE bank.sessions s SET amount = r.amount, refunded_amount = r.amount, expires_at = p.expires_at,
                order_id = p.booking_id::text
            FROM bank.refunds b JOIN payment.refunds r ON r.id = b.id JOIN payment.payments p ON p.id = r.payment_id
            WHERE b.session_id = s.id AND r.cause = 'NO_TICKET';
        UPDATE bank.ledger l SET amount = sign(l.amount) * s.amount FROM bank.sessions s
            WHERE s.id = l.session_id AND s.refunded_amount IN (0, s.amount)
    """
