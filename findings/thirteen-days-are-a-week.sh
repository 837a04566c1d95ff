#!/bin/sh
# arrow 1.4.0: humanize cuts off instead of rounding: what is 13 days and 23 hours away is "in a week", 47 hours "in a day",
# 119 minutes "in an hour". A reminder in these words sends people to a show that is a week later. Only months are rounded:
# 46 days are "in 2 months".
set -eu
. "$(dirname "$0")/install"
python - <<'PY'
from importlib.metadata import version

import arrow

print("arrow", version("arrow"))
now = arrow.get("2026-12-01T12:00:00+00:00")
seen = {
    str(away): now.shift(**away).humanize(now)
    for away in ({"days": 13, "hours": 23}, {"hours": 47}, {"minutes": 119}, {"days": 46})
}
print(seen)
assert list(seen.values()) == ["in a week", "in a day", "in an hour", "in 2 months"], "arrow rounds otherwise now"
PY
