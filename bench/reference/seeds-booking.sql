-- The seeds' own booking of two seats: ten round trips. Every booking takes two seats that no other one of the run has.
\set i :i + 1
\set pair permute(:i * :clients + :client_id, 100000)
\set first 2 * :pair
\set second 2 * :pair + 1
\set show :pair / 100
\set booking :i * 1000 + :client_id
BEGIN;
SELECT id, starts_at, price FROM shows WHERE id = key(:show);
SELECT id, row, number, tier, price FROM seats WHERE id IN (key(:first), key(:second)) AND show_id = key(:show);
SELECT id, row, number, tier, price FROM seats WHERE id IN (key(:first), key(:second)) AND show_id = key(:show) FOR UPDATE;
SELECT bs.id FROM booking_seats bs JOIN bookings b ON b.id = bs.booking_id WHERE bs.seat_id IN (key(:first), key(:second)) AND b.status IN ('PENDING', 'CONFIRMED') LIMIT 1;
SELECT id FROM holds WHERE seat_id IN (key(:first), key(:second)) AND user_id <> key(:booking) AND expires_at > now() LIMIT 1;
INSERT INTO bookings (id, user_id, show_id, status, total_amount, expires_at) VALUES (key(:booking), key(:booking), key(:show), 'PENDING', 50000, now() + interval '15 minutes');
INSERT INTO booking_seats (id, booking_id, seat_id) VALUES (key(:booking * 2), key(:booking), key(:first)), (key(:booking * 2 + 1), key(:booking), key(:second));
DELETE FROM holds WHERE seat_id IN (key(:first), key(:second));
COMMIT;
