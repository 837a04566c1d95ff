#!/bin/sh
# icalevents 0.3.1 (beside recurring-ical-events 3.8.2): a show that is put off to another month is listed in the new month
# and stays in the old one, since what replaces a show is heeded only if it lies in the time asked for itself. A listing
# made month by month sells a show that is not played. Shows that an RDATE adds are in no listing.
set -eu
. "$(dirname "$0")/install"
cat > shows.ics <<'ICS'
BEGIN:VCALENDAR
VERSION:2.0
PRODID:demo
BEGIN:VEVENT
UID:1
DTSTAMP:20260101T000000Z
DTSTART:20261006T193000Z
DURATION:PT2H
RRULE:FREQ=WEEKLY;COUNT=3
RDATE:20261022T193000Z
SUMMARY:As planned
END:VEVENT
BEGIN:VEVENT
UID:1
DTSTAMP:20260101T000000Z
RECURRENCE-ID:20261013T193000Z
DTSTART:20261124T193000Z
DURATION:PT2H
SUMMARY:Put off
END:VEVENT
END:VCALENDAR
ICS
python - <<'PY'
from datetime import UTC, datetime
from pathlib import Path

import icalendar
from icalevents.icalevents import events
from recurring_ical_events import of

text = Path("shows.ics").read_text()


def listed(first, last):
    """Return the shows from one day to another by either library."""
    start, end = datetime(*first, tzinfo=UTC), datetime(*last, tzinfo=UTC)
    one = events(string_content=text.encode(), start=start, end=end)
    other = of(icalendar.Calendar.from_ical(text)).between(start, end)
    return tuple(
        sorted((time.month, time.day, str(name)) for time, name in shows)
        for shows in ([(e.start, e.summary) for e in one], [(e.start, e["summary"]) for e in other])
    )


october, november = listed((2026, 10, 1), (2026, 11, 1)), listed((2026, 11, 1), (2026, 12, 1))
both = listed((2026, 10, 1), (2026, 12, 1))
for name, months in (("October", october), ("November", november), ("both", both)):
    print(f"{name}: by icalevents {months[0]}, by recurring-ical-events {months[1]}")
first, second, third, added = ((10, day, "As planned") for day in (6, 13, 20, 22))
put_off = 11, 24, "Put off"
assert october[1] == [first, third, added] and november[1] == [put_off] and both[1] == [first, third, added, put_off]
assert october[0] == [first, second, third] and november[0] == [put_off], "a month is listed otherwise now"
assert both[0] == [first, third, put_off], "two months are listed otherwise now"
PY
