#!/bin/sh
# ics 0.7.3: a calendar that is read and written again has its times in UTC, and its rules as they were. A weekly show at
# 19:30 in London, begun in summer, is at 18:30 once the clocks have changed. The calendar also gains CALSCALE:GEORGIAN,
# which no standard knows (GREGORIAN is meant), so that recurring-ical-events 3.8.2 reads nothing of it at all.
set -eu
. "$(dirname "$0")/install"
cat > shows.ics <<'ICS'
BEGIN:VCALENDAR
VERSION:2.0
PRODID:demo
BEGIN:VTIMEZONE
TZID:Europe/London
BEGIN:STANDARD
DTSTART:19961027T020000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
TZOFFSETFROM:+0100
TZOFFSETTO:+0000
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:19960331T010000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
TZOFFSETFROM:+0000
TZOFFSETTO:+0100
END:DAYLIGHT
END:VTIMEZONE
BEGIN:VEVENT
UID:1
DTSTAMP:20260101T000000Z
DTSTART;TZID=Europe/London:20261020T193000
DURATION:PT2H
RRULE:FREQ=WEEKLY;COUNT=2
END:VEVENT
END:VCALENDAR
ICS
python - <<'PY'
from pathlib import Path
from zoneinfo import ZoneInfo

import icalendar
from ics import Calendar
from recurring_ical_events import of
from recurring_ical_events.errors import InvalidCalendar

LONDON = ZoneInfo("Europe/London")


def starts(text):
    """Return the shows' times on London's clocks, by another library."""
    shows = of(icalendar.Calendar.from_ical(text)).between((2026, 10, 1), (2026, 12, 1))
    return [f"{show.start.astimezone(LONDON):%d %b %H:%M}" for show in shows]


before = Path("shows.ics").read_text()
after = Calendar(before).serialize()
print(after)
assert "CALSCALE:GEORGIAN" in after, "the calendar's scale is written otherwise now"
try:
    as_it_is = starts(after)
except InvalidCalendar as error:
    as_it_is = str(error)
shows = starts(before), starts(after.replace("GEORGIAN", "GREGORIAN"))
print(f"before: {shows[0]}; after: {as_it_is}; its scale put right: {shows[1]}")
assert as_it_is == "Only Gregorian calendars are supported.", "another library reads it as it is now"
assert shows[0] == ["20 Oct 19:30", "27 Oct 19:30"], "the calendar is read otherwise now"
assert shows[1] == ["20 Oct 19:30", "27 Oct 18:30"], "the zone stays now"
PY
