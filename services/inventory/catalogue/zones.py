"""Time zones: of cities, and when a day begins and ends in each."""

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from services.chassis.errors import InvalidField
from services.chassis.values.days import FIRST_YEAR, LAST_YEAR
from services.chassis.values.writing import key

UNKNOWN = "UTC"
"""The zone of a venue of which nobody has said it and whose city is not known."""


@dataclass(frozen=True, slots=True)
class Period:
    """From midnight to midnight: the first day and the last, both inclusive; None: no bound."""

    first: date | None
    last: date | None


def zone_of(city: str) -> str:
    """Return the time zone of a city by its name: of the largest of that name, or UNKNOWN."""
    return _zones_of_cities().get(key(city), UNKNOWN)


def check_zone(name: str) -> None:
    """Raise InvalidField unless this is empty or a time zone of IANA's."""
    if name and name not in _all_zones():
        raise InvalidField(("timeZone", "must be a time zone of the IANA database, such as Asia/Kolkata"))


def in_zones(period: Period, zones: Iterable[str]) -> dict[str, Any]:
    """Return when a period begins and ends in each of some zones, as statements are given it; and in any of them.

    A day has 23 hours or 25 where the clocks are changed on it.
    """
    names = sorted(zones)
    first = period.first or date(FIRST_YEAR - 1, 1, 1)
    last = period.last or date(LAST_YEAR + 1, 12, 31)
    begins = [_midnight(first, name) for name in names]
    ends = [_midnight(last + timedelta(days=1), name) for name in names]
    earliest, latest = min(begins, default=None), max(ends, default=None)
    return {"zones": names, "begins": begins, "ends": ends, "earliest": earliest, "latest": latest}


def _midnight(day: date, zone: str) -> datetime:
    """Return when a day begins in a zone. Where its first hour is left out, it begins with the second."""
    return datetime.combine(day, time.min, _zone(zone)).astimezone(UTC)


def _zone(name: str) -> ZoneInfo:
    """Return a zone by its name. One that this machine does not know any more counts as UNKNOWN."""
    return ZoneInfo(name if name in _all_zones() else UNKNOWN)


@functools.cache
def _all_zones() -> set[str]:
    """Return the names of all zones: that of the machine's own clock is none that another machine knows."""
    return available_timezones() - {"localtime"}


@functools.cache
def _zones_of_cities() -> dict[str, str]:
    """Return the zones of cities by their keys."""
    text = files(__package__).joinpath("cities.tsv").read_text("utf-8")
    lines = (line.split("\t") for line in text.splitlines() if not line.startswith("#"))
    return {city: zone for zone, cities in lines for city in cities.split("|")}
