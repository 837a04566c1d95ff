#!/bin/sh
# icalendar 7.3.2: an aware time with an offset, as datetime.fromisoformat gives, is written with a zone by the name of
# "UTC+05:30". No zone is called so, and add_missing_timezones, which describes the zones that a calendar names, leaves it
# out without a word: the buyer's calendar has 19:30 of wherever it is. icalendar itself reads the time back without a zone.
set -eu
. "$(dirname "$0")/install"
python - <<'PY'
from datetime import datetime
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event

show = datetime.fromisoformat("2026-12-01T19:30:00+05:30")
seen = {}
for name, start in (("offset", show), ("zone", show.astimezone(ZoneInfo("Asia/Kolkata")))):
    event, calendar = Event(), Calendar()
    event.add("dtstart", start)
    calendar.add_component(event)
    calendar.add_missing_timezones()
    written = calendar.to_ical().decode()
    line = next(line for line in written.splitlines() if line.startswith("DTSTART;"))
    seen[name] = line, "BEGIN:VTIMEZONE" in written, Calendar.from_ical(written).events[0].start
    print(f"{name}: {line}; described: {seen[name][1]}; read back: {seen[name][2]}")
assert seen["zone"][1] and seen["zone"][2] == show, "a zone with a name does not come through any more"
line, described, back = seen["offset"]
assert line == 'DTSTART;TZID="UTC+05:30":20261201T193000' and not described, "an offset is written otherwise now"
assert back.tzinfo is None, "the offset is read back now"
PY
