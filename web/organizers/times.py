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
    except ValueError:
        raise NoTime(_("Write a day and a time.")) from None
    found = shown.replace(tzinfo=ZoneInfo(zone or "UTC")).astimezone(UTC)
    if found.astimezone(ZoneInfo(zone or "UTC")).replace(tzinfo=None) != shown:
        raise NoTime(_("The clocks there leave this time out: they are put forward that night."))
    return found


def typed(time: Timestamp, zone: str) -> str:
    """Write an instant as a field holds it, by the clocks of a zone."""
    return time.ToDatetime(tzinfo=UTC).astimezone(ZoneInfo(zone or "UTC")).strftime(FORM)
