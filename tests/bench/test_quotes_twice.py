"""Quotes computed twice, in Python and in PostgreSQL, are the same to the minor unit; `make quotes` takes a million."""

from collections.abc import Callable, Sequence

import pytest

from bench import quotes
from services.booking.pricing import domain
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


def rounded_down(amount: int, basis_points: int, of: int = domain.WHOLE) -> int:
    return amount * basis_points // of


@pytest.mark.parametrize(("name", "bug"), [("split", to_the_first), ("share", rounded_down)])
def test_another_rounding_would_be_seen(
    postgres: Server, monkeypatch: pytest.MonkeyPatch, name: str, bug: Callable[..., object]
) -> None:
    monkeypatch.setattr(domain, name, bug)
    assert list(quotes.differing(postgres, 200, seed=7))
