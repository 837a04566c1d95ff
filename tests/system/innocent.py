"""What looks like a fault and is none, in words and in SQL for a copy of the databases."""

from tests.system.damage import (
    ALL_REFUNDED,
    BEFORE,
    HELD_BY_ONE,
    NEW,
    NOTHING_WENT_BACK,
    REFUND_STUCK,
    SEATS_STUCK,
    UNDONE,
    bookings,
    claims,
    hold_of,
    payments,
    seats,
    second_payment,
    sessions,
)
from tests.system.damages_of_accounts import MAILS_NOT_TRIED
from tests.system.damages_of_coupons import OF_AN_ORGANIZATION, WITHIN_LIMITS
from tests.system.damages_of_finding import OF_WORDS
from tests.system.damages_of_gateways import ELSEWHERE as AT_ANOTHER_GATEWAY
from tests.system.damages_of_gateways import LOST
from tests.system.damages_of_notices import NOTICES_IN_ORDER
from tests.system.damages_of_reschedules import OVER_BEFORE
from tests.system.damages_of_seats import of_code
from tests.system.damages_of_the_catalogue import OF_EDITS
from tests.system.damages_of_tickets import NO_TICKETS_YET, OF_TICKETS_OF_BEFORE

WITHOUT_COMPANIONS = "screen_id NOT IN (SELECT screen_id FROM inventory.screen_seats WHERE companion_of IS NOT NULL)"
"""Of shows whose halls have no companions' seats, which would name others of their own show."""
TICKET_REFUND_STUCK = f"""
    {BEFORE};
    UPDATE booking.bookings SET state = 'REFUNDING', refund_stuck = true, lease_until = now()
        WHERE id IN {ALL_REFUNDED};
    UPDATE booking.topic_events SET kind = 'CONFIRMED' WHERE kind = 'REFUNDED' AND key IN {ALL_REFUNDED};
    UPDATE payment.refunds SET state = 'STUCK', stuck_reason = 'declined'
        WHERE payment_id IN (SELECT payment_id FROM booking.bookings WHERE state = 'REFUNDING')
"""
NEVER_ACCEPTED = "DELETE FROM bank.refunds WHERE status = 'DECLINED'; DELETE FROM payment.refunds WHERE state = 'STUCK'"


def sold_again(condition: str) -> str:
    """Let a seat of an earlier booking, under this condition, be one of a ticket of the same show."""
    return f"""
        UPDATE booking.booking_seats SET seat_id = again.seat_id FROM (
            SELECT ticket.id AS booking_id, seat.seat_id FROM booking.bookings ticket
            JOIN booking.bookings before USING (show_id) JOIN booking.booking_seats seat ON seat.booking_id = before.id
            WHERE ticket.state = 'CONFIRMED' AND ticket.refund_count = 0 AND {condition} LIMIT 1
        ) AS again WHERE booking_seats.booking_id = again.booking_id AND booking_seats.position = 0;
        UPDATE booking.tickets t SET show_seat_id = s.seat_id
            FROM booking.booking_seats s JOIN booking.bookings b ON b.id = s.booking_id
            WHERE t.id = b.ticket_ids[s.position + 1]
    """


