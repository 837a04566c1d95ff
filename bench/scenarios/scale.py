"""What a booking costs where there are 100,000, a million, and ten million seats on sale.

Bookings are made in as many shows each time, drawn from all, so that nothing differs but the number of rows.
"""

from __future__ import annotations

from functools import partial

from bench.cases import Case
from bench.load import Load
from bench.measure import Result
from bench.stories import book
from bench.world import SEATS, FreeShow, Purchase, World, purchases

SIZES = {"1e5": 100_000, "1e6": 1_000_000, "1e7": 10_000_000}
SEATS_EACH = 200
SHOWS = 500
CLIENTS = 64
MOST_PER_SECOND = 3_000

# As the catalogue made shows before it told of each in its topic, of a screen that it has made, one after the other.
FILL = (
    """
    CREATE TEMPORARY TABLE filler AS
        SELECT gen_random_uuid() AS id, s.event_id, s.screen_id, s.currency,
            s.starts_at + n * interval '2 hours' AS starts_at, s.ends_at - s.starts_at AS lasts
        FROM shows s, generate_series(1, %(shows)s) n WHERE s.id = %(like)s
    """,
    """
    INSERT INTO shows (id, event_id, screen_id, starts_at, ends_at, currency, created_at)
        SELECT f.id, f.event_id, f.screen_id, f.starts_at, f.starts_at + f.lasts, f.currency, t.whole_since
        FROM filler f, topics t WHERE t.topic = 'shows'
    """,
    """
    INSERT INTO list_prices (show_id, version, tier, price)
        SELECT f.id, 1, p.tier, p.price FROM filler f, show_prices p WHERE p.show_id = %(like)s
    """,
    """
    INSERT INTO show_prices (show_id, tier, price)
        SELECT f.id, p.tier, p.price FROM filler f, show_prices p WHERE p.show_id = %(like)s
    """,
    "INSERT INTO show_counters (show_id, starts_at, currency) SELECT id, starts_at, currency FROM filler",
    """
    INSERT INTO show_seats (show_id, id, position, section, row, number, tier, price, status)
        SELECT f.id, gen_random_uuid(), s.position, s.section, s.row, s.number, s.tier, s.price, 'AVAILABLE'
        FROM filler f, show_seats s WHERE s.show_id = %(like)s
    """,
    "DROP TABLE filler",
)
SOME_SHOWS = """
    SELECT array_agg(id::text) FROM (
        SELECT id FROM shows WHERE screen_id = (SELECT screen_id FROM shows WHERE id = %s) ORDER BY random() LIMIT %s
    ) AS drawn
"""


def cases() -> list[Case]:
    """Return a case for each size."""
    return [
        Case(f"scale.{name}", "bookings", partial(run, seats=seats), once=True, in_quick=name == "1e5")
        for name, seats in SIZES.items()
    ]


def run(world: World, seats: int) -> Result:
    """Book in some of the shows."""
    pattern = world.show(SEATS_EACH)
    seconds = world.seconds * 2
    count = int(seconds * MOST_PER_SECOND)
    with world.stack.server.connect("inventory") as connection:
        world.say(f"making {seats:,} seats")
        given = {"shows": seats // SEATS_EACH - 1, "like": pattern.id}
        for statement in FILL:
            connection.execute(_filled(statement, given))
        connection.execute("VACUUM ANALYZE")
        [(ids,)] = connection.execute(SOME_SHOWS, [pattern.id, SHOWS]).fetchall()
        shows = [FreeShow(*row) for row in connection.execute(SEATS, [ids])]
    [tally], usage = world.run(Load(book, _spread(shows, count), world.target, CLIENTS, seconds=seconds))
    result = tally.result(usage)
    return tally.result(usage, seat_rows=seats, cpu_ms_each=result.cpu_ms_each)


def _spread(shows: list[FreeShow], count: int) -> list[Purchase]:
    turns = zip(*map(purchases, shows), strict=True)
    return [one for turn in turns for one in turn][:count]


def _filled(statement: str, given: dict[str, object]) -> bytes:
    """Put values in: statements that make tables take no parameters."""
    text = statement.replace("%(shows)s", str(given["shows"])).replace("%(like)s", f"'{given['like']}'::uuid")
    return text.encode()
