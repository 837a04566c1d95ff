"""Rows of times that have not come, in a copy of the databases."""

from __future__ import annotations

from audit.invariants.times import WRITTEN
from tests.system.damage import Damage

TIMES = tuple(
    Damage(
        f"{table}.{column} of the day after tomorrow",
        f"{schema}-wrote-nothing-in-the-future",
        f"UPDATE {schema}.{table} SET {column} = now() + interval '2 days'",
    )
    for schema, times in WRITTEN.items()
    for table, columns in times.items()
    for column in columns
)
