"""Invariants of inventory's database."""

from audit.invariants.invariant import Invariant

MAX_SEATS_PER_USER, SEAT_HOLD_MINUTES, SEAT_HOLD_MAX_MINUTES, RESERVATION_MAX_MINUTES = 100, 60, 120, 120
"""What inventory's settings may be at most. What they were is said by each show's counter: the largest since its sale
began, so that what was made under an older setting is no fault; null where that is unknown."""

SEATS = (
    Invariant(
        "seats-are-what-their-status-says",
        "a HELD seat has a user and an end, a RESERVED one a booking too, a BOOKED one no end, others nothing of it",
        ("inventory.show_seats",),
        """
        SELECT show_id, id AS seat_id, status, holder_id, booking_id, expires_at, blocked_for, price
        FROM inventory.show_seats
        WHERE CASE
            WHEN status IN ('AVAILABLE', 'BLOCKED') THEN num_nonnulls(holder_id, booking_id, expires_at) = 0
            WHEN status = 'HELD' THEN num_nonnulls(holder_id, expires_at) = 2 AND booking_id IS NULL
            WHEN status = 'RESERVED' THEN num_nonnulls(holder_id, booking_id, expires_at) = 3
            WHEN status = 'BOOKED' THEN num_nonnulls(holder_id, booking_id) = 2 AND expires_at IS NULL
        END IS NOT TRUE OR (price >= 0) IS NOT TRUE OR (status = 'AVAILABLE' AND blocked_for IS NOT NULL)
        """,
    ),
    Invariant(
        "claimed-seats-have-their-reservation",
        "a seat that is RESERVED or BOOKED belongs to a live claim of that booking and user, on that very seat",
        ("inventory.show_seats WHERE booking_id IS NOT NULL",),
        """
        SELECT s.show_id, s.id AS seat_id, s.status, s.booking_id, r.state
        FROM inventory.show_seats s
        LEFT JOIN inventory.reservations r ON r.show_id = s.show_id AND r.booking_id = s.booking_id
        WHERE s.booking_id IS NOT NULL AND (
            r.state IS DISTINCT FROM CASE s.status WHEN 'RESERVED' THEN 'RESERVED' ELSE 'CONFIRMED' END
            OR r.user_id IS DISTINCT FROM s.holder_id
            OR (s.status = 'RESERVED' AND r.expires_at IS DISTINCT FROM s.expires_at)
            OR (s.id = ANY (r.seat_ids)) IS NOT TRUE
        )
        """,
    ),
    Invariant(
        "reservations-have-all-their-seats",
        "a claim that is RESERVED has every one of its seats: all or none; one that is CONFIRMED has some of them left",
        ("inventory.reservations WHERE state IN ('RESERVED', 'CONFIRMED')",),
        """
        SELECT r.show_id, r.booking_id, r.state, r.seat_ids, s.seats
        FROM inventory.reservations r LEFT JOIN (
            SELECT r.show_id, r.booking_id, count(s.id) AS seats
            FROM inventory.reservations r CROSS JOIN unnest(r.seat_ids) AS wanted (seat_id)
            JOIN inventory.show_seats s ON (s.show_id, s.id, s.booking_id) = (r.show_id, wanted.seat_id, r.booking_id)
            GROUP BY r.show_id, r.booking_id
        ) AS s ON (s.show_id, s.booking_id) = (r.show_id, r.booking_id)
        WHERE CASE r.state
            WHEN 'RESERVED' THEN s.seats = cardinality(r.seat_ids)
            WHEN 'CONFIRMED' THEN s.seats > 0
            ELSE true
        END IS NOT TRUE
        """,
    ),
    Invariant(
        "reservations-say-who-and-what",
        "a claim is in a state that there is, and unless it was refused before it was made, it has a user and seats; "
        "it was released only when its time was up",
        ("inventory.reservations",),
        """
        SELECT show_id, booking_id, state, user_id, seat_ids, expires_at, changed_at
        FROM inventory.reservations
        WHERE CASE
            WHEN state IN ('RESERVED', 'CONFIRMED', 'RELEASED') THEN user_id IS NOT NULL AND cardinality(seat_ids) > 0
            WHEN state = 'REFUSED' THEN (user_id IS NOT NULL) = (cardinality(seat_ids) > 0)
        END IS NOT TRUE
            OR num_nulls(reserved_at, expires_at) > 0
            OR (state = 'RELEASED' AND (expires_at <= changed_at) IS NOT TRUE)
        """,
    ),
    Invariant(
        "claims-cost-what-a-list-said",
        "whoever has a seat has it for what one of its show's lists said; a booking has it for what its claim says",
        ("inventory.show_seats WHERE holder_id IS NOT NULL", "inventory.reservations"),
        """
        SELECT s.show_id, s.id AS seat_id, s.booking_id, s.tier, s.price, r.prices[array_position(r.seat_ids, s.id)]
            AS claimed_for
        FROM inventory.show_seats s
        LEFT JOIN inventory.reservations r ON (r.show_id, r.booking_id) = (s.show_id, s.booking_id)
        WHERE s.holder_id IS NOT NULL AND (
            CASE WHEN s.right_id = '00000000-0000-0000-0000-000000000000' THEN s.price <> 0 ELSE NOT EXISTS (
                SELECT FROM inventory.list_prices l WHERE
                    (l.show_id, l.tier, (l.price::bigint * coalesce(s.price_multiplier, 1000) + 500) / 1000)
                    = (s.show_id, s.tier, s.price)
            ) END
            OR s.price <> r.prices[array_position(r.seat_ids, s.id)]
        )
        UNION ALL
        SELECT r.show_id, claimed.seat_id, r.booking_id, s.tier, s.price, claimed.price
        FROM inventory.reservations r
        CROSS JOIN unnest(r.seat_ids, r.prices, coalesce(r.right_ids, '{}')) AS claimed (seat_id, price, right_id)
        LEFT JOIN inventory.show_seats s ON (s.show_id, s.id) = (r.show_id, claimed.seat_id)
        WHERE r.prices IS NOT NULL AND (claimed.right_id, claimed.price)
            IS DISTINCT FROM ('00000000-0000-0000-0000-000000000000'::uuid, 0) AND NOT EXISTS (
            SELECT FROM inventory.list_prices l WHERE
                (l.show_id, l.tier, (l.price::bigint * coalesce(s.price_multiplier, 1000) + 500) / 1000)
                = (r.show_id, s.tier, claimed.price)
        )
        """,
    ),
    Invariant(
        "seat-limit",
        "nobody has more seats of a show than a user might have since its sale began, held, reserved and booked, "
        "but for guests",
        ("inventory.show_seats WHERE holder_id IS NOT NULL",),
        f"""
        SELECT show_id, holder_id, count(*) AS seats, max(c.max_seats_per_user) AS might_have
        FROM inventory.show_seats LEFT JOIN inventory.show_counters c USING (show_id) CROSS JOIN inventory.clock
        WHERE holder_id IS NOT NULL AND (expires_at IS NULL OR expires_at > now)
            AND right_id IS DISTINCT FROM '00000000-0000-0000-0000-000000000000'
        GROUP BY show_id, holder_id HAVING count(*) > least(max(c.max_seats_per_user), {MAX_SEATS_PER_USER})
        """,
    ),
    Invariant(
        "claims-on-blocked-seats-have-a-right",
        "who has a blocked seat has it by an access code of the show, as a guest, or had it before it was blocked; a "
        "booking has it by the code that its claim says",
        ("inventory.show_seats WHERE blocked_for IS NOT NULL AND holder_id IS NOT NULL",),
        """
        SELECT s.show_id, s.id AS seat_id, s.status, s.holder_id, s.booking_id, s.right_id,
            r.right_ids[array_position(r.seat_ids, s.id)] AS claimed_by
        FROM inventory.show_seats s
        LEFT JOIN inventory.access_codes c ON (c.show_id, c.id) = (s.show_id, s.right_id)
        LEFT JOIN inventory.reservations r ON (r.show_id, r.booking_id) = (s.show_id, s.booking_id)
        WHERE s.holder_id IS NOT NULL AND (
            (s.blocked_for IS NOT NULL AND s.right_id IS NULL)
            OR (c.id IS NULL AND s.right_id NOT IN (
                '00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000001'
            ))
            OR (c.id IS NOT NULL AND s.booking_id IS NOT NULL
                AND c.id IS DISTINCT FROM r.right_ids[array_position(r.seat_ids, s.id)])
        )
        """,
    ),
    Invariant(
        "access-codes-are-used-within-their-limit",
        "no more seats are held, reserved and booked by an access code than may be at once, none is held since its "
        "end, and no two codes of a show are the same",
        ("inventory.access_codes",),
        """
        SELECT c.show_id, c.id AS access_code_id, c.max_seats, count(s.id) AS seats
        FROM inventory.access_codes c CROSS JOIN inventory.clock
        LEFT JOIN inventory.show_seats s ON (s.show_id, s.right_id) = (c.show_id, c.id)
            AND (s.expires_at IS NULL OR s.expires_at > now)
        GROUP BY c.show_id, c.id, c.max_seats HAVING count(s.id) > c.max_seats
        UNION ALL
        SELECT s.show_id, c.id, c.max_seats, 1 FROM inventory.access_codes c
        JOIN inventory.show_seats s ON (s.show_id, s.right_id) = (c.show_id, c.id)
        WHERE s.held_at > least(c.ends_at, c.revoked_at)
        UNION ALL
        SELECT show_id, NULL, NULL, count(*) FROM inventory.access_codes
        GROUP BY show_id, upper(code) HAVING count(*) > 1
        """,
    ),
    # Code from before does not write down since when a seat is held. A clock may have been set back since: then the
    # length of the hold is told by the change that made it, while that is remembered.
    Invariant(
        "holds-and-claims-end-in-time",
        "no hold and no reservation lives longer than one might since its show's sale began, with all its extensions",
        ("inventory.show_seats WHERE status = 'HELD'", "inventory.reservations WHERE state = 'RESERVED'"),
        f"""
        SELECT s.show_id, s.id AS seat_id, s.holder_id AS user_id, NULL AS booking_id,
            coalesce(s.held_at, h.changed_at) AS since, s.expires_at
        FROM inventory.show_seats s CROSS JOIN inventory.clock LEFT JOIN (
            SELECT DISTINCT ON (show_id, seat_id) * FROM inventory.seat_changes
            ORDER BY show_id, seat_id, sequence DESC
        ) AS h ON h.show_id = s.show_id AND h.seat_id = s.id
        LEFT JOIN inventory.show_counters c ON c.show_id = s.show_id
        WHERE s.status = 'HELD' AND s.expires_at > coalesce(s.held_at, h.changed_at, clock.now)
            + make_interval(mins => CASE
                WHEN s.held_at IS NULL THEN least(c.seat_hold_minutes, {SEAT_HOLD_MINUTES})
                ELSE least(greatest(c.seat_hold_max_minutes, c.seat_hold_minutes), {SEAT_HOLD_MAX_MINUTES})
            END)
        UNION ALL
        SELECT r.show_id, NULL, user_id, booking_id, reserved_at, expires_at
        FROM inventory.reservations r LEFT JOIN inventory.show_counters c ON c.show_id = r.show_id
        WHERE state = 'RESERVED' AND expires_at > reserved_at
            + make_interval(mins => least(c.reservation_max_minutes, {RESERVATION_MAX_MINUTES}))
        """,
    ),
    Invariant(
        "unbooked-holds-are-counted",
        "what a user held of a show without booking it is counted once, and is some time",
        ("inventory.unbooked_holds",),
        """
        SELECT show_id, user_id, count(*) AS times, min(minutes) AS minutes
        FROM inventory.unbooked_holds GROUP BY show_id, user_id
        HAVING count(*) > 1 OR (min(minutes) > 0) IS NOT TRUE OR num_nulls(min(window_began_at)) > 0
        """,
    ),
    Invariant(
        "every-show-has-its-lock-and-seats",
        "a show has the counter that locks its seats, with the show's facts, and a seat for each of its screen's "
        "that was there when it was made",
        ("inventory.shows",),
        """
        SELECT coalesce(s.id, c.show_id, n.show_id) AS show_id, s.starts_at, c.starts_at AS counted_starts_at,
            s.currency, c.currency AS counted_currency, c.sequence, n.seats, screen.seat_count
        FROM inventory.shows s
        FULL JOIN inventory.show_counters c ON c.show_id = s.id
        FULL JOIN (SELECT show_id, count(*) AS seats FROM inventory.show_seats GROUP BY show_id) AS n
            ON n.show_id = coalesce(s.id, c.show_id)
        LEFT JOIN inventory.screens screen ON screen.id = s.screen_id
        WHERE (s.starts_at, s.currency, s.status, s.sales_start_at, s.revision)
                IS DISTINCT FROM (c.starts_at, c.currency, c.status, c.sales_start_at, c.revision)
            OR (c.sequence >= 0) IS NOT TRUE OR n.seats IS DISTINCT FROM coalesce(s.seat_count, screen.seat_count)
        """,
    ),
    Invariant(
        "gapless-numbers",
        "the changes of a show and its seats that are remembered have numbers without gaps, up to the show's own",
        ("inventory.seat_changes", "inventory.show_changes"),
        """
        SELECT h.show_id, c.sequence, min(h.sequence) AS first, max(h.sequence) AS last,
            count(DISTINCT h.sequence) AS numbers
        FROM (
            SELECT show_id, sequence FROM inventory.seat_changes
            UNION ALL
            SELECT w.show_id, w.sequence FROM inventory.show_changes w
            WHERE w.sequence > (SELECT min(s.sequence) FROM inventory.seat_changes s WHERE s.show_id = w.show_id)
        ) AS h LEFT JOIN inventory.show_counters c USING (show_id)
        GROUP BY h.show_id, c.sequence
        HAVING c.sequence IS DISTINCT FROM max(h.sequence)
            OR count(DISTINCT h.sequence) <> max(h.sequence) - min(h.sequence) + 1
            OR count(*) <> count(h.sequence)
        """,
    ),
    Invariant(
        "last-change-is-what-the-seat-is",
        "the last change of a seat that is remembered says what its row says: no seat changes without a number",
        ("inventory.seat_changes",),
        """
        SELECT h.show_id, h.seat_id, s.status, s.expires_at, s.price, h.status AS told,
            h.expires_at AS told_expires_at, h.price AS told_price
        FROM (
            SELECT DISTINCT ON (show_id, seat_id) * FROM inventory.seat_changes
            ORDER BY show_id, seat_id, sequence DESC
        ) AS h LEFT JOIN inventory.show_seats s ON s.show_id = h.show_id AND s.id = h.seat_id
        WHERE (h.status, h.expires_at) IS DISTINCT FROM (s.status, s.expires_at)
            OR (h.price <> s.price AND s.holder_id IS NOT NULL)
        """,
    ),
    Invariant(
        "seats-and-claims-are-there-once",
        "a show has one counter, a seat one row, a booking one claim, a change one number",
        (
            "inventory.show_seats",
            "inventory.reservations",
            "inventory.show_counters",
            "inventory.seat_changes",
            "inventory.idempotency_keys",
            "inventory.show_idempotency_keys",
        ),
        """
        SELECT 'seat' AS what, concat_ws(' ', show_id, id) AS key, count(*) AS times
        FROM inventory.show_seats GROUP BY show_id, id HAVING count(*) > 1
        UNION ALL
        SELECT 'place', concat_ws(' ', show_id, section, row, number), count(*)
        FROM inventory.show_seats GROUP BY show_id, section, row, number HAVING count(*) > 1
        UNION ALL
        SELECT 'claim', booking_id::text, count(*)
        FROM inventory.reservations GROUP BY booking_id HAVING count(*) > 1
        UNION ALL
        SELECT 'counter', show_id::text, count(*)
        FROM inventory.show_counters GROUP BY show_id HAVING count(*) > 1
        UNION ALL
        SELECT 'change', concat_ws(' ', show_id, sequence, seat_id), count(*)
        FROM inventory.seat_changes GROUP BY show_id, sequence, seat_id HAVING count(*) > 1
        UNION ALL
        SELECT 'answer', concat_ws(' ', user_id, method, key), count(*)
        FROM inventory.idempotency_keys GROUP BY user_id, method, key HAVING count(*) > 1
        UNION ALL
        SELECT 'answer about seats', concat_ws(' ', show_id, user_id, method, key), count(*)
        FROM inventory.show_idempotency_keys GROUP BY show_id, user_id, method, key HAVING count(*) > 1
        """,
    ),
)
