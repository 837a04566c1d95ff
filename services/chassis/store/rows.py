"""Rows and columns by name: what set-based statements take, and what they give.

    await tx.send(sql.BEGIN_PAYMENTS, {"now": now} | columns(begun, "id", "amount", show_id="show.id"))
    PAYMENTS = f"SELECT {selected(Payment)} FROM payments WHERE id = ANY(%(ids)s)"
    payments = read(Payment, await tx.fetch(sql.PAYMENTS, {"ids": ids}))

Nothing depends on the order of columns, in either direction.
"""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum
from functools import cache
from operator import attrgetter, itemgetter
from types import NoneType, UnionType
from typing import Any, TypeVar, cast, get_args, get_type_hints

T = TypeVar("T")
Row = Any
"""What the database gave, with an attribute for each column (see pipeline.Answer)."""

LEAST_ID = "'00000000-0000-0000-0000-000000000000'"
GREATEST_ID = "'ffffffff-ffff-ffff-ffff-ffffffffffff'"
"""The least and the greatest of all ids, as SQL has them: where pages begin, in ascending and in descending order."""


def columns(things: Iterable[Any], *names: str, **paths: str | Callable[[Any], Any]) -> dict[str, list[Any]]:
    """Return a list for each name: that attribute of every thing, in order.

    A keyword gives a column another name than its attribute has, or a path (`show_id="show.id"`), or a function that
    returns the value.
    """
    things = list(things)
    found = {name: list(map(attrgetter(name), things)) for name in names}
    for name, path in paths.items():
        found[name] = list(map(attrgetter(path) if isinstance(path, str) else path, things))
    return found


def sparse(things: Sequence[Any], **defaults: Any) -> dict[str, list[Any]]:
    """Return columns as `columns` does, but an empty list for each of which all have the same default.

    A statement that unnests several lists side by side finds null where one is shorter, and says the default by
    coalesce; what applies to nothing in a batch is neither spelled nor read then.
    """
    found = columns(things, *defaults)
    return {name: [] if values.count(defaults[name]) == len(values) else values for name, values in found.items()}


def read(kind: type[T], rows: Sequence[Row]) -> list[T]:
    """Return each row as a `kind`, which is a dataclass: each of its fields is the column of the same name.

    A field of an enum is made from its value; one that is a dataclass itself is read from the same row, unless there is
    a column of its name. Raises TypeError for a field without a column, KeyError for a value that is none of its enum.
    """
    return list(map(_reader(cast(Any, kind), cast(Any, type(rows[0]))), rows)) if rows else []


def selected(kind: type, of: str = "", **instead: str) -> str:
    """Return what a SELECT has to give so that `read` makes a `kind`: the columns of its fields, of the table `of`.

    A keyword says what stands for a column: `selected(Booking, ends_at="coalesce(ends_at, starts_at)")`.
    """
    table = of and f"{of}."
    names = list(_names(kind))
    assert instead.keys() <= set(names), f"{kind.__name__} has no {', '.join(instead.keys() - set(names))}"
    return ", ".join(f"{instead[name]} AS {name}" if name in instead else f"{table}{name}" for name in names)


def _names(kind: Any) -> Iterator[str]:
    """Yield the names of a dataclass's fields, and in the place of a dataclass among them its own."""
    hints = get_type_hints(kind)
    for field in dataclasses.fields(kind):
        if dataclasses.is_dataclass(hints[field.name]):
            yield from _names(hints[field.name])
        else:
            yield field.name


@cache
def _reader(kind: Any, row_type: Any) -> Callable[[Row], Any]:
    """Return what makes a `kind` of a row."""
    names: tuple[str, ...] = row_type._fields
    hints = get_type_hints(kind)
    places: list[int] = []
    parts: list[tuple[int, Callable[[Row], Any]]] = []
    words: list[tuple[int, dict[Any, Enum | None]]] = []
    for number, field in enumerate(dataclasses.fields(kind)):
        hint = hints[field.name]
        if field.name in names:
            places.append(names.index(field.name))
            if word := _enum_of(hint):
                words.append((number, {None: None, **{member.value: member for member in word}}))
        elif dataclasses.is_dataclass(hint):
            places.append(0)
            parts.append((number, _reader(cast(Any, hint), row_type)))
        else:
            raise TypeError(f"{kind.__name__}.{field.name} has no column among {', '.join(names)}")

    # One look for all columns, the first of them twice: where there is only one, it would not be a tuple otherwise.
    columns_of = itemgetter(*places, 0)

    def make(row: Row) -> Any:
        values = [*columns_of(row)]
        values.pop()
        for number, part in parts:
            values[number] = part(row)
        for number, members in words:
            values[number] = members[values[number]]
        return kind(*values)

    return make


def _enum_of(hint: Any) -> type[Enum] | None:
    """Return the enum that a field holds, alone or beside None."""
    kinds = [one for one in get_args(hint) if one is not NoneType] if isinstance(hint, UnionType) else [hint]
    return next((one for one in kinds if isinstance(one, type) and issubclass(one, Enum)), None)
