"""docs/guarantees.md names tests: each of them is there."""

import re
from pathlib import Path

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "guarantees.md"


def missing(text: str) -> list[str]:
    """Return those of the tests that `text` names which are not there."""
    named = re.findall(r"`([\w/]+\.py)::(test_\w+)`", text)
    return [
        f"{file}::{test}"
        for file, test in named
        if not (TESTS / file).is_file() or f"def {test}(" not in (TESTS / file).read_text()
    ]


def test_every_test_that_the_guarantees_name_is_there() -> None:
    text = PAGE.read_text()
    assert text.count("::test_") >= 60
    assert missing(text) == []


def test_a_test_that_is_not_there_is_missed() -> None:
    here = "`test_guarantees.py::test_a_test_that_is_not_there_is_missed`"
    assert missing(f"{here} `test_guarantees.py::test_nothing` `nowhere.py::test_x`") == [
        "test_guarantees.py::test_nothing",
        "nowhere.py::test_x",
    ]
