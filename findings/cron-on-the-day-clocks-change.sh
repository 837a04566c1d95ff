#!/bin/sh
# APScheduler 3.11.3: a cron trigger at 02:30 in Europe/Berlin fires twice on the day in October on which that time comes
# twice, and in March, when there is no 02:30, it fires at 03:30 under the label 02:30+01:00, an hour
# after the gap. A daily job that must run once (a payout, a reminder) needs a lock of its own, or UTC.
set -eu
. "$(dirname "$0")/install"
python - <<'PY'
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger

BERLIN = ZoneInfo("Europe/Berlin")


def fires(first_day, last_day):
    trigger, found, now = CronTrigger(hour=2, minute=30, timezone=BERLIN), [], first_day
    while (at := trigger.get_next_fire_time(None, now)) and at < last_day:
        found.append(at)
        now = (at.astimezone(UTC) + timedelta(seconds=1)).astimezone(BERLIN)
    return found


october = fires(datetime(2026, 10, 25, tzinfo=BERLIN), datetime(2026, 10, 26, tzinfo=BERLIN))
march = fires(datetime(2026, 3, 29, tzinfo=BERLIN), datetime(2026, 3, 30, tzinfo=BERLIN))
print("25 October:", [f"{at} = {at.astimezone(UTC):%H:%M} UTC" for at in october])
print("29 March:  ", [f"{at} = {at.astimezone(UTC):%H:%M} UTC" for at in march])
assert [f"{at.astimezone(UTC):%H:%M}" for at in october] == ["00:30", "01:30"], "October fires otherwise now"
assert [str(at) for at in march] == ["2026-03-29 02:30:00+01:00"], "March fires otherwise now"
PY
