#!/bin/sh
# alembic 1.20.1: SQL that it writes offline for PostgreSQL has every % of a literal twice, a comment's and a default's too.
# Run as it stands, by psql say, it is not what was meant: "100 %" is stored as "100 %%".
set -eu
. "$(dirname "$0")/install"
python - <<'PY'
import io

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Column, Integer, Text


def written(**options):
    """Return what a migration is written as, offline."""
    out = io.StringIO()
    context = MigrationContext.configure(dialect_name="postgresql", opts={"as_sql": True, "output_buffer": out, **options})
    operations = Operations(context)
    operations.create_table("fees", Column("share", Integer, comment="up to 100 %"), Column("unit", Text, server_default="%"))
    return out.getvalue()


sql = written()
print(sql)
assert "'up to 100 %%'" in sql, "the comment's % stays as it is now"
assert "DEFAULT '%%'" in sql, "the default's % stays as it is now"
PY
