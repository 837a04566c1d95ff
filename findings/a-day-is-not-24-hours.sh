#!/bin/sh
# psycopg 3.3.9: timedelta(hours=24) is sent to PostgreSQL as an interval of "1 day", timedelta(hours=23) as one of 23
# hours. In a session whose zone changes its clocks, now() + 1 day is 23 or 25 hours away: a deadline of 24 hours that
# is computed in SQL moves by an hour twice a year. Send seconds, and make_interval(secs => …), where hours are meant.
set -eu
. "$(dirname "$0")/install"
python - <<'PY'
from datetime import timedelta

from psycopg.sql import Literal

sent = {hours: Literal(timedelta(hours=hours)).as_string() for hours in (23, 24, 48)}
print(sent)
assert sent == {
    23: "'23:00:00'::interval",
    24: "'1 day 0:00:00'::interval",
    48: "'2 days 0:00:00'::interval",
}, "psycopg sends intervals otherwise now"
PY
