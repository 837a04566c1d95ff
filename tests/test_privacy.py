"""docs/privacy.md has every column with personal data: each column is there, or in not_personal.py."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import roster
from services.booking import records as of_booking
from services.identity.exporting import records as of_identity
from services.inventory.reviews import records as of_inventory
from services.payment import records as of_payment
from stack.schema import tables_of
from tests.cases import all_cases
from tests.not_personal import NOT_PERSONAL

PAGE = roster.ROOT / "docs/privacy.md"

EXPORTED = {
    "identity": of_identity.KINDS,
    "inventory": of_inventory.KINDS,
    "booking": of_booking.KINDS,
    "payment": of_payment.KINDS,
}
NOT_EXPORTED = {
    **dict.fromkeys(
        (f"{name}.idempotency_keys" for name in EXPORTED), "names of requests, and answers that were given"
    ),
    "inventory.show_idempotency_keys": "the same",
    "inventory.reservations": "the seats and the booking say it",
    "identity.deletions": "whoever exports has an account",
    "booking.closed_users": "whoever exports has an account",
    "notifications.notices": "ListNotices lists them",
    "notifications.preferences": "GetPreferences says them",
    "notifications.mails": "they say what notices say",
    "notifications.bookings": "booking has them",
}
"""Tables of what is kept of a user that ExportAccount leaves out, and why."""

_SERVICE = re.compile(r"## (\w+)")
_ROW = re.compile(r"\| `(\w+)\.(\w+)` \| (.*) \|")


class Listed(NamedTuple):
    """A row of the page."""

    column: str
    """`service.table.column`"""
    cells: list[str]


def listed() -> Iterator[Listed]:
    service = ""
    for line in PAGE.read_text().splitlines():
        if heading := _SERVICE.fullmatch(line):
            service = heading[1]
        elif row := _ROW.fullmatch(line):
            yield Listed(f"{service}.{row[1]}.{row[2]}", row[3].split(" | "))


def not_personal() -> set[str]:
    return {f"{table}.{column}" for table, columns in NOT_PERSONAL.items() for column in columns.split()}


def columns() -> set[str]:
    return {
        f"{service}.{table.name}.{column.name}"
        for service in roster.NAMES
        for table in tables_of(service).tables.values()
        for column in table.columns
    }


def test_every_column_is_told_of_as_personal_or_known_not_to_be() -> None:
    personal, others, there = {row.column for row in listed()}, not_personal(), columns()
    with all_cases() as case:
        for column in sorted(personal | others | there):
            with case(column):
                assert column in personal | others, (
                    "it is new: if it says something of a person, add it to docs/privacy.md, with why and how long it "
                    "is kept and what becomes of it with the account; if not, add it to tests/not_personal.py"
                )
                assert column in there, "it is in no database: docs/privacy.md or tests/not_personal.py still has it"
                assert not (column in personal and column in others), "it is in both, and can be one of the two"


def test_every_column_is_told_of_once_with_why_and_how_long() -> None:
    rows = list(listed())
    assert [column for column, times in Counter(row.column for row in rows).items() if times > 1] == []
    assert [row.column for row in rows if not all(cell.strip() for cell in row.cells)] == []
    assert len({len(row.cells) for row in rows}) == 1


def test_what_is_kept_of_a_user_is_exported_or_it_is_known_why_not() -> None:
    of_users = {column.rpartition(".")[0] for column in columns() if column.endswith((".user_id", ".holder_id"))}
    read = {
        f"{service}.{table}"
        for service, kinds in EXPORTED.items()
        for kind in kinds
        for table in re.findall(r"(?:FROM|JOIN) (\w+)", kind.statement)
    }
    assert sorted(of_users - read - NOT_EXPORTED.keys()) == []
    assert sorted(NOT_EXPORTED.keys() - of_users | NOT_EXPORTED.keys() & read) == []
