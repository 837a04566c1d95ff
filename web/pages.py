"""Pages in words: from templates, which are files."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from boxoffice.inventory.v1 import seat_pb2
from google.protobuf.timestamp_pb2 import Timestamp
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.chassis.values.currencies import DIGITS, money

FOLDER = Path(__file__).parent


class Pages:
    """Renders pages."""

    def __init__(self, public_url: str) -> None:
        """`public_url` is where visitors are, without a path."""
        self.public_url = public_url
        self._environment = Environment(
            loader=FileSystemLoader(FOLDER / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters |= {"money": money, "local": local, "day": day, "clock": clock, "iso": iso}
        self._environment.globals |= {"public_url": public_url, "digits": DIGITS, "new_key": new_key}
        self._environment.globals |= {"tier": tier, "feature_name": feature_name}

    def render(self, template: str, **words: Any) -> str:
        """Return a page; what it is told comes from outside, and is escaped."""
        return self._environment.get_template(template).render(**words)


def new_key() -> str:
    """Return what names a form that was shown: sent twice, it does the same once."""
    return str(uuid4())


def tier(value: seat_pb2.Seat.Tier.ValueType) -> str:
    """Write a tier of seats."""
    return seat_pb2.Seat.Tier.Name(value).lower()


def feature_name(value: seat_pb2.Seat.Feature.ValueType) -> str:
    """Write what is special about a seat."""
    return seat_pb2.Seat.Feature.Name(value).lower().replace("_", " ")


def local(time: Timestamp, zone: str) -> datetime:
    """Return a time as the clocks of a zone show it; where none is given, in UTC."""
    return time.ToDatetime(tzinfo=UTC).astimezone(ZoneInfo(zone or "UTC"))


def day(time: Timestamp, zone: str) -> str:
    """Write a day, such as Sat 5 Dec 2026."""
    at = local(time, zone)
    return f"{at:%a} {at.day} {at:%b %Y}"


def clock(time: Timestamp, zone: str) -> str:
    """Write a time of day with the zone it is in, such as 19:30 (Asia/Kolkata)."""
    return f"{local(time, zone):%H:%M} ({zone or 'UTC'})"


def iso(time: Timestamp) -> str:
    """Write an instant for programs."""
    return time.ToDatetime(tzinfo=UTC).isoformat().replace("+00:00", "Z")
