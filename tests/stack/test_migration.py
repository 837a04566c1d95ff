"""A migration is written of what the tables say, and what it cannot say is told."""

import shutil
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, MetaData, Table, Text, Uuid, text

import roster
from services.chassis.store import tables
from services.chassis.store.migrate import migrate
from stack.migration import write
from stack.postgres import Server
from stack.schema import differences, look, make_of_tables, tables_of

SERVICE = "inventory"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of a service's migrations, to write into."""
    return Path(shutil.copytree(roster.named(SERVICE).folder / "migrations", tmp_path / "migrations"))


@pytest.fixture
def planned() -> MetaData:
    """What the service's tables say, to change."""
    copy = tables.metadata()
    for table in tables_of(SERVICE).sorted_tables:
        table.to_metadata(copy)
    return copy


@pytest.fixture(autouse=True)
def forget(postgres: Server) -> None:
    """Drop what was made on the server before."""
    drop(postgres)


def drop(postgres: Server) -> None:
    for name in ("wanted", "made"):
        postgres.drop_database(name)


def test_of_tables_that_have_not_changed_no_migration_is_written(
    postgres: Server, folder: Path, planned: MetaData
) -> None:
    before = sorted(folder.rglob("*.py"))
    assert write(postgres, SERVICE, folder, planned, "nothing") == (None, [])
    assert sorted(folder.rglob("*.py")) == before


def test_a_migration_makes_what_the_tables_say_and_no_more(postgres: Server, folder: Path, planned: MetaData) -> None:
    venues = planned.tables["venues"]
    venues.append_column(Column("note", Text, server_default=text("'it''s new'"), comment='what "people" see'))
    venues.append_constraint(Index(None, venues.c.note, postgresql_where=text("note <> ''")))
    venues.c.address.nullable = True
    venues.comment = "places"
    Table(
        "halls",
        planned,
        Column("id", Uuid, primary_key=True),
        Column("venue_id", Uuid, ForeignKey("venues.id"), nullable=False, index=True),
        Column("tier", Text, nullable=False),
        CheckConstraint("tier <> ''", name="tier"),
        comment="of a new table everything is seen",
    )
    path, left = write(postgres, SERVICE, folder, planned, "notes")
    assert path is not None
    assert left == []
    number = int(path.name.partition("_")[0])
    assert path.name == f"{number:04}_notes.py"
    written = path.read_text()
    assert f'revision = "{number:04}"\ndown_revision = "{number - 1:04}"\n' in written
    for what in ("CREATE TABLE halls", "ADD COLUMN note", "CREATE INDEX venues_note_idx", "DROP NOT NULL"):
        assert what in written
    drop(postgres)
    assert write(postgres, SERVICE, folder, planned, "more") == (None, [])


def test_the_first_migration_makes_all_tables_and_the_clock(postgres: Server, folder: Path, planned: MetaData) -> None:
    shutil.rmtree(folder / "versions")
    (folder / "versions").mkdir()
    path, left = write(postgres, SERVICE, folder, planned, "first_schema")
    assert path is not None
    assert path.name == "0001_first_schema.py"
    assert "down_revision = None" in path.read_text()
    assert left == [], "a new table comes with its CHECKs"


def test_what_a_migration_does_not_make_is_told_and_left_to_be_written(
    postgres: Server, folder: Path, planned: MetaData
) -> None:
    planned.tables["venues"].append_constraint(CheckConstraint("city <> ''", name="city"))
    path, [left] = write(postgres, SERVICE, folder, planned, "cities")
    assert path is not None
    assert "pass" in path.read_text()
    assert left.startswith("only in the tables, of constraints:")
    assert "venues_city_check" in left
    statement = "ALTER TABLE venues ADD CONSTRAINT venues_city_check CHECK (city <> '')"
    path.write_text(path.read_text().replace("    pass", f'    op.execute("{statement}")'))
    drop(postgres)
    assert write(postgres, SERVICE, folder, planned, "more") == (None, [])


@pytest.mark.parametrize(
    "planted",
    [
        "ALTER TABLE venues ADD COLUMN note text",
        "ALTER TABLE venues DROP COLUMN address",
        "DROP INDEX venues_city_id_idx",
        "ALTER TABLE events DROP CONSTRAINT events_duration_check",
    ],
)
def test_a_migration_that_makes_something_else_than_the_tables_say_is_found(
    postgres: Server, folder: Path, planned: MetaData, planted: str
) -> None:
    last = max(path.name[:4] for path in (folder / "versions").glob("[0-9]*.py"))
    (folder / "versions" / "9999_planted.py").write_text(
        f'from alembic import op\nrevision = "9999"\ndown_revision = "{last}"\n'
        f'def upgrade() -> None:\n    op.execute("{planted}")\n'
    )
    wanted = look(make_of_tables(postgres, "wanted", planned))
    url = postgres.create_database("made")
    migrate(SERVICE, folder, url, last)
    assert differences(wanted, look(url)) == []
    migrate(SERVICE, folder, url)
    assert differences(wanted, look(url)) != []
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]
