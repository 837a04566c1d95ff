"""Lists as parameters come out of PostgreSQL as they went in."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from services.chassis.store.database import Database


class Kind(StrEnum):
    NEW = "NEW"


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("uuid", [uuid4(), None, UUID(int=0)]),
        ("text", ["", "plain", "NULL", None, 'a "quoted" \\ one', "{a,b}", " padded ", "é 座 \n\t", "'; --", "%s"]),
        ("int", [0, -5, None, 2**31 - 1]),
        ("float8", [0.1, 1e-9, None, 12345.678]),
        ("bool", [True, False, None]),
        ("bytea", [b"", b"\x00\xff\\x", None, bytes(range(256))]),
        ("timestamptz", [datetime(2026, 11, 21, 14, 5, 6, 789, tzinfo=UTC), None, datetime(1999, 1, 1, tzinfo=UTC)]),
        ("interval", [timedelta(0), timedelta(days=3, microseconds=1), None, timedelta(seconds=-90)]),
        ("text", []),
        ("uuid", [None, None]),
    ],
)
async def test_a_column_comes_back_as_it_was(db: Database, kind: str, values: list[Any]) -> None:
    rows = await db.fetch(f"SELECT value FROM unnest(%s::{kind}[]) AS of (value)", (values,))
    assert [row.value for row in rows] == values


async def test_words_of_an_enumeration_are_texts(db: Database) -> None:
    assert (await db.fetch("SELECT unnest(%s::text[]) AS value", ([Kind.NEW],)))[0].value == "NEW"


async def test_a_text_that_cannot_be_kept_is_refused_before_it_is_cut_short(db: Database) -> None:
    with pytest.raises(psycopg.DataError):
        await db.fetch("SELECT unnest(%s::text[])", (["a\0b"],))


async def test_a_kind_of_which_there_is_no_column_is_a_defect(db: Database) -> None:
    with pytest.raises(TypeError, match="dict"):
        await db.fetch("SELECT unnest(%s::text[])", ([{}],))
