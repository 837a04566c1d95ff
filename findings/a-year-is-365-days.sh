#!/bin/sh
# pydantic 2.14.4: 365 days are written to JSON as P1Y, 366 as P1Y1D. By that, ISO 8601 and isodate 0.7.2 mean a year of the
# calendar: a season ticket of 365 days, sent to another service, ends a day late once 29 February lies in between. On the
# way in, any P1M is 30 days.
set -eu
. "$(dirname "$0")/install"
python - <<'PY'
import json
from datetime import date, timedelta

import isodate
from pydantic import TypeAdapter

duration = TypeAdapter(timedelta)
written = {days: json.loads(duration.dump_json(timedelta(days=days))) for days in (364, 365, 366, 730)}
start = date(2027, 6, 1)
meant, read = start + timedelta(days=365), start + isodate.parse_duration(written[365])
month = duration.validate_python("P1M")
print(f"written: {written}; from {start}: {meant} meant, {read} by isodate; P1M is read as {month}")
assert written == {364: "P364D", 365: "P1Y", 366: "P1Y1D", 730: "P2Y"}, "days are written otherwise now"
assert read - meant == timedelta(days=1), "isodate reads no year of the calendar any more"
assert month == timedelta(days=30), "a month is read otherwise now"
PY
