"""Pages in words: from templates, which are files."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path
from typing import Any
from uuid import uuid4

from boxoffice.booking.v1 import booking_pb2
from boxoffice.inventory.v1 import seat_pb2
from google.protobuf.timestamp_pb2 import Timestamp
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.chassis.values.currencies import DIGITS
from web import languages
from web.languages import N_, _
from web.office import acting, picking

FOLDER = Path(__file__).parent

TIERS = tuple(seat_pb2.Seat.Tier.values()[1:])
"""Of seats, from the usual one to the dearest."""


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
            extensions=["jinja2.ext.i18n"],
        )
        self._environment.policies["ext.i18n.trimmed"] = True
        languages.load()
        # The extension adds this; each call is in the language of the request at hand.
        self._environment.install_gettext_callables(  # type: ignore[attr-defined]
            _, languages.ngettext, newstyle=True
        )
        self._environment.filters |= {
            "money": languages.money,
            "local": languages.local,
            "day": languages.day,
            "clock": languages.clock,
            "short_day": languages.short_day,
            "number": languages.number,
            "tongue": languages.tongue,
            "iso": iso,
            "plain": plain,
            "plain_pair": lambda name: (name, plain(name)),
            "pair": lambda text: (text, text),
        }
        self._environment.globals["languages"] = languages.NAMES
        self._environment.globals |= {"public_url": public_url, "digits": DIGITS, "new_key": new_key, "now": now}
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
        self._environment.globals |= {"office_show": picking.of_show}

    def render(self, template: str, **words: Any) -> str:
        """Return a page; what it is told comes from outside, and is escaped."""
        return self._environment.get_template(template).render(**words)


def now() -> Timestamp:
    """Return what time it is, for scripts: a visitor's clock may be wrong."""
    time = Timestamp()
    time.GetCurrentTime()
    return time


def new_key() -> str:
    """Return what names a form that was shown: sent twice, it does the same once."""
    return str(uuid4())


def tier(value: seat_pb2.Seat.Tier.ValueType) -> str:
    """Return what a tier of seats is called in a style sheet."""
    return seat_pb2.Seat.Tier.Name(value).lower()


def tier_name(value: seat_pb2.Seat.Tier.ValueType) -> str:
    """Write a tier of seats."""
    return plain(seat_pb2.Seat.Tier.Name(value))


NAMES = {
    # Tiers of seats.
    "REGULAR": N_("regular"),
    "PREMIUM": N_("premium"),
    "VIP": N_("VIP"),
    # What is special about a seat.
    "WHEELCHAIR": N_("wheelchair"),
    "COMPANION": N_("companion"),
    "RESTRICTED_VIEW": N_("restricted view"),
    # Kinds of tickets, as far as they have the usual names.
    "ADULT": N_("adult"),
    "CHILD": N_("child"),
    "SCHOOL_CHILD": N_("school child"),
    "STUDENT": N_("student"),
    "SENIOR": N_("senior"),
    "MEMBER": N_("member"),
    # Categories of events.
    "CONCERT": N_("concert"),
    "THEATRE": N_("theatre"),
    "MOVIE": N_("movie"),
    "SPORT": N_("sport"),
    "COMEDY": N_("comedy"),
    "CONFERENCE": N_("conference"),
    "OTHER": N_("other"),
}
"""What people call names of the contracts."""


def plain(name: str) -> str:
    """Write a name of the contracts as people do; one that organizers made up by its own words: club member."""
    return _(NAMES[name]) if name in NAMES else name.lower().replace("_", " ")


STATUSES = {
    booking_pb2.Booking.PENDING: N_("not paid yet"),
    booking_pb2.Booking.CONFIRMED: N_("confirmed"),
    booking_pb2.Booking.CANCELLED: N_("called off"),
    booking_pb2.Booking.EXPIRED: N_("not paid in time"),
    booking_pb2.Booking.REFUNDED: N_("given back"),
}


def booking_status(value: booking_pb2.Booking.Status.ValueType) -> str:
    """Write how a booking stands."""
    return _(STATUSES.get(value, ""))


SEAT_STATES = {
    seat_pb2.ShowSeat.AVAILABLE: "",
    seat_pb2.ShowSeat.HELD_BY_ME: "mine",
    seat_pb2.ShowSeat.RESERVED_BY_ME: "reserved",
    seat_pb2.ShowSeat.BLOCKED: "blocked",
}
STATE_NAMES = {
    "taken": N_("taken"),
    "mine": N_("held by you"),
    "reserved": N_("in your booking, not paid yet"),
    "blocked": N_("not for sale"),
    "code": N_("by access code"),
    "chosen": N_("chosen"),
}
OPEN = ("", "code")
"""The states in which a seat may be chosen."""


def seat_state(seat: seat_pb2.ShowSeat, code: str) -> str:
    """Return what a seat is in a map of the shop: nothing where it is free, `code` where an access code may open it."""
    state = SEAT_STATES.get(seat.status, "taken")
    return "code" if state == "blocked" and code else state


def state_name(state: str) -> str:
    """Write what a seat is."""
    return _(STATE_NAMES[state])


def seat_words() -> dict[str, str]:
    """Return what the scripts of a map say; `{…}` is put in there."""
    return {state: _(name) for state, name in STATE_NAMES.items()} | {
        "map": _("Seats"),
        "front": _("Front"),
        "none": _("Choose up to {most} seats."),
        "one": _("1 seat, {total}"),
        "some": _("{count} seats, {total}"),
        "tooMany": _("You may have {most} seats."),
        "alsoChosen": _("{seat}: chosen. {sum}"),
        "notChosen": _("{seat}: given back. {sum}"),
        "lost": _("Somebody was faster with {seat}."),
        "instead": _("Show free seats near it"),
        "lapsed": _("The time is up: seats that you held are free again."),
        "prices": _("Prices have changed: load the page again to see them."),
        "cancelled": _("This show is cancelled."),
        "rescheduled": _("The time or the hall of this show has changed: load the page again."),
        "behind": _("What others choose is shown with a delay now."),
    }


def feature_name(value: seat_pb2.Seat.Feature.ValueType) -> str:
    """Write what is special about a seat."""
    return plain(seat_pb2.Seat.Feature.Name(value))


def feature_letter(value: seat_pb2.Seat.Feature.ValueType) -> str:
    """Return the sign of it in a plan, which is told beside the plan."""
    return seat_pb2.Seat.Feature.Name(value)[0]


def iso(time: Timestamp) -> str:
    """Write an instant for programs."""
    return time.ToDatetime(tzinfo=UTC).isoformat().replace("+00:00", "Z")
