"""Statements that create bookings."""

from services.chassis.writes import topics

BEGIN_BOOKINGS = """
    INSERT INTO bookings (id, booking_number, user_id, state, lease_until, created_at, updated_at,
        idempotency_key, request_hash, show_id, event_id, is_movie, title, theatre, city, screen, starts_at,
        organization_id, time_zone, show_revision)
    SELECT new.id, new.number, new.user_id, 'RESERVING', clock.now + make_interval(secs => %(lease_seconds)s),
        clock.now, clock.now, new.idempotency_key, new.request_hash,
        show.show_id, show.event_id, show.is_movie, show.title, show.theatre, show.city, show.screen, show.starts_at,
        show.organization_id, show.time_zone, show.show_revision
    FROM (SELECT boxoffice_clock() AS now) AS clock, unnest(
        %(id)s::uuid[], %(booking_number)s::text[], %(user_id)s::uuid[], %(idempotency_key)s::text[],
        %(request_hash)s::bytea[], %(booked_show_id)s::uuid[]
    ) AS new (id, number, user_id, idempotency_key, request_hash, show_id)
    JOIN unnest(
        %(show_id)s::uuid[], %(event_id)s::uuid[], %(is_movie)s::bool[], %(title)s::text[], %(theatre)s::text[],
        %(city)s::text[], %(screen)s::text[], %(starts_at)s::timestamptz[], %(organization_id)s::uuid[],
        %(time_zone)s::text[], %(show_revision)s::int[]
    ) AS show (
        show_id, event_id, is_movie, title, theatre, city, screen, starts_at, organization_id, time_zone, show_revision
    ) USING (show_id)
    WHERE NOT EXISTS (SELECT FROM closed_users c WHERE c.user_id = new.user_id AND c.closed_until > clock.now)
    ON CONFLICT (user_id, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING
    RETURNING id, created_at
"""
"""Write the intents of bookings, each show once. A key that is in use already gives no row, nor does a closed user."""

CLOSED_USERS = """
    SELECT user_id FROM closed_users WHERE user_id = ANY(%(user_ids)s) AND closed_until > boxoffice_clock()
"""
"""Those who book nothing, as their accounts are deleted or about to be."""

KEYS_UNDER_WAY = """
    SELECT b.user_id, b.idempotency_key AS key, b.request_hash, NULL AS answer
    FROM bookings b JOIN unnest(%(user_id)s::uuid[], %(key)s::text[]) AS asked (user_id, key)
        ON b.user_id = asked.user_id AND b.idempotency_key = asked.key
"""
"""Requests of which it is known that they were begun."""