ELSEWHERE = "p.gateway <> 'bank'"
NOT_AT_THE_BANK = f"""
    DELETE FROM bank.deliveries d USING payment.payments p WHERE p.session_id = d.session_id AND {ELSEWHERE};
    DELETE FROM bank.ledger l USING payment.payments p WHERE p.session_id = l.session_id AND {ELSEWHERE};
    DELETE FROM bank.refunds r USING payment.payments p WHERE p.session_id = r.session_id AND {ELSEWHERE};
    DELETE FROM bank.sessions s USING payment.payments p WHERE p.session_id = s.id AND {ELSEWHERE}
"""
BY_DISPUTE = """
    UPDATE payment.refunds SET by_dispute = true WHERE cause = 'REQUESTED';
    UPDATE payment.payments p SET refunded_by_disputes = refunded_amount, lost_amount = refunded_amount
        WHERE EXISTS (SELECT FROM payment.refunds r WHERE r.payment_id = p.id AND r.by_dispute);
    INSERT INTO payment.disputes (id, payment_id, state, amount, lost_amount)
        SELECT id::text, id, 'LOST', amount, lost_amount FROM payment.payments WHERE lost_amount > 0
"""
WAITS_FOR_A_DISPUTE = f"""
    {SEATS_STUCK}; {NOTHING_WENT_BACK};
    UPDATE booking.booking_refunds SET stuck = false WHERE stuck;
    UPDATE payment.payments SET disputed_amount = amount
        WHERE id IN (SELECT payment_id FROM payment.refunds WHERE state = 'STUCK');
    INSERT INTO payment.disputes (id, payment_id, state, amount, lost_amount)
        SELECT id::text, id, 'OPEN', amount, 0 FROM payment.payments WHERE disputed_amount > 0;
    UPDATE payment.refunds SET state = 'REQUESTED', stuck_reason = NULL WHERE state = 'STUCK'
"""
WITHIN_SALES = """
        UPDATE inventory.reservations r SET expires_at = least(r.expires_at, coalesce(c.sales_end_at, c.starts_at))
            FROM inventory.show_counters c WHERE c.show_id = r.show_id AND r.state = 'RESERVED';
        UPDATE inventory.show_seats s SET expires_at = least(s.expires_at, coalesce(c.sales_end_at, c.starts_at))
            FROM inventory.show_counters c WHERE c.show_id = s.show_id AND s.status = 'RESERVED'
"""
"""No reservation lasts longer than its show is on sale."""

# After the last change that there was, by clocks that tests have moved.
WHOLE_SINCE = {
    "booking": "whole_since = (SELECT max(updated_at) FROM booking.bookings) + interval '1 second'",
    "inventory": "whole_since = (SELECT max(created_at) FROM inventory.shows) + interval '1 second'",
}

