"""Frozen values with some of their fields changed, where it is done for each seat of each call."""

from collections.abc import Callable
from dataclasses import fields
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar, cast

T = TypeVar("T")


def changed(thing: T, **changes: Any) -> T:
    """Return a dataclass's value with these fields changed; raise KeyError for a field that it has not.

    It is `dataclasses.replace` in two thirds of the time: that looks at each field's definition again. All fields have
    to be parameters of the class, and there have to be two of them at least.
    """
    kind: Any = type(thing)
    values_of, places = _parts(kind)
    values = [*values_of(thing)]
    for name, value in changes.items():
        values[places[name]] = value
    return cast(T, kind(*values))


@cache
def _parts(kind: Any) -> tuple[Callable[[Any], tuple[Any, ...]], dict[str, int]]:
    names = [field.name for field in fields(kind)]
    return attrgetter(*names), {name: place for place, name in enumerate(names)}
