"""Migrations that fill in what rows of before lack: all of them, in batches, whatever else goes on."""

import psycopg
import pytest

from roster import named
from services.chassis.store.migrate import migrate
from tests.databases import Databases

ROWS = {
    "inventory": """
        INSERT INTO events VALUES (gen_random_uuid(), 'Monsoon', '', 'MOVIE', 90, '');
        INSERT INTO venues VALUES (gen_random_uuid(), 'Regal', 'Pune', '');
        INSERT INTO screens (id, venue_id, name, seat_count) SELECT gen_random_uuid(), id, '1', 1 FROM venues;
        INSERT INTO shows (id, event_id, screen_id, starts_at, ends_at, currency)
            SELECT gen_random_uuid(), e.id, s.id, now() + n * interval '2 hours', now() + n * interval '3 hours', 'INR'
            FROM events e, screens s, generate_series(1, 250) AS n;
        INSERT INTO show_counters (show_id, starts_at, currency) SELECT id, starts_at, currency FROM shows
    """,
    "booking": """
        INSERT INTO bookings (id, user_id, state, total_amount, currency, expires_at, created_at, updated_at, show_id,
            event_id, is_movie, title, theatre, city, screen, starts_at)
        SELECT gen_random_uuid(), gen_random_uuid(), 'PENDING', 1, 'INR', now(), now(), now(), gen_random_uuid(),
            gen_random_uuid(), true, 'Monsoon', 'Regal', 'Pune', '1', now() + n * interval '1 hour'
        FROM generate_series(1, 2500) AS n
    """,
}


@pytest.mark.parametrize(
    ("service", "before", "after", "counts"),
    [
        ("inventory", "0003", "0005", {"shows": 250, "show_counters": 250}),
        ("booking", "0002", "0004", {"bookings": 2500}),
    ],
)
def test_what_was_there_before_has_its_end_of_sales_at_its_start(
    databases: Databases, service: str, before: str, after: str, counts: dict[str, int]
) -> None:
    url = databases.server.create_database(f"backfill_{service}")
    folder = named(service).folder / "migrations"
    migrate(service, folder, url, before)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(ROWS[service].encode())
    migrate(service, folder, url, after)
    with psycopg.connect(url) as connection:
        for table, count in counts.items():
            filled = connection.execute(f"SELECT count(*) FROM {table} WHERE sales_end_at = starts_at".encode())
            assert filled.fetchone() == (count,)


def test_venues_that_were_made_before_get_the_time_zone_of_their_city_where_that_is_known(databases: Databases) -> None:
    url = databases.server.create_database("backfill_zones")
    folder = named("inventory").folder / "migrations"
    migrate("inventory", folder, url, "0031")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            """
            INSERT INTO venues (id, name, city, address, time_zone)
            SELECT gen_random_uuid(), 'Regal', city, '', zone
            FROM generate_series(1, 1100),
                (VALUES ('Pune', ''), ('Pune', 'Europe/London'), ('LONDON', ''), ('Nowhere-on-Sea', ''))
                    AS v (city, zone)
            """
        )
    migrate("inventory", folder, url, "0032")
    with psycopg.connect(url) as connection:
        zones = connection.execute("SELECT city, time_zone, count(*) FROM venues GROUP BY 1, 2").fetchall()
    assert set(zones) == {
        ("Pune", "Asia/Kolkata", 1100),
        ("Pune", "Europe/London", 1100),
        ("LONDON", "Europe/London", 1100),
        ("Nowhere-on-Sea", "", 1100),
    }


PRICES = "INSERT INTO show_prices SELECT id, unnest(ARRAY['REGULAR', 'VIP']), unnest(ARRAY[100, 200]) FROM shows"
LISTED = "SELECT count(*) FROM list_prices WHERE version = 1 AND price = CASE tier WHEN 'VIP' THEN 200 ELSE 100 END"


def test_shows_that_were_made_before_or_are_made_meanwhile_have_their_lists_of_prices(databases: Databases) -> None:
    url = databases.server.create_database("backfill_lists")
    folder = named("inventory").folder / "migrations"
    migrate("inventory", folder, url, "0012")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(ROWS["inventory"].replace("250", "1250").encode())
        connection.execute(f"{PRICES} WHERE id < (SELECT max(id::text)::uuid FROM shows)".encode())
        migrate("inventory", folder, url, "0013")
        connection.execute(f"{PRICES} WHERE id NOT IN (SELECT show_id FROM show_prices)".encode())
        assert connection.execute(LISTED.encode()).fetchone() == (2,), "by code from before, beside this one"
        migrate("inventory", folder, url, "0014")
        assert connection.execute(LISTED.encode()).fetchone() == (2500,)
