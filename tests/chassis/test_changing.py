"""Frozen values with some of their fields changed."""

from dataclasses import dataclass, replace

import pytest

from services.chassis.values.changing import changed


@dataclass(frozen=True, slots=True)
class Chair:
    number: int
    owner: str | None = None
    is_broken: bool = False


def test_a_value_is_changed_as_replace_does_it_and_stays_what_it_was() -> None:
    chair = Chair(7, "Ann", is_broken=True)
    for changes in ({}, {"owner": None}, {"number": 8, "is_broken": False}):
        assert changed(chair, **changes) == replace(chair, **changes)
    assert chair == Chair(7, "Ann", is_broken=True)


def test_a_field_that_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError, match="leg"):
        changed(Chair(7), leg=4)
