-- In inventory: a booking of each seat of some shows, paid for.
CREATE TEMPORARY TABLE sold ON COMMIT DROP AS
    SELECT
        s.show_id, e.id AS event_id, e.category = 'MOVIE' AS is_movie, e.title, v.name AS theatre, v.city,
        h.name AS screen, w.starts_at, c.currency, gen_random_uuid() AS booking_id, gen_random_uuid() AS user_id,
        gen_random_uuid() AS payment_id, s.id AS seat_id, s.section, s.row, s.number, s.tier,
        boxoffice_clock() - interval '1 hour' AS since
    FROM show_seats s
    JOIN show_counters c USING (show_id)
    JOIN shows w ON w.id = s.show_id
    JOIN events e ON e.id = w.event_id
    JOIN screens h ON h.id = w.screen_id
    JOIN venues v ON v.id = h.venue_id
    WHERE s.show_id = ANY('$shows'::uuid[]);

INSERT INTO reservations (show_id, booking_id, user_id, state, seat_ids, reserved_at, expires_at, changed_at, prices)
    SELECT show_id, booking_id, user_id, 'CONFIRMED', ARRAY[seat_id], since, since + interval '15 minutes', since,
        ARRAY[$price]
    FROM sold;

UPDATE show_seats s SET status = 'BOOKED', holder_id = sold.user_id, booking_id = sold.booking_id, price = $price
    FROM sold WHERE s.show_id = sold.show_id AND s.id = sold.seat_id;

UPDATE show_counters SET sequence = sequence + 1 WHERE show_id = ANY('$shows'::uuid[]);

INSERT INTO seat_changes (show_id, sequence, seat_id, status, changed_at)
    SELECT show_id, c.sequence, s.id, s.status, boxoffice_clock()
    FROM show_seats s JOIN show_counters c USING (show_id) WHERE show_id = ANY('$shows'::uuid[]);
