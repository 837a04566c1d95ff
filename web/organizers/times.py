"""Times as people type them: by the clocks of a venue."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from google.protobuf.timestamp_pb2 import Timestamp

from web.languages import _

FORM = "%Y-%m-%dT%H:%M"
"""What fields for a date and a time hold."""


class NoTime(ValueError):
    """What was typed is no time of a zone; the text says why, for people."""


def instant(text: str, zone: str) -> datetime:
    """Return the instant at which the clocks of a zone show a time; of two, the first. Raise NoTime where none does."""
    try:
        shown = datetime.strptime(text.strip()[:16], FORM)
        clocks = ZoneInfo(zone or "UTC")
        found = shown.replace(tzinfo=clocks).astimezone(UTC)
        shown_again = found.astimezone(clocks).replace(tzinfo=None)
    except (ValueError, OverflowError):  # the first and the last day that there are have no instant in each zone
        raise NoTime(_("Write a day and a time.")) from None
    except (KeyError, OSError):
        raise NoTime(_("There is no such time zone.")) from None
    if shown_again != shown:
        raise NoTime(_("The clocks there leave this time out: they are put forward that night."))
    return found


def typed(time: Timestamp, zone: str) -> str:
    """Write an instant as a field holds it, by the clocks of a zone."""
    return time.ToDatetime(tzinfo=UTC).astimezone(ZoneInfo(zone or "UTC")).strftime(FORM)


def is_kept(text: str, time: Timestamp, zone: str) -> bool:
    """Tell whether a field says what `typed` filled it with: to the minute, and not which of two equal times it is."""
    try:
        return text.strip()[:16] == typed(time, zone)
    except (ValueError, KeyError, OSError):
        return False  # there is no such zone
