"""Whether a database, and each connection to it, is what services need, and what is said where it is not."""

import logging
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from services.chassis.errors import FailedPrecondition, Failure, Unavailable
from services.chassis.store import connections
from services.chassis.store.connections import ASKED, OLDEST, examine, examine_schema, judge
from services.chassis.store.database import Database, Patience
from stack.postgres import Server
from tests.chassis.pooler import pooled
from tests.chassis.processes import started
from tests.databases import Databases, opened
from tests.patience import eventually

FOUND = {"pid": "7", "standby": "false", "transaction_read_only": "off", "synchronous_commit": "on", **ASKED}
PASSWORD = "a password of sixteen letters"


@pytest.fixture
def role(postgres: Server, chassis_url: str) -> Iterator[str]:
    """A role that owns nothing but may sign in; ends with its settings."""
    with postgres.connect() as connection:
        connection.execute(sql.SQL("CREATE ROLE visitor LOGIN PASSWORD {}").format(PASSWORD))
    yield "visitor"
    with postgres.connect() as connection:
        connection.execute("DROP ROLE visitor")


def as_role(url: str, role: str, password: str = PASSWORD) -> str:
    parts = urlsplit(url)
    return f"postgresql://{role}:{password.replace(' ', '%20')}@127.0.0.1:{parts.port}{parts.path}"


def set_all(url: str, **others: str) -> None:
    """Have the database itself set what connections ask for, as where a pooler does not pass it on."""
    with psycopg.connect(url, autocommit=True) as connection:
        name = sql.Identifier(connection.info.dbname)
        for setting, value in {**ASKED, **others}.items():
            statement = sql.SQL("ALTER DATABASE {} SET {} = {}")
            connection.execute(statement.format(name, sql.Identifier(setting), sql.Literal(value)))


async def refused(url: str, *, seconds: float = 0) -> Failure:
    with pytest.raises(Failure) as caught:
        await examine(url, seconds=seconds)
    return caught.value


# --- What connections ask for


async def test_a_server_that_gives_what_is_asked_for_is_used(chassis_url: str) -> None:
    await examine(chassis_url)


async def test_a_pooler_that_drops_what_is_asked_for_stops_the_start_naming_each(
    chassis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is asked for stays dropped, so nothing is gained by waiting for long.
    monkeypatch.setattr(connections, "OPEN_SECONDS", 0.5)
    async with pooled(chassis_url) as url:
        failure = await refused(url)
        with pytest.raises(FailedPrecondition, match="lock_timeout is 0 instead of 2000"):
            async with opened(url):
                pass
    assert isinstance(failure, FailedPrecondition)
    dropped = [name for name in ASKED if f"{name} is " in failure.message]
    assert dropped == [name for name in ASKED if name not in ("default_transaction_isolation", "TimeZone")]
    assert "ALTER ROLE" in failure.message


@pytest.mark.parametrize("name", ASKED)
def test_one_setting_that_differs_is_enough(name: str) -> None:
    with pytest.raises(FailedPrecondition, match=f"{name} is different instead of {ASKED[name]}\\. A pooler"):
        judge(180_000, FOUND | {name: "different"})


async def test_a_pooler_that_keeps_sessions_is_used_once_the_database_sets_what_it_drops(chassis_url: str) -> None:
    set_all(chassis_url)
    async with pooled(chassis_url) as url:
        await examine(url)
        async with opened(url) as db, db.transaction() as tx:
            [row] = await tx.fetch("SELECT current_setting('lock_timeout') AS limit")
            assert row.limit == "2s"


async def test_searches_have_limits_of_their_own_where_a_pooler_drops_what_is_asked_for(chassis_url: str) -> None:
    set_all(chassis_url)
    async with pooled(chassis_url) as url:
        db = Database(url, pool_size=2, name="searches", patience=Patience(statement_ms=300, plans="auto"))
        await db.open()
        try:
            [row] = await db.fetch(
                "SELECT current_setting('statement_timeout') AS limit, current_setting('plan_cache_mode') AS plans"
            )
        finally:
            await db.close()
    assert (row.limit, row.plans) == ("300ms", "auto")


async def test_a_connection_that_comes_later_is_looked_at_too(
    chassis_url: str, caplog: pytest.LogCaptureFixture, postgres: Server
) -> None:
    set_all(chassis_url)
    async with pooled(chassis_url) as url, opened(url) as db:
        set_all(chassis_url, statement_timeout="0")
        with postgres.connect() as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s",
                [urlsplit(url).path[1:]],
            )

        async def answers() -> bool:
            try:
                return bool(await db.fetch("SELECT 1"))
            except Unavailable:
                return False

        async def is_refused() -> bool:
            return not await answers() and "statement_timeout is 0 instead of 4000" in caplog.text

        await eventually(is_refused)
        assert not await answers()
        set_all(chassis_url)
        await eventually(answers)


