"""What docs/citus.md needs: inventory's hot tables can be distributed by show with the SQL that there is."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlglot
from sqlalchemy import UniqueConstraint
from sqlglot import exp

from services.chassis.store.connections import ASKED
from services.chassis.store.database import Database, Statement, Transaction
from services.inventory import measures
from services.inventory.catalogue import cancelling_statements as cancelling
from services.inventory.catalogue import rescheduling_statements as rescheduling
from services.inventory.catalogue import sold_out_statements as sold_out
from services.inventory.catalogue import statements as catalogue
from services.inventory.errors import ShowNotFound
from services.inventory.reviews import statements as reviews
from services.inventory.reviews.records import KINDS
from services.inventory.seats import access_statements as access
from services.inventory.seats import area_statements as areas
from services.inventory.seats import statements as seats
from services.inventory.seats.holds import Tidy
from services.inventory.seats.operation import ChangeSeats, SeatDesk
from services.inventory.settings import Settings
from services.inventory.shards import of_shows
from services.inventory.tables import metadata
from services.inventory.viewing import statements as viewing
from tests.inventory.rules import RULES

KEY = "show_id"
HOT = {
    *("show_counters", "list_prices", "show_seats", "reservations", "seat_changes", "show_changes"),
    *("show_idempotency_keys", "show_markers"),
    "unbooked_holds",
    *("access_codes", "access_code_tries"),
}
OVER_ALL_SHOWS = {
    "SHOWS_HELD_BY_USER": "which shows to ask, one by one",
    "LAPSED_HOLDS": "what to tidy, show by show through the desk",
    "FORGET_CHANGES": "the oldest changes of any show; those are deleted by show",
    "HOLDS": "whatever a user holds, to look at",
    "FORGET_TRIES": "the oldest of any show; those are deleted by show",
    "FORGET_UNBOOKED_HOLDS": "the oldest of any show; those are deleted by show",
    "FORGET_MARKERS": "the oldest of any show; those are deleted by show",
    "FORGET_KEYS": "the oldest keys of any show; those are deleted by show",
    "boxoffice_hold_lag_seconds": "a metric",
    "WITNESSES": "what a user had, of whatever show",
    **dict.fromkeys(("record of seats", "record of unbooked_holds", "record of access_code_tries"), "a user's own"),
}
MAKE_SHOWS = ("CREATE_COUNTERS", "CREATE_LIST_PRICES", "CREATE_SHOW_SEATS")
"""What a new show begins with, much of it out of the catalogue: it goes through the coordinator."""
CITUS = Path(__file__).resolve().parent.parent.parent / "docker" / "citus.sql"


def texts() -> dict[str, str]:
    """Return every statement that names a hot table."""
    named = {
        name: text
        for module in (seats, access, areas, viewing, catalogue, cancelling, rescheduling, sold_out, reviews)
        for name, text in vars(module).items()
        if isinstance(text, str) and name.isupper() and not name.startswith("_") and name not in ("SEAT", "CODE")
    }
    named |= {measure.gauge.describe()[0].name: measure.sql for measure in measures.MEASURES}
    named |= {f"record of {kind.name}": kind.statement for kind in KINDS}
    return {name: text for name, text in named.items() if HOT & set(re.findall(r"\w+", text))}


TEXTS = texts()
STATEMENTS = {
    name: sqlglot.parse_one(re.sub(r"%\(\w+\)s|%s", "$1", text), read="postgres") for name, text in TEXTS.items()
}
each = pytest.mark.parametrize("name", STATEMENTS)


def hot(statement: exp.Expr) -> dict[str, str]:
    """Return the hot tables that a statement reads or changes, by the names it gives them."""
    into = statement.this.find(exp.Table) if isinstance(statement, exp.Insert) else None
    return {
        table.alias_or_name: table.name
        for table in statement.find_all(exp.Table)
        if table.name in HOT and table is not into
    }


def pairs(statement: exp.Expr) -> Iterator[tuple[exp.EQ, exp.Expr, exp.Expr]]:
    """Return what a statement says to be equal, and where it does, tuples column by column."""
    for equal in statement.find_all(exp.EQ):
        left, right = equal.left.unnest(), equal.right.unnest()
        if isinstance(left, exp.Tuple) and isinstance(right, exp.Tuple):
            yield from ((equal, *pair) for pair in zip(left.expressions, right.expressions, strict=True))
        else:
            yield equal, left, right


def tied(statement: exp.Expr) -> set[str]:
    """Return the hot tables, by their names in it, that a statement ties to shows by conditions of their own.

    Citus finds the node of a table by `= ANY(parameter)` of that table alone. A single `= parameter` PostgreSQL itself
    takes on to the tables that are joined by it.
    """
    names = hot(statement)
    alone = next(iter(names)) if len(names) == 1 else ""
    given: set[str] = set()
    one: set[str] = set()
    same: list[set[str]] = []
    for equal, left, right in pairs(statement):
        sides = [side for side in (left, right) if isinstance(side, exp.Column) and side.name == KEY]
        tables = {side.table or alone for side in sides}
        if len(sides) == 2:
            same.append(tables)
        elif sides and isinstance(right, exp.Any) and (whole(equal) or not conditional(equal)):
            given |= tables
        elif sides and isinstance(right, exp.Parameter | exp.Placeholder) and not conditional(equal):
            one |= tables
    while more := {name for group in same if group & one for name in group} - one:
        one |= more
    return (given | one) & names.keys()


def conditional(equal: exp.EQ) -> exp.Expr | None:
    """Return the OR or the CASE that a condition is a part of."""
    found = equal.find_ancestor(exp.Or, exp.Case, exp.Subquery, exp.Select)
    return found if isinstance(found, exp.Or | exp.Case) else None


def whole(equal: exp.EQ) -> bool:
    """Tell whether a condition is the one of `of_shows`, whose CASE has no other branch."""
    case = conditional(equal)
    return isinstance(case, exp.Case) and len(case.args["ifs"]) == 1 and case.args.get("default") is None


def test_the_hot_tables_are_those_that_are_distributed() -> None:
    text = CITUS.read_text()
    [named] = re.findall(r"unnest\('{(.*?)}'::text\[\]\)", text, re.DOTALL)
    assert set(re.findall(r"\w+", named)) == HOT
    written = {table.name for table in metadata.tables.values() if KEY in table.columns}
    assert written - {"show_prices", "cancelled_shows"} == HOT, "these are the catalogue's"


def test_the_limits_of_sessions_hold_on_workers() -> None:
    text = CITUS.with_name("citus_worker.sql").read_text()
    set_ = re.findall(r"ALTER ROLE inventory IN DATABASE inventory SET (\w+) = '(.*?)';", text)
    assert dict(set_) == ASKED


@pytest.mark.parametrize("name", sorted(HOT))
def test_every_key_of_a_hot_table_has_the_show_and_none_crosses(name: str) -> None:
    table = metadata.tables[name]
    assert next(iter(table.primary_key.columns)).name == KEY
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            assert KEY in constraint.columns
    assert all(KEY in index.columns for index in table.indexes if index.unique)
    assert not table.foreign_keys
    assert not any(key.column.table is table for other in metadata.tables.values() for key in other.foreign_keys)


@each
def test_a_statement_names_the_shows_of_every_hot_table_in_it(name: str) -> None:
    statement = STATEMENTS[name]
    if name in OVER_ALL_SHOWS:
        assert not statement.find(exp.Lock)
        assert tied(statement) != hot(statement).keys()
    elif name not in MAKE_SHOWS:
        assert tied(statement) == hot(statement).keys()


def joined(statement: exp.Expr) -> bool:
    """Tell whether a statement has a hot table and one of the catalogue together, but for a materialized CTE."""
    parts = [cte.this for cte in statement.find_all(exp.CTE) if cte.args.get("materialized")]
    rest = statement.copy()
    for cte in list(rest.find_all(exp.CTE)):
        if cte.args.get("materialized"):
            cte.pop()
    named = [{table.name for table in part.find_all(exp.Table)} & metadata.tables.keys() for part in (*parts, rest)]
    return any(names & HOT and names - HOT for names in named)


@each
def test_no_statement_joins_a_hot_table_with_the_catalogue(name: str) -> None:
    assert name in MAKE_SHOWS or not joined(STATEMENTS[name])


@each
def test_a_statement_that_writes_a_hot_table_writes_the_show_first(name: str) -> None:
    statement = STATEMENTS[name]
    if isinstance(statement, exp.Insert) and statement.this.find(exp.Table).name in HOT:
        assert statement.this.expressions[0].name == KEY
        if name not in MAKE_SHOWS and (select := statement.find(exp.Select)):
            assert select.expressions[0].name == KEY, "of a hot table: rows of unnest go through the coordinator"
            assert {select.expressions[0].table or next(iter(hot(statement)), "")} <= hot(statement).keys()
        conflict = statement.args.get("conflict")
        assert conflict is None or conflict.args["conflict_keys"][0].name == KEY
    if isinstance(statement, exp.Update):
        assert KEY not in {change.this.name for change in statement.expressions}, "a row stays where it is"
    assert not statement.args.get("returning")


@each
def test_only_the_counter_of_a_show_is_ever_locked(name: str) -> None:
    statement = STATEMENTS[name]
    if statement.find(exp.Lock):
        assert list(hot(statement).values()) == ["show_counters"]
        assert not statement.find(exp.Join)
        assert isinstance(statement.find(exp.EQ).right, exp.Any)


def test_the_rules_find_statements_that_break_them() -> None:
    def parsed(sql: str) -> exp.Expr:
        return sqlglot.parse_one(sql, read="postgres")

    mine = "SELECT show_id FROM show_seats WHERE holder_id = $1"
    assert joined(parsed(f"SELECT * FROM shows WHERE id IN ({mine})"))
    assert not joined(parsed(f"WITH m AS MATERIALIZED ({mine}) SELECT * FROM shows JOIN m ON m.show_id = shows.id"))
    assert joined(parsed(f"WITH m AS ({mine}) SELECT * FROM shows JOIN m ON m.show_id = shows.id"))
    pair = "SELECT * FROM reservations r JOIN show_seats s ON s.show_id = r.show_id WHERE r.show_id = "
    assert tied(parsed(f"{pair} $1")) == {"r", "s"}
    assert tied(parsed(f"{pair} ANY($1)")) == {"r"}
    assert tied(parsed(f"{pair} ANY($1) AND s.show_id = ANY($1)")) == {"r", "s"}
    assert tied(parsed(f"{pair} ANY($1) OR r.user_id = $2")) == set()
    named = "SELECT * FROM show_seats s JOIN unnest($1::uuid[]) AS n (show_id) ON s.show_id = n.show_id"
    assert tied(parsed(named)) == set()
    condition = re.sub(r"%\(\w+\)s", "$1", of_shows("s"))
    assert tied(parsed(f"{named} WHERE {condition}")) == {"s"}
    assert tied(parsed(f"{named} WHERE {condition.replace('END', 'ELSE true END')}")) == set()
    assert tied(parsed("SELECT * FROM show_seats WHERE id = ANY($1)")) == set()


@pytest.mark.parametrize("most", [1, 2])
async def test_no_more_shows_are_locked_at_once_than_the_setting_says(
    inventory_db: Database, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    locked: list[list[UUID]] = []
    fetch_all = Transaction.fetch_all

    async def watched(self: Transaction, *asked: Statement) -> list[list[Any]]:
        for sql, parameters in asked:
            if sql in (seats.LOCK_SHOWS, seats.WAIT_FOR_SHOWS):
                assert isinstance(parameters, dict)
                locked.append(parameters["show_ids"])
        return await fetch_all(self, *asked)

    monkeypatch.setattr(Transaction, "fetch_all", watched)
    settings = Settings(database_url="postgresql://inventory@localhost/inventory", shows_per_transaction=most)
    desk = SeatDesk(ChangeSeats(inventory_db, RULES), name="seats", max_keys=settings.shows_per_transaction)
    shows = [uuid4() for _ in range(6)]
    answers = await asyncio.gather(
        *(desk.submit(Tidy(show_id=show, seat_ids=[uuid4()])) for show in shows), return_exceptions=True
    )
    await desk.close()
    assert all(isinstance(answer, ShowNotFound) for answer in answers)
    assert {len(one) for one in locked} == {most} and {show for one in locked for show in one} == set(shows)
