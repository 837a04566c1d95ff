"""docs/guarantees.md and docs/security.md name tests: each of them is there."""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
DOCS = TESTS.parent / "docs"


def missing(text: str) -> list[str]:
    """Return those of the tests that `text` names which are not there."""
    named = re.findall(r"`([\w/]+\.py)::(test_\w+)`", text)
    return [
        f"{file}::{test}"
        for file, test in named
        if not (TESTS / file).is_file() or f"def {test}(" not in (TESTS / file).read_text()
    ]


@pytest.mark.parametrize(("page", "count"), [("guarantees.md", 60), ("security.md", 15)])
def test_every_test_that_a_page_names_is_there(page: str, count: int) -> None:
    text = (DOCS / page).read_text()
    assert text.count("::test_") >= count
    assert missing(text) == []


def test_a_test_that_is_not_there_is_missed() -> None:
    here = "`test_guarantees.py::test_a_test_that_is_not_there_is_missed`"
    assert missing(f"{here} `test_guarantees.py::test_nothing` `nowhere.py::test_x`") == [
        "test_guarantees.py::test_nothing",
        "nowhere.py::test_x",
    ]
