"""Lists as parameters: the columns that set-based statements are given.

psycopg's own dumper looks at every element of a list three times, which was a seventh of inventory's time. A column of
ours has elements of one kind, and every statement says of which, so a look at the first one will do.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import DataError
from psycopg.adapt import AdaptersMap, Dumper
from psycopg.postgres import adapters

_MICROSECOND = timedelta(microseconds=1)


def _text(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


_SPELL: dict[type, Callable[[Any], str]] = {
    UUID: lambda value: value.hex,
    int: str,
    float: str,
    bool: lambda value: "t" if value else "f",
    datetime: lambda value: f'"{value.isoformat()}"',
    timedelta: lambda value: f'"{value // _MICROSECOND} microseconds"',
    bytes: lambda value: f'"\\\\x{value.hex()}"',
    str: _text,
}


class ColumnDumper(Dumper):
    """Dumps a list of values of one kind, and None, as an array's text; what kind that is the statement says."""

    def dump(self, obj: Sequence[Any]) -> bytes:
        """Spell the array; raise DataError for a text that PostgreSQL cannot hold, TypeError for an unknown kind."""
        kind = next((type(value) for value in obj if value is not None), str)
        spell = _SPELL.get(kind) or (_text if issubclass(kind, str) else None)
        if spell is None:
            raise TypeError(f"no column has values like {kind.__name__}")
        array = "{" + ",".join(["NULL" if value is None else spell(value) for value in obj]) + "}"
        if "\0" in array:
            raise DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes")
        return array.encode()


def with_columns() -> AdaptersMap:
    """Return psycopg's adapters with columns dumped in this way."""
    adapted = AdaptersMap(adapters)
    adapted.register_dumper(list, ColumnDumper)
    return adapted
