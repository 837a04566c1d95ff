"""The bugs to plant fit the code as it is: `make mutants` plants them."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutants.mutant import MONEY, REQUESTS, SEATS, Mutant
from tests.mutants.mutants import MUTANTS
from tests.mutants.run import ROOT, Result, planted, summary


def copied(mutant: Mutant, to: Path) -> Path:
    """Copy the one file that a mutant changes."""
    copy = to / mutant.file
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / mutant.file, copy)
    return copy


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name.replace(" ", "-"))
def test_a_bug_fits_the_code_as_it_is(mutant: Mutant, tmp_path: Path) -> None:
    copy = copied(mutant, tmp_path)
    true = copy.read_text()
    with planted(mutant, tmp_path):
        assert copy.read_text() != true
        compile(copy.read_text(), mutant.file, "exec")
    assert copy.read_text() == true
    assert mutant.suites
    assert [suite for suite in mutant.suites if not (ROOT / suite).exists()] == []


def test_no_bug_is_one_that_names_what_is_not_there(tmp_path: Path) -> None:
    for index, mutant in enumerate(MUTANTS):
        copy = copied(mutant, tmp_path / str(index))
        copy.write_text(copy.read_text().replace(mutant.before, mutant.after))
    ruff = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", "--quiet", "--select", "F821,F823"]
    checked = subprocess.run([*ruff, tmp_path], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def test_bugs_have_names_of_their_own_and_break_every_promise() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 60
    assert {mutant.breaks for mutant in MUTANTS} == {SEATS, MONEY, REQUESTS}


@pytest.mark.parametrize("text", ["", "twice twice"])
def test_a_bug_whose_text_is_not_there_once_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "file.py").write_text(text)
    mutant = Mutant("no bug", "file.py", "twice", "once", SEATS, ["tests"])
    with pytest.raises(ValueError, match="no bug"):
        mutant.plant(tmp_path)


def test_the_summary_counts_what_can_be_noticed_and_names_who_survives() -> None:
    def mutant(name: str, equivalent: str = "") -> Mutant:
        return Mutant(name, "file.py", "a", "b", MONEY, ["tests"], equivalent)

    results = [
        Result(mutant("first"), "tests/test_it.py::test_it", 1),
        Result(mutant("second"), None, 2),
        Result(mutant("third", equivalent="nobody can see it"), None, 3),
    ]
    told = summary(results)
    assert "3 bugs planted, 1 of them equivalent; 1 of 2 (50.0 %) caught" in told
    assert "second: SURVIVED" in told
    assert "first" not in told and "third" not in told
