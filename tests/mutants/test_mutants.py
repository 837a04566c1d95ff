"""The bugs to plant fit the code as it is: `make mutants` plants them."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutants.mutant import MONEY, REQUESTS, SEATS, Mutant
from tests.mutants.mutants import MUTANTS
from tests.mutants.run import ROOT, Result, planted, summary

CODE = """
# A file of a service.
LOCK = '''
    SELECT id FROM things
    WHERE id = %s FOR UPDATE
'''


class Shelf:
    def put(self, thing):
        if (self.is_full()  # now
                and not thing.is_flat):
            raise Full()
        self.things.append(
            thing
        )

    def take(self):
        if self.is_empty(): raise Empty()
        return self.things.pop()
"""


def mutant(where: str, before: str, after: str = "pass", name: str = "no bug", equivalent: str = "") -> Mutant:
    return Mutant(name, where, before, after, MONEY, ["tests"], equivalent)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A repository with one file."""
    file = tmp_path / "services/shop/shelves.py"
    file.parent.mkdir(parents=True)
    file.write_text(CODE)
    return tmp_path


def test_every_bug_fits_the_code_as_it_is_once_and_names_what_is_there(tmp_path: Path) -> None:
    wrong = []
    for number, bug in enumerate(MUTANTS):
        try:
            place, with_bug = bug.find(ROOT)
            compile(with_bug, bug.where, "exec")
        except (ValueError, SyntaxError) as error:
            wrong.append(str(error))
            continue
        (tmp_path / f"bug_{number}.py").write_text(with_bug)
        if with_bug == place.text:
            wrong.append(f"{bug.name}: changes nothing")
        wrong += [f"{bug.name}: {suite} is not there" for suite in bug.suites if not (ROOT / suite).exists()]
        wrong += [] if bug.suites else [f"{bug.name}: no test is to find it"]
    assert not wrong, "\n".join(wrong)
    ruff = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", "--quiet", "--select", "F821,F823"]
    checked = subprocess.run([*ruff, tmp_path], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def test_bugs_have_names_of_their_own_and_break_every_promise() -> None:
    assert len({bug.name for bug in MUTANTS}) == len(MUTANTS) >= 60
    assert {bug.breaks for bug in MUTANTS} == {SEATS, MONEY, REQUESTS}


@pytest.mark.parametrize(
    ("bug", "became"),
    [
        (mutant("Shelf.put", "self.is_full() and not thing.is_flat", "self.is_full()"), "if self.is_full():"),
        (mutant("Shelf.put", "self.things.append(thing)", ""), "raise Full()\n\n    def take"),
        (mutant("Shelf.put", "self.things.append(thing)", "pass"), "raise Full()\n        pass"),
        (
            mutant("Shelf.take", "if self.is_empty():\n    ...", "if self:\n    ..."),
            "if self:\n            raise Empty()",
        ),
        (mutant("LOCK", "things WHERE id = %s FOR UPDATE", "things WHERE id = %s"), "things WHERE id = %s\\n"),
        (mutant("shop:LOCK", "FOR UPDATE", "FOR SHARE"), "FOR SHARE"),
    ],
)
def test_a_bug_is_found_by_what_the_code_says_not_how_it_is_laid_out(tree: Path, bug: Mutant, became: str) -> None:
    file = tree / "services/shop/shelves.py"
    with planted(bug, tree):
        assert became in file.read_text()
        assert file.read_text().startswith("\n# A file of a service.\n")
    assert file.read_text() == CODE


def test_a_bug_moves_with_its_code(tree: Path) -> None:
    moved = tree / "services/shop/store/shelf.py"
    moved.parent.mkdir()
    (tree / "services/shop/shelves.py").rename(moved)
    place, _ = mutant("Shelf.take", "self.is_empty()", "False").find(tree)
    assert place.path == moved


@pytest.mark.parametrize(
    "bug",
    [
        mutant("Shelf.give", "self.things"),
        mutant("Shelf.put", "self.is_empty()"),
        mutant("Shelf", "self.things"),
        mutant("bank:LOCK", "FOR UPDATE"),
    ],
    ids=["no such place", "not there", "there twice", "not in that service"],
)
def test_a_bug_that_does_not_fit_once_is_refused(tree: Path, bug: Mutant) -> None:
    with pytest.raises(ValueError, match=f"no bug: fits [02] times into {bug.where}"):
        bug.find(tree)


def test_the_summary_counts_what_can_be_noticed_and_names_who_survives() -> None:
    results = [
        Result(mutant("f", "a", name="first"), "tests/test_it.py::test_it", 1),
        Result(mutant("f", "a", name="second"), None, 2),
        Result(mutant("f", "a", name="third", equivalent="nobody can see it"), None, 3),
    ]
    text = summary(results)
    assert "3 bugs planted, 1 of them equivalent; 1 of 2 (50.0 %) caught" in text
    assert "second: SURVIVED" in text
    assert "first" not in text and "third" not in text


def test_a_bug_whose_tests_fail_without_it_counts_neither_as_caught_nor_as_a_survivor() -> None:
    results = [
        Result(mutant("f", "a", name="first"), "tests/test_it.py::test_it", 1),
        Result(mutant("f", "a", name="second"), None, 2, "tests fails without any bug"),
    ]
    text = summary(results)
    assert "1 bugs planted, 0 of them equivalent; 1 of 1 (100.0 %) caught" in text
    assert "second: NOT CHECKED: tests fails without any bug" in text
