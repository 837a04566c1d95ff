"""Pages in words: from templates, which are files."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from boxoffice.booking.v1 import booking_pb2
from boxoffice.inventory.v1 import seat_pb2
from google.protobuf.timestamp_pb2 import Timestamp
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.chassis.values.currencies import DIGITS, money
from web.office import acting

FOLDER = Path(__file__).parent


class Pages:
    """Renders pages."""

    def __init__(self, public_url: str, *, most_seats: int) -> None:
        """`public_url`: where visitors are, without a path; `most_seats`: the limit of shows that have none."""
        self.public_url, self.most_seats = public_url, most_seats
        self._environment = Environment(
            loader=FileSystemLoader(FOLDER / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters |= {
            "money": money,
            "local": local,
            "day": day,
            "clock": clock,
            "iso": iso,
            "plain": plain,
        }
        self._environment.globals |= {"public_url": public_url, "digits": DIGITS, "new_key": new_key}
        self._environment.globals |= {
            "tier": tier,
            "tier_name": tier_name,
            "feature_name": feature_name,
            "feature_letter": feature_letter,
            "seat_state": seat_state,
            "state_name": state_name,
            "seat_words": seat_words,
            "OPEN": OPEN,
        }
        self._environment.globals |= {"booking_status": booking_status}
        self._environment.globals |= {"office_links": acting.links, "role_names": acting.ROLES}

    def render(self, template: str, **words: Any) -> str:
        """Return a page; what it is told comes from outside, and is escaped."""
        return self._environment.get_template(template).render(**words)


def new_key() -> str:
    """Return what names a form that was shown: sent twice, it does the same once."""
    return str(uuid4())


def tier(value: seat_pb2.Seat.Tier.ValueType) -> str:
    """Return what a tier of seats is called in a style sheet."""
    return seat_pb2.Seat.Tier.Name(value).lower()


def tier_name(value: seat_pb2.Seat.Tier.ValueType) -> str:
    """Write a tier of seats."""
    return "VIP" if value == seat_pb2.Seat.VIP else tier(value)


def plain(name: str) -> str:
    """Write a name of the contracts, such as SCHOOL_CHILD, as people do."""
    return name.lower().replace("_", " ")


STATUSES = {
    booking_pb2.Booking.PENDING: "not paid yet",
    booking_pb2.Booking.CONFIRMED: "confirmed",
    booking_pb2.Booking.CANCELLED: "called off",
    booking_pb2.Booking.EXPIRED: "not paid in time",
    booking_pb2.Booking.REFUNDED: "given back",
}


def booking_status(value: booking_pb2.Booking.Status.ValueType) -> str:
    """Write how a booking stands."""
    return STATUSES.get(value, "")


SEAT_STATES = {
    seat_pb2.ShowSeat.AVAILABLE: "",
    seat_pb2.ShowSeat.HELD_BY_ME: "mine",
    seat_pb2.ShowSeat.RESERVED_BY_ME: "reserved",
    seat_pb2.ShowSeat.BLOCKED: "blocked",
}
STATE_NAMES = {
    "taken": "taken",
    "mine": "held by you",
    "reserved": "in your booking, not paid yet",
    "blocked": "not for sale",
    "code": "by access code",
    "chosen": "chosen",
}
OPEN = ("", "code")
"""The states in which a seat may be chosen."""


def seat_state(seat: seat_pb2.ShowSeat, code: str) -> str:
    """Return what a seat is in a map of the shop: nothing where it is free, `code` where an access code may open it."""
    state = SEAT_STATES.get(seat.status, "taken")
    return "code" if state == "blocked" and code else state


def state_name(state: str) -> str:
    """Write what a seat is."""
    return STATE_NAMES[state]


def seat_words() -> dict[str, str]:
    """Return what the scripts of a map say; `{…}` is put in there."""
    return STATE_NAMES | {
        "map": "Seats",
        "front": "Front",
        "none": "Choose up to {most} seats.",
        "one": "1 seat, {total}",
        "some": "{count} seats, {total}",
        "tooMany": "You may have {most} seats.",
        "alsoChosen": "{seat}: chosen. {sum}",
        "notChosen": "{seat}: given back. {sum}",
        "lost": "Somebody was faster with {seat}.",
        "instead": "Show free seats near it",
        "lapsed": "The time is up: seats that you held are free again.",
        "prices": "Prices have changed: load the page again to see them.",
        "cancelled": "This show is cancelled.",
        "rescheduled": "The time or the hall of this show has changed: load the page again.",
        "behind": "What others choose is shown with a delay now.",
    }


def feature_name(value: seat_pb2.Seat.Feature.ValueType) -> str:
    """Write what is special about a seat."""
    return plain(seat_pb2.Seat.Feature.Name(value))


def feature_letter(value: seat_pb2.Seat.Feature.ValueType) -> str:
    """Return the sign of it in a plan, which is told beside the plan."""
    return seat_pb2.Seat.Feature.Name(value)[0]


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
