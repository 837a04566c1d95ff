-- A plain normalised schema, as the common run of seat-booking back ends has it: text keys, the usual indexes.
CREATE TABLE shows (id text PRIMARY KEY, movie_id text NOT NULL, screen_id text NOT NULL, starts_at timestamptz NOT NULL, price int NOT NULL);
CREATE TABLE seats (
    id text PRIMARY KEY, show_id text NOT NULL REFERENCES shows, row text NOT NULL, number int NOT NULL, tier text NOT NULL,
    price int NOT NULL, UNIQUE (show_id, row, number)
);
CREATE TABLE bookings (
    id text PRIMARY KEY, user_id text NOT NULL, show_id text NOT NULL REFERENCES shows, status text NOT NULL,
    total_amount int NOT NULL, expires_at timestamptz NOT NULL, created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE booking_seats (
    id text PRIMARY KEY, booking_id text NOT NULL REFERENCES bookings ON DELETE CASCADE, seat_id text NOT NULL REFERENCES seats
);
CREATE TABLE holds (
    id text PRIMARY KEY, seat_id text NOT NULL REFERENCES seats, user_id text NOT NULL, expires_at timestamptz NOT NULL
);
CREATE INDEX ON seats (show_id);
CREATE INDEX ON bookings (user_id);
CREATE INDEX ON bookings (show_id);
CREATE INDEX ON bookings (status, expires_at);
CREATE INDEX ON booking_seats (booking_id);
CREATE INDEX ON booking_seats (seat_id);
CREATE INDEX ON holds (seat_id);
CREATE INDEX ON holds (user_id);

CREATE FUNCTION key(number bigint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN '00000000-0000-4000-8000-' || lpad(number::text, 12, '0');

-- 1,000 shows of 200 seats.
INSERT INTO shows SELECT key(n), key(n % 50), key(n % 20), now() + interval '3 days', 25000 FROM generate_series(0, 999) n;
INSERT INTO seats
    SELECT key(n), key(n / 200), chr(65 + (n % 200 / 20)), n % 20 + 1, 'REGULAR', 25000 FROM generate_series(0, 199999) n;
VACUUM ANALYZE;
