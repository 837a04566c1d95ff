-- What the reference of our own statements runs on: seats on sale, and batches of bookings ready to be parameters.
-- `shows` shows of `seats` seats, two for each booking of `batches` batches of `size`.
INSERT INTO show_counters (show_id, starts_at, currency)
    SELECT gen_random_uuid(), now() + interval '3 days', 'INR' FROM generate_series(1, $shows);

INSERT INTO list_prices (show_id, version, tier, price) SELECT show_id, 1, 'REGULAR', 25000 FROM show_counters;

INSERT INTO show_seats (show_id, id, position, section, row, number, tier, price, status)
    SELECT show_id, gen_random_uuid(), n, 'Stalls', (n / 50)::text, n % 50 + 1, 'REGULAR', 25000, 'AVAILABLE'
    FROM show_counters, generate_series(0, $seats - 1) n;

-- Neighbours in a batch are of different shows, as far as there are so many.
CREATE TABLE plan AS
    SELECT
        (number / $size)::int AS batch, show_id, seats, gen_random_uuid() AS booking_id, gen_random_uuid() AS user_id,
        gen_random_uuid()::text AS key, sha256(number::text::bytea) AS hash
    FROM (
        SELECT row_number() OVER (ORDER BY pair, show_id) - 1 AS number, show_id, seats
        FROM (
            SELECT show_id, position / 2 AS pair, array_agg(id ORDER BY position) AS seats
            FROM show_seats GROUP BY show_id, position / 2
        ) AS pairs
    ) AS numbered
    WHERE number < $size * $batches;

CREATE TABLE batches AS
    SELECT
        batch,
        array_agg(booking_id)::text AS bookings,
        array_agg(upper(left(md5(key), 10)))::text AS booking_numbers,
        array_agg(user_id)::text AS users,
        array_agg(key)::text AS keys,
        array_agg(hash)::text AS hashes,
        array_agg('CreateBooking'::text)::text AS methods,
        array_agg(show_id)::text AS shows,
        array_agg(DISTINCT show_id)::text AS shows_once,
        array_fill(false, ARRAY[count(DISTINCT show_id)::int])::text AS movies,
        array_fill('Monsoon Letters'::text, ARRAY[count(DISTINCT show_id)::int])::text AS titles,
        array_fill('Lantern House'::text, ARRAY[count(DISTINCT show_id)::int])::text AS theatres,
        array_fill('Pune'::text, ARRAY[count(DISTINCT show_id)::int])::text AS cities,
        array_fill('Screen 1'::text, ARRAY[count(DISTINCT show_id)::int])::text AS screens,
        array_fill('Asia/Kolkata'::text, ARRAY[count(DISTINCT show_id)::int])::text AS zones,
        array_fill(now() + interval '3 days', ARRAY[count(DISTINCT show_id)::int])::text AS starts,
        array_fill(1, ARRAY[count(DISTINCT show_id)::int])::text AS revisions,
        array_fill(NULL::uuid, ARRAY[count(DISTINCT show_id)::int])::text AS organizations,
        array_agg('RESERVED'::text)::text AS reserved,
        array_agg(seats::text)::text AS claims,
        array_agg('{25000,25000}'::text)::text AS claim_prices,
        array_agg(NULL::text)::text AS claim_rights,
        array_agg(now())::text AS reserved_at,
        array_agg(now() + interval '15 minutes')::text AS untils,
        array_agg(50000)::text AS totals,
        array_agg(0)::text AS nothings,
        array_agg(1)::text AS own_revisions,
        array_agg('Screen 1'::text)::text AS own_screens,
        array_agg(false)::text AS added,
        array_agg(NULL::uuid)::text AS sellers,
        array_agg(''::text)::text AS places_of_supply,
        array_agg('INR'::text)::text AS currencies,
        array_agg(E'Stalls A1\nStalls A2'::text)::text AS labels,
        array_agg(decode(repeat('ab', 500), 'hex'))::text AS answers,
        array_agg(2)::text AS versions,
        array_agg('CREATED'::text)::text AS event_kinds,
        array_agg(decode(repeat('ab', 200), 'hex'))::text AS payloads,
        'bookings'::text AS topic,
        '{}'::text AS defaults -- as is sent what no line needs
    FROM plan GROUP BY batch;
ALTER TABLE batches ADD PRIMARY KEY (batch);

-- The same by seat, two for each booking.
CREATE TABLE batch_seats AS
    SELECT
        batch,
        array_agg(show_id)::text AS seat_shows,
        array_agg(seat)::text AS seats,
        array_agg('RESERVED'::text)::text AS statuses,
        array_agg(user_id)::text AS holders,
        array_agg(booking_id)::text AS seat_bookings,
        array_agg(now() + interval '15 minutes')::text AS seat_untils,
        array_agg(place - 1)::text AS places,
        array_agg('Stalls'::text)::text AS sections,
        array_agg('A'::text)::text AS rows,
        array_agg(1)::text AS numbers,
        array_agg('REGULAR'::text)::text AS tiers,
        array_agg(25000)::text AS prices,
        array_agg(NULL::timestamptz)::text AS seat_helds,
        array_agg(NULL::text)::text AS seat_blocks,
        array_agg(NULL::uuid)::text AS seat_rights,
        array_agg(false)::text AS seat_blocked
    FROM plan, unnest(seats) WITH ORDINALITY AS s (seat, place) GROUP BY batch;
ALTER TABLE batch_seats ADD PRIMARY KEY (batch);
VACUUM ANALYZE;
