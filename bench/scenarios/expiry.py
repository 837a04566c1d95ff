"""A backlog: 100,000 bookings whose time is up are released while new ones are made, 300 a second.

They are planted in both databases as the services would have left them, all due at once, as after an outage of the job
that expires bookings. What is measured begins when that job begins.
"""

from __future__ import annotations

import time
from pathlib import Path
from string import Template

from bench.cases import Case
from bench.load import Generator, Load
from bench.measure import Result
from bench.stories import book
from bench.waiting import until
from bench.world import World

PLANT = Path(__file__).with_name("expiry.sql")
SHOWS, QUICK_SHOWS = 1_000, 100
SEATS = 200
RATE = 300
MOST_SECONDS = 180
TICK_SECONDS = 90

TAKE_ALONG = """
    COPY (
        SELECT booking_id, user_id, show_id, d.event_id, d.is_movie, d.title, d.theatre, d.city, d.screen, d.starts_at,
            d.currency, d.until, s.id, s.position % 2, s.section, s.row, s.number, s.tier, s.price
        FROM due d JOIN show_seats s USING (show_id, booking_id)
    ) TO STDOUT
"""
RECEIVE = """
    CREATE TEMPORARY TABLE due (
        booking_id uuid, user_id uuid, show_id uuid, event_id uuid, is_movie bool, title text, theatre text, city text,
        screen text, starts_at timestamptz, currency text, until timestamptz, seat_id uuid, position int, section text,
        row text, number int, tier text, price int
    ) ON COMMIT DROP
"""
SHOW = "show_id, event_id, is_movie, title, theatre, city, screen, starts_at"
BOOKINGS = f"""
    INSERT INTO bookings (id, user_id, state, version, total_amount, currency, expires_at, created_at, updated_at,
        {SHOW}, seat_labels)
    SELECT booking_id, user_id, 'PENDING', 2, sum(price), currency, until, until - interval '15 minutes',
        until - interval '15 minutes', {SHOW}, array_agg(section || ' ' || row || number ORDER BY position)
    FROM due GROUP BY booking_id, user_id, currency, until, {SHOW}
"""
BOOKING_SEATS = """
    INSERT INTO booking_seats (booking_id, position, seat_id, section, row, number, tier, price)
    SELECT booking_id, position, seat_id, section, row, number, tier, price FROM due
"""
DUE = "SELECT count(*) FROM bookings WHERE state = 'PENDING' AND expires_at <= boxoffice_clock()"
UNTOLD = "SELECT count(*) FROM outbox"


def cases() -> list[Case]:
    """Return the one case."""
    return [Case("expiry", "bookings", run, once=True, in_quick=False)]


def run(world: World) -> Result:
    """Make new bookings until the old ones are released. `release_seconds` is how long that took."""
    old = world.shows(QUICK_SHOWS if world.quick else SHOWS, SEATS)
    load = Load(book, world.spread(MOST_SECONDS * RATE), world.target, rate=RATE, seconds=MOST_SECONDS)
    generator = Generator(load)
    try:
        generator.wait_ready()
        planted = _plant(world, [show.id for show in old])
        world.settle()
        world.say(f"{planted:,} bookings are due; waiting for the job that expires them")
        with world.stack.server.connect("booking") as booking:
            until(booking, DUE, planted - 1, TICK_SECONDS)
            world.meter.start()
            generator.go()
            began = time.monotonic()
            until(booking, DUE, 0, MOST_SECONDS)
            expired = time.monotonic() - began
            until(booking, UNTOLD, 0, MOST_SECONDS)
            released = time.monotonic() - began
        generator.stop()
        tally = generator.tally()
        usage = world.meter.stop()
    finally:
        generator.end()
    return tally.result(usage, due=planted, expire_seconds=expired, release_seconds=released)


def _plant(world: World, shows: list[str]) -> int:
    server = world.stack.server
    with (
        server.connect("inventory") as inventory,
        server.connect("booking") as booking,
        booking.transaction(),
        inventory.transaction(),
    ):
        for statement in Template(PLANT.read_text()).substitute(shows="{" + ",".join(shows) + "}").split(";\n"):
            if statement.strip():
                inventory.execute(statement.encode())
        booking.execute(RECEIVE)
        with (
            inventory.cursor() as here,
            booking.cursor() as there,
            here.copy(TAKE_ALONG) as out,
            there.copy("COPY due FROM STDIN") as into,
        ):
            for rows in out:
                into.write(rows)
        planted = booking.execute(BOOKINGS).rowcount
        booking.execute(BOOKING_SEATS)
    return planted