AT_ANY_TIME = {
    **(NOTICES_IN_ORDER | MAILS_NOT_TRIED),
    **OVER_BEFORE,
    **OF_EDITS,
    **OF_WORDS,
    "nothing": "SELECT",
    **OF_AN_ORGANIZATION,
    "the mail about an offer waits": "UPDATE booking.ticket_offers SET mail_state = 'WAITING' WHERE state = 'OPEN'",
    "a coupon is used as often as it may be, and was by bookings that are over": WITHIN_LIMITS,
    "the release before has refunded a ticket": BEFORE,
    "the refund of all seats is stuck": f"{SEATS_STUCK};{NOTHING_WENT_BACK}",
    "the refund of all seats is stuck, as payment refuses it": f"{SEATS_STUCK};{NOTHING_WENT_BACK};{NEVER_ACCEPTED}",
    "a refund failed after it was carried out": f"{UNDONE};{NOTHING_WENT_BACK}",
    "a refund failed after it was carried out, and went out again": "UPDATE payment.refunds SET undone = 1",
    "a second payment of a refunded booking is stuck, for it failed after all": (
        f"{second_payment('REFUNDED')};{REFUND_STUCK};{NOTHING_WENT_BACK};"
        "UPDATE payment.refunds SET undone = 1 WHERE state = 'STUCK'"
    ),
    "staff unknown refunded": "UPDATE booking.booking_refunds SET cause = 'GRANTED', reason = 'ill', decided_by = NULL",
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
        UPDATE payment.payments p
            SET booking_id = b.id, user_id = b.user_id, amount = coalesce(b.final_amount, b.total_amount),
                expires_at = b.created_at
            FROM booking.bookings b, bank.sessions s
            WHERE b.state = 'CONFIRMED' AND b.refund_count = 0 AND b.payment_id IS NOT NULL
                AND s.id = p.session_id AND s.status = 'DECLINED';
        UPDATE booking.declines d SET booking_id = p.booking_id FROM payment.payments p WHERE p.id = d.payment_id;
        UPDATE bank.sessions s SET amount = p.amount, expires_at = p.expires_at, order_id = p.booking_id::text
            FROM payment.payments p WHERE p.session_id = s.id
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
        f"DELETE FROM identity.{table}"
        for table in ("refresh_tokens", "token_families", "members", "organizations", "users", "signing_keys")
    ),
    "nobody has been made an organizer or an admin": "UPDATE identity.users SET roles = '{USER}'",
    "a family has expired, and its last token came too late": """
        UPDATE identity.token_families SET expires_at = created_at + interval '1 microsecond';
        UPDATE identity.refresh_tokens SET used_at = created_at
    """,
    "a family was ended that had been refreshed in vain": """
        UPDATE identity.token_families SET ended_at = created_at + interval '1 minute', ended_by = 'LOGOUT'
            WHERE ended_at IS NULL;
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
            "UPDATE payment.payments p SET expires_at = b.expires_at FROM booking.bookings b"
            " WHERE b.id = p.booking_id AND b.state = 'PENDING'",
            "UPDATE bank.sessions s SET expires_at = p.expires_at FROM payment.payments p WHERE p.session_id = s.id",
        )
    ),
    "a ticket is of a time when claims lived longer": claims(
        "CONFIRMED", "expires_at = reserved_at + interval '1 day'"
    ),
    "shows are of a time when they did not remember their limits": f"""
        UPDATE inventory.show_counters
            SET max_seats_per_user = NULL, seat_hold_minutes = NULL, seat_hold_max_minutes = NULL,
                reservation_max_minutes = NULL;
        {HELD_BY_ONE};
        UPDATE inventory.reservations SET expires_at = reserved_at + interval '120 minutes' WHERE state = 'RESERVED';
        UPDATE inventory.show_seats s SET expires_at = r.expires_at FROM inventory.reservations r
            WHERE s.booking_id = r.booking_id AND r.state = 'RESERVED';
        {WITHIN_SALES};
        {hold_of("60 minutes", "NULL")}
    """,
    "a show did not remember for how long a hold might be extended": f"""
        UPDATE inventory.show_counters SET seat_hold_max_minutes = NULL, seat_hold_minutes = NULL;
        {hold_of("120 minutes")}
    """,
    "a hold has its full time, which is longer than its life": f"""
        UPDATE inventory.show_counters SET seat_hold_max_minutes = 1;
        {hold_of("5 minutes")}
    """,
    "a hold was extended a long time after it began": hold_of("15 minutes"),
    "code from before holds seats, and does not write down since when": seats("HELD", "held_at = NULL"),
    "limits were lowered over what was made by larger ones": f"""
        UPDATE inventory.show_counters
            SET max_seats_per_user = 40, seat_hold_minutes = 30, reservation_max_minutes = 60;
        {HELD_BY_ONE};
        UPDATE inventory.reservations SET expires_at = reserved_at + interval '60 minutes' WHERE state = 'RESERVED';
        UPDATE inventory.show_seats s SET expires_at = r.expires_at FROM inventory.reservations r
            WHERE s.booking_id = r.booking_id AND r.state = 'RESERVED';
        {WITHIN_SALES};
        {hold_of("30 minutes")}
    """,
    "bookings were made without keys": """
        UPDATE booking.bookings SET idempotency_key = NULL, request_hash = NULL;
        DELETE FROM booking.idempotency_keys WHERE method = 'CreateBooking'
    """,
    "payments are of a time when they had no names of the bank's": """
        UPDATE payment.payments SET gateway_order_id = NULL, gateway_payment_id = NULL;
        UPDATE bank.sessions SET gateway_order_id = NULL, gateway_payment_id = NULL WHERE status = 'DECLINED'
    """,
    "nothing but declines was at the bank; the rest is at another gateway": f"{AT_ANOTHER_GATEWAY}; {NOT_AT_THE_BANK}",
    "another gateway has kept something, and lost a dispute": f"{LOST}; {NOT_AT_THE_BANK}",
    "lost disputes have paid refunds": f"{AT_ANOTHER_GATEWAY}; {NOT_AT_THE_BANK}; {BY_DISPUTE}",
    "refunds wait for disputes": WAITS_FOR_A_DISPUTE,
    "a customer chooses another method on the page": f"""
        {payments("PENDING", "method = 'CARD'")};
        {sessions("OPEN", "method = 'UPI', gateway_payment_id = 'pay_x'")}
    """,
    "methods were chosen, which the bank of before did not tell": """
        UPDATE payment.payments p SET method = 'CARD' FROM bank.sessions s
            WHERE s.id = p.session_id AND s.method IS NULL
    """,
    "a key was taken for a payment, and has no answer yet": """
        UPDATE payment.idempotency_keys SET names = NULL, answered = false WHERE method = 'InitiatePayment'
    """,
    "a claim was refused before it was made": f"""
        INSERT INTO inventory.reservations (show_id, booking_id, state, seat_ids, reserved_at, expires_at, changed_at)
            SELECT show_id, {NEW}, 'REFUSED', '{{}}', now(), now(), now() FROM inventory.show_counters LIMIT 1
    """,
    "a webhook was delivered again under another id": """
        INSERT INTO bank.deliveries (id, session_id, type, delivered_at, created_at, repeats, is_lie)
            SELECT 'evt_again', session_id, type, delivered_at, created_at, id, false FROM bank.deliveries
            WHERE repeats IS NULL AND delivered_at IS NOT NULL LIMIT 1
    """,
    "somebody who has the secret sent a webhook": """
        INSERT INTO payment.webhook_events (id, type, payment_id) SELECT 'evt_new', type, payment_id
            FROM payment.webhook_events LIMIT 1
    """,
    "the bank took money after all that it had declined": """
        INSERT INTO booking.declines (payment_id, booking_id) SELECT payment_id, booking_id FROM booking.captures
    """,
    "a lie was refused": """
        INSERT INTO bank.deliveries (id, session_id, type, delivered_at, created_at, is_lie)
            SELECT 'evt_lie', session_id, type, delivered_at, created_at, true FROM bank.deliveries LIMIT 1
    """,
    "a lie was believed to be another payment's": """
        INSERT INTO bank.deliveries (id, session_id, type, delivered_at, created_at, is_lie)
            SELECT 'evt_lie', session_id, type, delivered_at, created_at, true FROM bank.deliveries LIMIT 1;
        INSERT INTO payment.webhook_events (id, type, payment_id) SELECT 'evt_lie', type, p.id
            FROM bank.deliveries d JOIN payment.payments p ON p.session_id <> d.session_id LIMIT 1
    """,
    "a session is of a time when the bank was not told for what": "UPDATE bank.sessions SET order_id = ''",
    "a show begins in a hall when the one before it ends": f"""
        INSERT INTO inventory.shows
            (id, event_id, screen_id, starts_at, ends_at, currency, created_at, status, revision)
            SELECT {NEW}, event_id, screen_id, ends_at, ends_at + (ends_at - starts_at), currency, 'epoch',
                'SCHEDULED', 1
            FROM inventory.shows WHERE {WITHOUT_COMPANIONS} ORDER BY ends_at DESC LIMIT 1;
        INSERT INTO inventory.show_counters SELECT (c).* FROM (
            SELECT jsonb_populate_record(NULL::inventory.show_counters,
                to_jsonb(c) || jsonb_build_object(
                    'show_id', w.id, 'sequence', 0, 'starts_at', w.starts_at, 'sales_end_at', NULL,
                    'sales_start_at', NULL, 'status', 'SCHEDULED', 'revision', 1
                )) AS c
            FROM inventory.shows w, inventory.show_counters c WHERE w.id = {NEW} LIMIT 1
        ) AS made;
        INSERT INTO inventory.show_prices SELECT {NEW}, tier, price FROM inventory.show_prices
            WHERE show_id = (
                SELECT id FROM inventory.shows WHERE id <> {NEW} AND {WITHOUT_COMPANIONS} ORDER BY ends_at DESC LIMIT 1
            );
        INSERT INTO inventory.show_seats (show_id, id, position, section, row, number, tier, price, status, label,
                features, price_multiplier, area_id)
            SELECT {NEW}, gen_random_uuid(), h.position, h.section, h.row, h.number, h.tier, p.price, 'AVAILABLE',
                h.label, h.features, h.price_multiplier, h.area_id
            FROM inventory.shows w JOIN inventory.screen_seats h USING (screen_id)
            JOIN inventory.show_prices p ON (p.show_id, p.tier) = (w.id, h.tier) WHERE w.id = {NEW};
        INSERT INTO inventory.list_prices SELECT {NEW}, prices_version, tier, price
            FROM inventory.show_prices JOIN inventory.show_counters USING (show_id) WHERE show_id = {NEW}
    """,
    "tickets were paid for, or not, when sales were to end later": ";".join(
        (
            claims("CONFIRMED", "expires_at = now() + interval '1 year'"),
            *(
                bookings(state, "sales_end_at = created_at + interval '1 second'")
                for state in ("CONFIRMED", "CANCELLED")
            ),
        )
    ),
    "code that knows no end of sales made the show and the bookings": (
        "UPDATE inventory.shows SET sales_end_at = NULL WHERE sales_end_at = starts_at;"
        "UPDATE booking.bookings SET sales_end_at = NULL WHERE sales_end_at = starts_at"
    ),
    "free seats were sold at other prices before": seats("AVAILABLE", "price = price + 1"),
    "code that froze no prices made the claims": "UPDATE inventory.reservations SET prices = NULL",
    "all prices were changed": f"""
        INSERT INTO inventory.list_prices SELECT show_id, version + 1, tier, price + 1 FROM inventory.list_prices;
        UPDATE inventory.show_counters SET prices_version = prices_version + 1;
        UPDATE inventory.show_prices SET price = price + 1;
        UPDATE inventory.topic_events SET version = version + 1;
        {seats("AVAILABLE", "price = price + 2")}
    """,
    "somebody has many seats for guests": f"""
        {HELD_BY_ONE};
        UPDATE inventory.show_seats SET right_id = '00000000-0000-0000-0000-000000000000', price = 0
            WHERE status = 'HELD';
        UPDATE inventory.seat_changes c SET price = 0 FROM inventory.show_seats s
            WHERE s.id = c.seat_id AND s.status = 'HELD';
    """,
    "holds by a code have lapsed": of_code("HELD", 0)
    + hold_of("-1 minutes", "now - interval '3 minutes'")
    + ";"
    + seats("HELD", f"right_id = {NEW}"),
    "seats are blocked that somebody has": seats(
        "HELD", "blocked_for = 'Camera', right_id = '00000000-0000-0000-0000-000000000001'"
    ),
    "all public events are forgotten": ";".join(
        f"DELETE FROM {service}.topic_events; UPDATE {service}.topics SET forgotten = position, {whole_since}"
        for service, whole_since in WHOLE_SINCE.items()
    ),
    "some public events are forgotten": f"""
        DELETE FROM booking.topic_events WHERE position < 3;
        UPDATE booking.topics SET forgotten = 2, {WHOLE_SINCE["booking"]}
    """,
    "a session of a cancelled booking is over, which nobody has asked about": (
        "UPDATE payment.payments SET state = 'PENDING', next_poll_at = now()"
        " WHERE session_id IN (SELECT id FROM bank.sessions WHERE status = 'CLOSED');"
        + sessions("CLOSED", "status = 'OPEN', ended_at = NULL, expires_at = now() - interval '1 hour'")
        + "; UPDATE payment.payments p SET expires_at = s.expires_at FROM bank.sessions s WHERE s.id = p.session_id"
    ),
}

# There is no invoice before a ticket.
NOBODY_SELLS = """
    UPDATE booking.bookings SET seller_id = NULL; DELETE FROM booking.invoices; DELETE FROM booking.invoice_lines;
    UPDATE booking.invoice_series SET year = 0, last_number = 0, last_at = NULL
