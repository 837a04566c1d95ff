"""Searching events at 300 a second while 300 bookings a second are made, and what that costs the bookings."""

from __future__ import annotations

from itertools import cycle, islice
from random import Random

from boxoffice.inventory.v1 import catalog_pb2 as catalog
from boxoffice.inventory.v1.catalog_pb2_grpc import CatalogServiceStub

from bench.cases import Case
from bench.load import Load
from bench.measure import OK, Result
from bench.stories import book, search
from bench.world import CALL_SECONDS, World

SEARCHES_PER_SECOND = 300
BOOKINGS_PER_SECOND = 300
EVENTS, QUICK_EVENTS = 2_000, 300
SYLLABLES = ("ma", "lo", "ri", "ten", "sa", "vo", "ka", "du", "ne", "shi", "बा", "रि", "श", "но", "ёл", "é")
WORDS_PER_TITLE = 3


def cases() -> list[Case]:
    """Return the one case."""
    return [Case("find", "searches", run)]


def run(world: World) -> Result:
    """Search for words of titles, half of them misspelt, over REST. `bookings_kept` compares the bookings' goodput."""
    words = world.kept("titles", lambda: _make_events(world))
    count = int(world.seconds * BOOKINGS_PER_SECOND * 1.2)
    sales = world.spread(2 * count)
    [alone], _ = world.run(Load(book, sales[::2], world.target, rate=BOOKINGS_PER_SECOND, seconds=world.seconds))
    wanted = list(islice(cycle(_searches(words)), int(world.seconds * SEARCHES_PER_SECOND * 1.2)))
    tallies, usage = world.run(
        Load(search, wanted, world.target, rate=SEARCHES_PER_SECOND, seconds=world.seconds, rest=True),
        Load(book, sales[1::2], world.target, rate=BOOKINGS_PER_SECOND, seconds=world.seconds),
    )
    searched, beside = tallies
    sold = beside.result({})
    figures = {
        "found_each": searched.figures.pop("found") / max(1, len(searched.latencies[OK])),
        "bookings_per_second": sold.per_second,
        "bookings_kept": sold.per_second / alone.result({}).per_second,
        "booking_p95_ms": sold.latencies.p95,
        "booking_errors": float(sum(sold.errors.values())),
    }
    return searched.result(usage, **figures)


def _make_events(world: World) -> list[str]:
    """Make events with titles of words that are made up; return the words."""
    chance = Random(20)
    words = ["".join(chance.choices(SYLLABLES, k=3)) for _ in range(EVENTS // 4)]
    stub = CatalogServiceStub(world.signed(world.channel("inventory")))
    world.say("making events to find")
    for _ in range(QUICK_EVENTS if world.quick else EVENTS):
        title = " ".join(chance.choices(words, k=WORDS_PER_TITLE))
        stub.CreateMovie(catalog.CreateMovieRequest(title=title, duration_minutes=90), timeout=CALL_SECONDS)
    return words


def _searches(words: list[str]) -> list[str]:
    """Return each word, and each with two letters swapped."""
    return [text for word in words for text in (word, word[:2] + word[3:4] + word[2:3] + word[4:])]