FINISH_BOOKINGS = f"""
    WITH finished AS (
        UPDATE bookings SET
            state = 'PENDING', version = version + 1, lease_until = NULL,
            total_amount = priced.total, discount_amount = priced.discount, fee_amount = priced.fee,
            tax_amount = priced.tax, final_amount = priced.final, prices_include_tax = priced.include_tax,
            seller_id = priced.seller, place_of_supply = priced.place,
            currency = priced.in_currency, expires_at = priced.until, sales_end_at = priced.sales_end,
            seat_labels = string_to_array(priced.labels, E'\\n'),
            starts_at = priced.starts, screen = priced.in_screen, show_revision = priced.revision
        FROM unnest(
            %(id)s::uuid[], %(total_amount)s::int[], %(discount_amount)s::int[], %(fee_amount)s::int[],
            %(tax_amount)s::int[], %(final_amount)s::int[], %(prices_include_tax)s::bool[],
            %(seller_id)s::uuid[], %(place_of_supply)s::text[], %(currency)s::text[], %(expires_at)s::timestamptz[],
            %(sales_end_at)s::timestamptz[], %(labels)s::text[], %(starts_at)s::timestamptz[], %(screen)s::text[],
            %(show_revision)s::int[]
        ) AS priced (booking_id, total, discount, fee, tax, final, include_tax, seller, place, in_currency, until,
            sales_end, labels, starts, in_screen, revision)
        WHERE id = priced.booking_id AND state = 'RESERVING' AND version = 1
            AND NOT EXISTS (
                SELECT FROM closed_users c WHERE c.user_id = bookings.user_id AND c.closed_until > boxoffice_clock()
            )
        RETURNING id
    ), with_seats AS (
        INSERT INTO booking_seats (booking_id, position, seat_id, section, row, number, tier, price, discount, fee, tax,
            tax_basis_points, sac_code, order_amount, unrefundable_amount, organizer_fee, kind, label, features)
        SELECT seat.booking_id, seat.position, seat.seat_id, seat.section, seat.row, seat.number, seat.tier, seat.price,
            coalesce(seat.discount, 0), coalesce(seat.fee, 0), coalesce(seat.tax, 0),
            coalesce(seat.tax_basis_points, 0), coalesce(seat.sac_code, ''), coalesce(seat.order_amount, 0),
            coalesce(seat.unrefundable_amount, 0), coalesce(seat.organizer_fee, 0), coalesce(seat.kind, 'ADULT'),
            seat.label, seat.features
        FROM unnest(
            %(seat_of)s::uuid[], %(position)s::int[], %(seat_id)s::uuid[], %(section)s::text[], %(row)s::text[],
            %(number)s::int[], %(tier)s::text[], %(price)s::int[], %(discount)s::int[], %(fee)s::int[], %(tax)s::int[],
            %(tax_basis_points)s::int[], %(sac_code)s::text[], %(order_amount)s::int[], %(unrefundable_amount)s::int[],
            %(organizer_fee)s::int[], %(kind)s::text[], %(label)s::text[], %(features)s::text[]
        ) AS seat (booking_id, position, seat_id, section, row, number, tier, price, discount, fee, tax,
            tax_basis_points, sac_code, order_amount, unrefundable_amount, organizer_fee, kind, label, features)
        WHERE (seat.booking_id IN (SELECT id FROM finished)) IS TRUE
    ), with_answers AS (
        INSERT INTO idempotency_keys (user_id, method, key, request_hash, answer)
        SELECT kept.user_id, kept.method, kept.key, kept.request_hash, kept.answer FROM unnest(
            %(answer_of)s::uuid[], %(user_id)s::uuid[], %(method)s::text[], %(key)s::text[], %(request_hash)s::bytea[],
            %(answer)s::bytea[]
        ) AS kept (booking_id, user_id, method, key, request_hash, answer)
        WHERE (kept.booking_id IN (SELECT id FROM finished)) IS TRUE
    ), with_events AS ({topics.APPEND}
        WHERE (new.key IN (SELECT id FROM finished)) IS TRUE
    )
    SELECT id FROM finished
"""
"""Freeze what is paid and its lines, and write the seats, the answer under the key and the event of the topic.

A booking that recovery took over meanwhile gives no row and has nothing written, and neither has one whose user was
closed meanwhile: recovery gives it up.

What is the default in the lines of all seats comes as an empty list. `IS TRUE` has what is finished looked up in a
hash; as a join, each would be compared with every other of the batch."""

NAME_GUESTS = """
    UPDATE bookings b SET guest_name = new.guest_name
    FROM unnest(%(id)s::uuid[], %(guest_name)s::text[]) AS new (id, guest_name)
    WHERE b.id = new.id AND b.state = 'PENDING' AND b.version = 2
"""
"""Say for whom the organizer books, of bookings that the same transaction has made PENDING."""

CONFIRM_FREE = """
    UPDATE bookings SET
        state = 'CONFIRMING', version = version + 1, confirming_from = 'PENDING',
        lease_until = boxoffice_clock() + make_interval(secs => %(lease_seconds)s)
    WHERE id = ANY(%(ids)s) AND state = 'PENDING' AND version = 2
"""
"""Begin to confirm free bookings that the same transaction has made PENDING: so none waits for a payment."""

LOCK_FREE_BOOKINGS = """
    INSERT INTO free_bookings AS known (user_id, day, made)
    SELECT user_id, (boxoffice_clock() AT TIME ZONE 'UTC')::date, 0
    FROM unnest(%(user_ids)s::uuid[]) AS user_id ORDER BY user_id
    ON CONFLICT (user_id) DO UPDATE SET
        day = excluded.day, made = CASE WHEN known.day = excluded.day THEN known.made ELSE 0 END
    RETURNING user_id, made
"""
"""Lock how many free bookings users have made today, in the order of their ids."""

COUNT_FREE_BOOKINGS = """
    UPDATE free_bookings f SET made = new.made
    FROM unnest(%(user_id)s::uuid[], %(made)s::int[]) AS new (user_id, made) WHERE f.user_id = new.user_id
"""

FORGET_FREE_BOOKINGS = """
    DELETE FROM free_bookings WHERE user_id = ANY (ARRAY(
        SELECT user_id FROM free_bookings WHERE day < (boxoffice_clock() AT TIME ZONE 'UTC')::date
        ORDER BY day LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    ))
"""

USE_COUPONS = """
    UPDATE bookings b SET coupon_code = used.code FROM unnest(%(id)s::uuid[], %(code)s::text[]) AS used (id, code)
    WHERE b.id = used.id AND b.state = 'RESERVING'
"""

DROP_BOOKINGS = "DELETE FROM bookings WHERE id = ANY(%(ids)s) AND state = 'RESERVING'"
