"""Migrations and code do not arrive at the same instant: code from before a migration runs on the schema after it."""

import json

import psycopg
import pytest

from roster import ROOT, named
from services.chassis.store.migrate import migrate
from tests.cases import all_cases
from tests.chassis.code_before import folder, statements_of_the_last_commit
from tests.chassis.test_schema import SERVICES, numbered
from tests.databases import Databases

TIME, TIME_AS_SENT = "%(starts_at)s +", "%(starts_at)s::timestamptz +"
"""What the server takes for an interval where it has to guess; the driver says that it is a time."""


def later_than_the_first(service: str) -> list[str]:
    """Return a service's migrations, in order, but the first one, before which there was no code."""
    return sorted(path.name.partition("_")[0] for path in named(service).migrations.glob("[0-9]*.py"))[1:]


@pytest.mark.parametrize("service", SERVICES)
def test_code_from_before_a_migration_runs_after_it(databases: Databases, service: str) -> None:
    """One database goes through all of them: a statement that is prepared changes nothing in it."""
    name = f"rollout_{service}"
    url = databases.server.create_database(name)
    with all_cases() as case:
        for revision in later_than_the_first(service):
            migrate(service, named(service).folder / "migrations", url, revision)
            with case(revision):
                fit(url, json.loads((folder(service) / f"{revision}.json").read_text()))
    databases.server.drop_database(name)


def fit(url: str, statements: dict[str, str]) -> None:
    """See that statements fit the schema."""
    assert len(statements) > 10
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements.values():
            connection.execute(f"PREPARE it AS {numbered(statement.replace(TIME, TIME_AS_SENT))}".encode())
            connection.execute("DEALLOCATE it")


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="only a checkout has a last commit")
def test_the_statements_of_the_last_commit_are_kept_by_their_names() -> None:
    statements: dict[str, str] = json.loads(statements_of_the_last_commit("identity"))
    assert len(statements) > 10
    assert all(name.startswith("identity: ") for name in statements)
    assert any("INSERT INTO users" in statement for statement in statements.values())
