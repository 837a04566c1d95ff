-- In inventory: bookings that have two seats each of some shows, and whose time is up.
CREATE TEMPORARY TABLE due ON COMMIT DROP AS
    SELECT
        s.show_id, e.id AS event_id, e.category = 'MOVIE' AS is_movie, e.title, v.name AS theatre, v.city,
        h.name AS screen, w.starts_at, c.currency, gen_random_uuid() AS booking_id, gen_random_uuid() AS user_id,
        array_agg(s.id ORDER BY s.position) AS seat_ids, boxoffice_clock() - interval '1 second' AS until
    FROM show_seats s
    JOIN show_counters c USING (show_id)
    JOIN shows w ON w.id = s.show_id
    JOIN events e ON e.id = w.event_id
    JOIN screens h ON h.id = w.screen_id
    JOIN venues v ON v.id = h.venue_id
    WHERE s.show_id = ANY('$shows'::uuid[])
    GROUP BY s.show_id, e.id, v.name, v.city, h.name, w.starts_at, c.currency, s.position / 2;

INSERT INTO reservations (show_id, booking_id, user_id, state, seat_ids, reserved_at, expires_at, changed_at)
    SELECT show_id, booking_id, user_id, 'RESERVED', seat_ids, until - interval '15 minutes', until,
        until - interval '15 minutes'
    FROM due;

UPDATE show_seats s SET status = 'RESERVED', holder_id = due.user_id, booking_id = due.booking_id, expires_at = due.until
    FROM due, unnest(due.seat_ids) AS seat (id) WHERE s.show_id = due.show_id AND s.id = seat.id;

UPDATE show_counters SET sequence = sequence + 1 WHERE show_id = ANY('$shows'::uuid[]);

INSERT INTO seat_changes (show_id, sequence, seat_id, status, expires_at, changed_at)
    SELECT show_id, c.sequence, s.id, s.status, s.expires_at, boxoffice_clock()
    FROM show_seats s JOIN show_counters c USING (show_id) WHERE show_id = ANY('$shows'::uuid[]);
