#!/bin/sh
# icalendar 7.3.2: the end of a rule is written as its wall clock, without its zone, and a list of times left out with one
# zone, the last one's, for all. The same instants, given in other zones, make another calendar: the last show is missing
# from it, and a show that was called off stays in.
set -eu
. "$(dirname "$0")/install"
python - <<'PY'
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event
from recurring_ical_events import of

london, york = ZoneInfo("Europe/London"), ZoneInfo("America/New_York")
first = datetime(2026, 12, 1, 19, 30, tzinfo=london)
second, third, last = (first + timedelta(weeks=weeks) for weeks in (1, 2, 3))
in_new_york = third.astimezone(york), last.astimezone(york)
assert in_new_york == (third, last)


def written(until, off):
    """Return the weekly shows' days and the times left out, as they are read from the calendar that was written."""
    event, calendar = Event(), Calendar()
    event.add("uid", "1")
    event.add("dtstart", first)
    event.add("rrule", {"freq": "weekly", "until": until})
    event.add("exdate", off)
    calendar.add_component(event)
    text = calendar.to_ical().decode()
    print(*(line for line in text.splitlines() if line.startswith(("RRULE", "EXDATE"))), sep="\n")
    back = Calendar.from_ical(text)
    left_out = back.events[0].exdates
    del back.events[0]["exdate"]
    return [show.start.day for show in of(back).between((2026, 12, 1), (2027, 1, 31))], left_out


plain = written(last.astimezone(UTC), [second, third])
mixed = written(in_new_york[1], [second, in_new_york[0]])
print(f"as meant: {plain[0]}, less {[str(time) for time in plain[1]]}")
print(f"with New York's times: {mixed[0]}, less {[str(time) for time in mixed[1]]}")
assert plain == ([1, 8, 15, 22], [second, third]), "the plain calendar is another one now"
assert mixed[0] == [1, 8, 15], "the zone of the rule's end is heeded now"
assert mixed[1] == [second.replace(tzinfo=york), third], "each time left out has its own zone now"
PY
