"""A short storm: everything that a long one does, ended by Ctrl-C as soon as enough has happened."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from stack.processes import wait_until
from stack.settings import ROOT
from tests.stack.commands import SECONDS

STORM_SECONDS = 40
FAULTS = 8
PROGRESS = re.compile(r" (\d+) faults .* (\d+) confirmed +(\d+) late +(\d+) refunds")


def has_seen_enough(output: str) -> bool:
    return any(
        faults >= FAULTS and min(sold) > 0
        for faults, *sold in (map(int, match.groups()) for match in PROGRESS.finditer(output))
    )


# At Razorpay it takes as long again: `make storm` with PAYMENT_GATEWAY=razorpay, and with the grid.
@pytest.mark.parametrize("gateway", ["bank", pytest.param("razorpay", marks=pytest.mark.grid)])
def test_a_short_storm_breaks_no_promise(tmp_path: Path, gateway: str) -> None:
    output, report = tmp_path / "output", tmp_path / "storm.json"
    arguments = ["--seconds", str(STORM_SECONDS), "--seed", "test", "--json", str(report)]
    with output.open("wb") as out:
        storm = subprocess.Popen(
            [sys.executable, "-m", "storm", *arguments],
            cwd=ROOT,
            env=os.environ | {"PAYMENT_GATEWAY": gateway},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until(lambda: has_seen_enough(output.read_text()) or storm.poll() is not None, SECONDS)
        storm.send_signal(signal.SIGINT)
        code = storm.wait(SECONDS)
    finally:
        storm.kill()
    printed = output.read_text()
    assert code == 0, printed
    report = json.loads(report.read_text())
    assert (report["violations"], report["left"], report["restarted_by_returns"]) == ([], {}, []), printed
    assert report["audit"].partition(" over ")[0].endswith("invariants hold")
    happened = [report["faults"], *(report["sold"][what] for what in ("confirmed", "late", "refunds"))]
    assert min(happened) > 0, printed
    assert "kept in" not in printed
