"""Rows and columns by name."""

from collections import namedtuple
from dataclasses import dataclass
from enum import StrEnum

import pytest

from services.chassis.store.rows import columns, read, selected, sparse


class Colour(StrEnum):
    RED = "RED"
    BLUE = "BLUE"


@dataclass(frozen=True, slots=True)
class Place:
    city: str
    hall: str


@dataclass(frozen=True, slots=True)
class Thing:
    id: int
    colour: Colour
    other: Colour | None
    place: Place


@dataclass(frozen=True, slots=True)
class Pair:
    first: int
    second: str


@dataclass(frozen=True, slots=True)
class One:
    only: int


def test_columns_are_attributes_paths_and_functions_in_the_order_of_the_things() -> None:
    things = [Thing(1, Colour.RED, None, Place("A", "x")), Thing(2, Colour.BLUE, Colour.RED, Place("B", "y"))]
    assert columns(things, "id", "colour", city="place.city", double=lambda thing: 2 * thing.id) == {
        "id": [1, 2],
        "colour": ["RED", "BLUE"],
        "city": ["A", "B"],
        "double": [2, 4],
    }


def test_columns_of_nothing_are_empty() -> None:
    assert columns([], "id", city="place.city") == {"id": [], "city": []}


def test_columns_may_be_made_of_what_can_be_gone_through_once() -> None:
    assert columns((Pair(n, "x") for n in (1, 2)), "first", "second") == {"first": [1, 2], "second": ["x", "x"]}


def test_an_attribute_that_is_not_there_is_an_error() -> None:
    with pytest.raises(AttributeError, match="third"):
        columns([Pair(1, "x")], "third")


def test_columns_of_which_all_have_the_default_are_empty() -> None:
    pairs = [Pair(0, "x"), Pair(0, "y")]
    assert sparse(pairs, first=0, second="x") == {"first": [], "second": ["x", "y"]}
    assert sparse([*pairs, Pair(1, "x")], first=0) == {"first": [0, 0, 1]}


def test_what_is_selected_is_what_is_read() -> None:
    assert selected(Thing) == "id, colour, other, city, hall"
    assert selected(Thing, of="t", hall="upper(t.hall)") == "t.id, t.colour, t.other, t.city, upper(t.hall) AS hall"
    with pytest.raises(AssertionError, match="Thing has no stage"):
        selected(Thing, stage="'A'")


@pytest.mark.parametrize("order", ["id colour other city hall extra", "extra hall other id city colour"])
def test_rows_are_read_by_name_whatever_the_order_of_their_columns(order: str) -> None:
    row = namedtuple("Row", order)  # type: ignore[misc]
    rows = [
        row(id=1, colour="RED", other=None, city="A", hall="x", extra=0),
        row(id=2, colour="BLUE", other="RED", city="B", hall="y", extra=0),
    ]
    assert read(Thing, rows) == [
        Thing(1, Colour.RED, None, Place("A", "x")),
        Thing(2, Colour.BLUE, Colour.RED, Place("B", "y")),
    ]
    assert type(read(Thing, rows)[0].colour) is Colour


def test_plain_rows_and_rows_of_one_column_are_read_by_name_too() -> None:
    assert read(Pair, [namedtuple("Row", "second first")("x", 1)]) == [Pair(1, "x")]
    assert read(One, [namedtuple("Row", "other only")("x", 1)]) == [One(1)]


def test_no_rows_are_read_as_nothing() -> None:
    assert read(Thing, []) == []


def test_a_field_without_a_column_is_an_error_that_names_both() -> None:
    with pytest.raises(TypeError, match=r"Pair\.second has no column among first"):
        read(Pair, [namedtuple("Row", "first")(1)])


def test_a_value_that_is_none_of_its_enum_is_an_error() -> None:
    row = namedtuple("Row", "id colour other city hall")(1, "GREEN", None, "A", "x")
    with pytest.raises(KeyError, match="GREEN"):
        read(Thing, [row])
