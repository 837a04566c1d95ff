"""Seats sold by day and tier, as a picture: where each bar stands. Templates draw it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from boxoffice.booking.v1 import office_pb2

DAYS = 30
WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 640, 260, 64, 40, 16
"""In the units of the drawing."""

LABELLED_EACH = 8
"""So many days are from one label below to the next: on a phone there is no room for more."""

_NICE = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Bar:
    """The seats of a tier that were sold on a day."""

    x: float
    y: float
    width: float
    height: float
    tier: int


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the table beside the picture."""

    day: date
    seats: Sequence[int]
    """Of each of the chart's tiers."""
    given_back: int


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture, and the figures in it."""

    bars: Sequence[Bar]
    marks: Sequence[tuple[float, int]]
    """Lines across: where, and how many seats that is."""
    labels: Sequence[tuple[float, date]]
    """Days below, as far as there is room."""
    tiers: Sequence[int]
    days: Sequence[Day]
    """Those on which something was sold or given back, the last first."""
    sold: int


def chart(lines: Iterable[office_pb2.Sales.Line], *, today: date, days: int = DAYS) -> Chart:
    """Return the picture of so many days up to today."""
    first = today - timedelta(days=days - 1)
    sold: dict[tuple[date, int], int] = {}
    given_back: dict[date, int] = {}
    for line in lines:
        day = date.fromisoformat(line.day)
        if first <= day <= today + timedelta(days=1):
            # Clocks east of here are on tomorrow already.
            day = min(day, today)
            sold[day, line.tier] = sold.get((day, line.tier), 0) + line.seats
            given_back[day] = given_back.get(day, 0) + line.refunded_seats
    tiers = sorted({tier for (_, tier), seats in sold.items() if seats})
    listed = [first + timedelta(days=n) for n in range(days)]
    highest = max((sum(sold.get((day, tier), 0) for tier in tiers) for day in listed), default=0)
    step = _step(highest)
    top = max(-(-highest // step), 1) * step
    scale, wide = (HEIGHT - BOTTOM - TOP) / top, (WIDTH - LEFT) / days
    bars = []
    for n, day in enumerate(listed):
        below = HEIGHT - BOTTOM + 0.0
        for tier in tiers:
            if seats := sold.get((day, tier), 0):
                below -= seats * scale
                x = LEFT + n * wide + wide * 0.15
                bars.append(Bar(round(x, 1), round(below, 1), round(wide * 0.7, 1), round(seats * scale, 1), tier))
    table = [
        Day(day, [sold.get((day, tier), 0) for tier in tiers], given_back.get(day, 0))
        for day in reversed(listed)
        if given_back.get(day) or any(sold.get((day, tier)) for tier in tiers)
    ]
    return Chart(
        bars,
        [(round(HEIGHT - BOTTOM - at * scale, 1), at) for at in range(0, top + 1, step)],
        [(round(LEFT + (n + 0.5) * wide, 1), listed[n]) for n in range(days - 1, -1, -LABELLED_EACH)][::-1],
        tiers,
        table,
        sum(sold.values()),
    )


def _step(highest: int) -> int:
    """Return how many seats there are between two lines: a round number, of which four make the picture."""
    scale = 1
    while True:
        for nice in _NICE:
            if nice * scale * 4 >= highest:
                return nice * scale
        scale *= 10
