"""Quotes and refunds of their seats in parts, computed in Python and in PostgreSQL, are the same to the minor unit.

`make quotes` takes a million.
"""

from collections.abc import Callable, Sequence

import pytest

from bench import quotes
from services.booking.pricing import domain
from services.booking.refunds import domain as refunds
from services.booking.tariffs import domain as tariffs
from stack.postgres import Server


@pytest.fixture(autouse=True)
def dropped(postgres: Server) -> None:
    postgres.drop_database("quotes")


def test_python_and_postgresql_quote_alike(postgres: Server) -> None:
    assert list(quotes.differing(postgres, 3_000, seed=7)) == []


def to_the_first(amount: int, weights: Sequence[int]) -> list[int]:
    """Split as somebody would who gives what is left over to the first seat."""
    whole = sum(weights) or 1
    parts = [amount * weight // whole for weight in weights]
    return [parts[0] + amount - sum(parts), *parts[1:]]


def each_part_by_itself(paid: Sequence[int], percentage: int, before: int = 0) -> list[int]:
    return [amount * percentage // 100 for amount in paid]


def rounded_down(amount: int, basis_points: int, of: int = domain.WHOLE) -> int:
    return amount * basis_points // of


@pytest.mark.parametrize(
    ("module", "name", "bug"),
    [
        (domain, "split", to_the_first),
        (domain, "share", rounded_down),
        (tariffs, "share", rounded_down),
        (refunds, "shares", each_part_by_itself),
    ],
)
def test_another_rounding_would_be_seen(
    postgres: Server, monkeypatch: pytest.MonkeyPatch, module: object, name: str, bug: Callable[..., object]
) -> None:
    monkeypatch.setattr(module, name, bug)
    assert list(quotes.differing(postgres, 200, seed=7))