async def test_what_the_page_for_operators_says_is_enough_where_a_pooler_drops_what_is_asked_for(
    chassis_url: str, role: str
) -> None:
    page = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
    statements = re.findall(r"^ALTER ROLE inventory (SET .*);$", page, re.MULTILINE)
    with psycopg.connect(chassis_url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(sql.SQL("ALTER ROLE {} ").format(sql.Identifier(role)) + sql.SQL(statement))
    async with pooled(as_role(chassis_url, role)) as url:
        await examine(url)
    assert len(statements) == len(ASKED)


# --- Sessions


async def test_a_pooler_that_gives_each_transaction_a_session_stops_the_start(chassis_url: str) -> None:
    set_all(chassis_url)
    async with pooled(chassis_url, by_transaction=True) as url:
        failure = await refused(url)
        migration = await _refused_migration(url)
    assert isinstance(failure, FailedPrecondition) and "pool_mode to session" in failure.message
    assert migration.message == failure.message


async def _refused_migration(url: str) -> Failure:
    """A migration asks for no limits, but its lock is a session's."""
    with pytest.raises(Failure) as caught:
        await examine(url, asked={}, seconds=0)
    return caught.value


# --- Databases that cannot be used


def test_a_server_that_is_too_old_is_told_by_its_version() -> None:
    found = {key: value for key, value in FOUND.items() if key != "transaction_timeout"}
    with pytest.raises(FailedPrecondition, match=f"is PostgreSQL 16, and Boxoffice needs {OLDEST} or newer"):
        judge(160_014, found)


@pytest.mark.parametrize(
    ("found", "complaint"),
    [
        ({"standby": "true", "transaction_read_only": "on"}, "is a standby"),
        ({"transaction_read_only": "on"}, "read only"),
        ({"synchronous_commit": "off"}, "synchronous_commit is off"),
    ],
)
def test_a_server_that_cannot_keep_what_is_sold_is_told(found: dict[str, str], complaint: str) -> None:
    with pytest.raises(FailedPrecondition, match=complaint):
        judge(180_000, FOUND | found)


async def test_a_database_that_is_set_to_read_only_is_told(chassis_url: str) -> None:
    set_all(chassis_url, default_transaction_read_only="on")
    assert "default_transaction_read_only" in (await refused(chassis_url)).message


async def test_a_wrong_name_or_password_is_told(chassis_url: str, role: str, postgres: Server) -> None:
    await examine(as_role(chassis_url, role))
    for url in (as_role(chassis_url, role, "wrong"), as_role(chassis_url, "stranger")):
        assert "does not know this role with this password" in (await refused(url, seconds=60)).message
    failure = await refused(as_role(chassis_url, role).rpartition("/")[0] + "/nowhere", seconds=60)
    assert "There is no such database" in failure.message
    with postgres.connect() as connection:
        connection.execute(
            sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC").format(sql.Identifier(urlsplit(chassis_url).path[1:]))
        )
    failure = await refused(as_role(chassis_url, role), seconds=60)
    assert "may not connect to this database" in failure.message
    assert PASSWORD not in failure.message and "wrong" not in failure.message


async def test_a_server_without_tls_where_that_is_demanded_is_told(chassis_url: str) -> None:
    assert "has no TLS" in (await refused(f"{chassis_url}?sslmode=require", seconds=60)).message


async def test_a_server_with_no_connection_left_is_told(chassis_url: str, role: str, postgres: Server) -> None:
    with postgres.connect() as connection:
        connection.execute("ALTER ROLE visitor CONNECTION LIMIT 0")
    failure = await refused(as_role(chassis_url, role))
    assert isinstance(failure, Unavailable) and failure.message == connections.NONE_LEFT


@pytest.mark.parametrize(
    ("refusal", "message"),
    [
        ("unsupported startup parameter: options", "refuses the startup parameter `options`"),
        ('unsupported startup parameter in options: "lock_timeout"', "refuses the startup parameter `options`"),
        ('unrecognized configuration parameter "transaction_timeout"', "older than PostgreSQL 17"),
        ('no pg_hba.conf entry for host "10.0.0.1", user "x", database "x", no encryption', "sslmode=verify-full"),
        ('no pg_hba.conf entry for host "10.0.0.1", user "x", database "x", SSL encryption', "with TLS nor without"),
        ('no pg_hba.conf entry for replication connection from host "10.0.0.1"', "refuses the connection: no pg_hba"),
        ("SSL required", "sslmode=verify-full"),
        ('role "x" does not exist', "does not know this role"),
        ("sorry, too many clients already", "no connection left"),
        ("remaining connection slots are reserved for roles with the SUPERUSER attribute", "no connection left"),
        ("no more connections allowed (max_client_conn)", "no connection left"),
        ("the database system is starting up", "refuses the connection: the database system is starting up"),
        ("das Datenbanksystem startet", "refuses the connection: das Datenbanksystem startet"),
    ],
)
async def test_what_a_server_or_pooler_says_is_told_with_what_to_do(
    chassis_url: str, refusal: str, message: str
) -> None:
    async with pooled(chassis_url, refuses=refusal) as url:
        assert message in (await refused(url)).message


async def test_nobody_at_that_address_is_told() -> None:
    failure = await refused("postgresql://nobody:hunter2@127.0.0.1:1/nowhere")
    assert failure.message.startswith("The database does not answer: check DATABASE_URL, and that it runs (")
    assert "hunter2" not in failure.message


async def test_a_server_that_is_starting_is_waited_for(chassis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "PAUSE_SECONDS", 0.01)
    looks = connections.explained
    failures: list[Failure] = []

    def explained(error: psycopg.OperationalError) -> Failure:
        failures.append(looks(error))
        with psycopg.connect(chassis_url, autocommit=True) as other:
            other.execute("ALTER ROLE visitor CONNECTION LIMIT 5")
        return failures[-1]

    monkeypatch.setattr(connections, "explained", explained)
    with psycopg.connect(chassis_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE ROLE visitor LOGIN CONNECTION LIMIT 0 PASSWORD {}").format(PASSWORD))
        try:
            await examine(as_role(chassis_url, "visitor"), seconds=60)
        finally:
            connection.execute("DROP ROLE visitor")
    assert [failure.message for failure in failures] == [connections.NONE_LEFT]


# --- The schema


async def test_a_database_that_was_not_migrated_is_told(chassis_url: str) -> None:
    with pytest.raises(FailedPrecondition, match=r"has no tables yet: run `python -m services.x migrate`"):
        await examine_schema(chassis_url, "x", "0001")


async def test_an_older_schema_is_told_and_a_newer_one_is_said_in_the_log(
    databases: Databases, caplog: pytest.LogCaptureFixture
) -> None:
    with databases.fresh("inventory") as url:
        with psycopg.connect(url) as connection:
            [(version,)] = connection.execute("SELECT version_num FROM alembic_version").fetchall()
        await examine_schema(url, "inventory", version)
        assert caplog.text == ""
        with pytest.raises(FailedPrecondition, match=f"of version {version}, and 9999 is needed: run"):
            await examine_schema(url, "inventory", "9999")
        with caplog.at_level(logging.WARNING):
            await examine_schema(url, "inventory", "0000")
        assert "newer than this code" in caplog.text


async def test_a_role_that_may_not_read_the_tables_is_told(databases: Databases, role: str) -> None:
    with databases.fresh("inventory") as url, pytest.raises(FailedPrecondition, match="may not use the tables"):
        await examine_schema(as_role(url, role), "inventory", "0001")


# --- A service


@pytest.mark.parametrize("verb", ["serve", "migrate"])
async def test_a_service_says_one_line_and_does_not_start(databases: Databases, verb: str) -> None:
    with databases.fresh("inventory") as fresh:
        set_all(fresh)
        async with (
            pooled(fresh, by_transaction=True) as url,
            started("services.inventory", verb, DATABASE_URL=url) as it,
        ):
            assert await it.ends() == 1
    [line] = it.lines
    assert line.startswith("inventory: ") and "transaction mode" in line


async def test_a_service_whose_database_was_not_migrated_does_not_start(postgres: Server) -> None:
    url = postgres.create_database("bare")
    try:
        async with started("services.inventory", DATABASE_URL=url) as it:
            assert await it.ends() == 1
    finally:
        postgres.drop_database("bare")
    [line] = it.lines
    assert line == "inventory: The database has no tables yet: run `python -m services.inventory migrate` first."
