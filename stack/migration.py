"""Writes the migration that a change of a service's tables takes: `make migration NAME=notes SERVICE=payment`.

The service's tables.py is the one source. Alembic compares it with what the migrations so far make, on a server that
lasts as long as this does, and what it finds is written down as SQL. Then the migration is tried: what the tables say
and it does not make, such as a CHECK, which Alembic does not compare, is told and left to be written by hand.
"""

from __future__ import annotations

import argparse
import io
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from alembic.autogenerate import produce_migrations
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.operations.ops import MigrateOperation, OpContainer
from sqlalchemy import MetaData, create_engine
from sqlalchemy.dialects import postgresql

import roster
from services.chassis.store.migrate import migrate
from services.chassis.store.tables import CREATE_CLOCK
from stack import schema
from stack.postgres import Server, temporary_server

TEMPLATE = '''"""Say what it does, and which phase it is: expand, backfill or contract; never two in one."""

from alembic import op

revision = "{revision}"
down_revision = {before}


def upgrade() -> None:
{body}
'''


def write(server: Server, service: str, folder: Path, metadata: MetaData, name: str) -> tuple[Path | None, list[str]]:
    """Write a migration into `folder` by which a service's migrations make what `metadata` says.

    Return its file, or None if there is nothing to do, and the differences that are left.
    """
    wanted = schema.look(schema.make_of_tables(server, "wanted", metadata))
    url = server.create_database("made")
    migrate(service, folder, url)
    if not schema.differences(wanted, schema.look(url)):
        return None, []
    revisions = sorted(path.name.partition("_")[0] for path in (folder / "versions").glob("[0-9]*.py"))
    before = revisions[-1] if revisions else None
    revision = f"{int(before or 0) + 1:04}"
    first = [] if before else [CREATE_CLOCK.strip()]
    body = [f"    op.execute({quoted(statement)})" for statement in first + statements(url, metadata)]
    path = folder / "versions" / f"{revision}_{name}.py"
    path.write_text(
        TEMPLATE.format(
            revision=revision, before=f'"{before}"' if before else None, body="\n".join(body) or "    pass"
        ),
        encoding="utf-8",
    )
    migrate(service, folder, url)
    return path, schema.differences(wanted, schema.look(url))


def statements(url: str, metadata: MetaData) -> list[str]:
    """Return the SQL that brings the database at `url` to what `metadata` says, as far as Alembic sees it."""
    engine = create_engine(schema.sqlalchemy_url(url))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        changes = produce_migrations(context, metadata).upgrade_ops
    engine.dispose()
    written = io.StringIO()
    on_paper = MigrationContext.configure(
        dialect=postgresql.dialect(paramstyle="named"),  # type: ignore[no-untyped-call]  # of others, % is doubled
        opts={"as_sql": True, "output_buffer": written, "target_metadata": metadata, "literal_binds": True},
    )
    operations = Operations(on_paper)
    for change in single(changes.ops if changes else ()):
        operations.invoke(change)
    return [found.strip() for found in written.getvalue().split(";\n\n") if found.strip()]


def single(changes: Iterable[MigrateOperation]) -> Iterator[MigrateOperation]:
    """Take changes out of the groups, by table, that Alembic puts them in."""
    for change in changes:
        if isinstance(change, OpContainer):
            yield from single(change.ops)
        else:
            yield change


def quoted(statement: str) -> str:
    """Return a statement as a text of Python, as it stands in a migration."""
    if "\n" not in statement and '"' not in statement:
        return f'"{statement}"'
    lines = re.sub(r"[ \t]+$", "", statement.replace("\t", "    "), flags=re.MULTILINE).splitlines()
    return '"""\n' + "".join(f"        {line}\n" for line in lines) + '    """'


def main() -> None:
    """Write a migration, and say what is left to do."""
    parser = argparse.ArgumentParser(prog="make migration", description="write a migration of what the tables say")
    parser.add_argument("service", choices=roster.NAMES, help="whose tables changed")
    parser.add_argument("name", help="what the file is called after its number, such as notes")
    given = parser.parse_args()
    if not re.fullmatch(r"[a-z][a-z0-9_]*", given.name):
        parser.error("NAME must be small letters, digits and underscores, such as notes")
    folder = roster.named(given.service).folder / "migrations"
    with temporary_server() as server:
        path, left = write(server, given.service, folder, schema.tables_of(given.service), given.name)
    if path is None:
        sys.exit(f"{given.service}: the migrations make what the tables say already; change tables.py first")
    print(f"{path.relative_to(roster.ROOT)}: say in it what it does, and see that it is one safe phase")
    for line in left:
        print(f"to be written by hand: {line}")


if __name__ == "__main__":
    main()