"""

WHILE_UNDER_WAY = {
    **OF_TICKETS_OF_BEFORE,
    "a seat is sold again that was given back": sold_again(
        "before.state = 'CONFIRMED' AND before.refund_count > 0 AND seat.refund_id IS NOT NULL"
    ),
    "a seat is sold again whose booking was cancelled": sold_again("before.state = 'CANCELLED'"),
    "a booking is being made": """
        INSERT INTO booking.bookings
            (id, user_id, show_id, state, version, total_amount, currency, lease_until, refund_count,
            refund_stuck, idempotency_key)
            SELECT gen_random_uuid(), user_id, show_id, 'RESERVING', 1, 0, '', now(), 0, false, 'for ' || id
            FROM booking.bookings WHERE state = 'PENDING'
    """,
    "a booking is being confirmed": (
        bookings(
            "CONFIRMED",
            "state = 'CONFIRMING', confirming_from = 'PENDING', confirmed_at = NULL, lease_until = now()",
        )
        + " AND payment_id IS NOT NULL"
        + "; UPDATE booking.topic_events SET kind = 'CREATED' FROM booking.bookings b"
        " WHERE b.state = 'CONFIRMING' AND key = b.id"
        + "; UPDATE booking.captures c SET settlement = 'CONFIRM' FROM booking.bookings b"
        " WHERE b.state = 'CONFIRMING' AND c.payment_id = b.payment_id" + f"; {NOBODY_SELLS}; {NO_TICKETS_YET}"
    ),
    "a free booking is being confirmed, and has no answer yet": f"""
        UPDATE booking.bookings SET state = 'CONFIRMING', confirming_from = 'PENDING', confirmed_at = NULL,
            lease_until = now() WHERE state = 'CONFIRMED' AND payment_id IS NULL AND refund_count = 0;
        DELETE FROM booking.idempotency_keys k USING booking.bookings b
            WHERE b.id = k.names AND b.state = 'CONFIRMING';
        UPDATE booking.topic_events e SET kind = 'CREATED' FROM booking.bookings b
            WHERE b.id = e.key AND b.state = 'CONFIRMING'; {NO_TICKETS_YET}
    """,
    "events have no positions yet": """
        INSERT INTO booking.topic_events (id, topic, key, version, kind)
            SELECT DISTINCT ON (key) id + 1000000, topic, key, version + 100, kind FROM booking.topic_events
            ORDER BY key, version DESC;
        INSERT INTO inventory.topic_events (id, topic, key, version, kind)
            SELECT DISTINCT ON (key) id + 1000000, topic, key, version + 1, kind FROM inventory.topic_events
            ORDER BY key, version DESC;
        UPDATE inventory.shows SET revision = revision + 1;
        UPDATE inventory.show_counters SET revision = revision + 1
    """,
    "money came twice, and bought nothing either time": """
        INSERT INTO booking.captures SELECT (c).* FROM (
            SELECT jsonb_populate_record(
                c, jsonb_build_object('payment_id', gen_random_uuid(), 'settlement', 'DUPLICATE')
            ) AS c FROM booking.captures c WHERE settlement = 'NO_TICKET'
        ) AS made
    """,
    "a webhook is on its way": """
        INSERT INTO bank.deliveries (id, session_id, type, created_at, is_lie)
            SELECT 'evt_new', session_id, type, created_at, false FROM bank.deliveries LIMIT 1
    """,
    "the bank has not heard of a refund yet": """
        INSERT INTO payment.refunds (id, payment_id, cause, amount, state)
            SELECT gen_random_uuid(), id, 'REQUESTED', amount, 'REQUESTED'
            FROM payment.payments WHERE state = 'SUCCESS'
    """,
}
