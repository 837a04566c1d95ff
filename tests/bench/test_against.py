"""Two builds in turn: ratios, and the revision that is compared with."""

import math
import subprocess

import pytest

from bench.against import FIGURES, Run, checked_out, own_ms_each, ratios, table
from stack.errors import StackError
from stack.settings import ROOT


def run(rate: float | None, p50: float = 10, *, booking: float = 2.0) -> Run:
    usage = {"booking": {"cpu_seconds": booking}, "bank": {"cpu_seconds": 5.0}, "generator": {"cpu_seconds": 7.0}}
    return {"per_second": rate, "latencies": {"p50": p50, "p99": 2 * p50}, "done": 100, "usage": usage}


def test_ratios_are_of_the_same_round() -> None:
    rounds = [({"flow": run(50)}, {"flow": run(100)}), ({"flow": run(10)}, {"flow": run(15)})]
    assert ratios(rounds, "flow", FIGURES["rate"]) == [2.0, 1.5]


def test_a_case_that_one_build_lacks_and_a_figure_that_is_none_are_left_out() -> None:
    rounds = [({}, {"new": run(1), "flow": run(1)}), ({"flow": run(2)}, {"flow": run(None)})]
    assert ratios(rounds, "new", FIGURES["rate"]) == []
    assert ratios(rounds, "flow", FIGURES["rate"]) == []
    assert [line.split()[:2] for line in table(rounds).splitlines()[1:]] == [["new", "-"], ["flow", "-"]]


def test_processor_time_is_that_of_the_system_and_not_of_load_and_bank() -> None:
    assert own_ms_each(run(1, booking=3.0)) == 30.0
    assert math.isnan(own_ms_each({"usage": {}, "done": 1}))


def test_the_table_tells_median_smallest_and_largest() -> None:
    rounds = [({"flow": run(100, 10)}, {"flow": run(rate, 5)}) for rate in (120, 200, 150)]
    [line] = [line for line in table(rounds).splitlines() if line.startswith("flow")]
    assert "1.50 (1.20 to 2.00)" in line and "0.50 (0.50 to 0.50)" in line


def test_a_revision_that_is_none_is_told_in_words_and_leaves_no_worktree() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("this is not a checkout of git")
    with pytest.raises(StackError, match="no-such-revision"), checked_out("no-such-revision"):
        pass
    worktrees = subprocess.run(["git", "worktree", "list"], cwd=ROOT, capture_output=True, text=True).stdout
    assert "boxoffice-against-" not in worktrees
