"""A short storm: everything that a long one does, to the end."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from stack.processes import wait_until
from stack.settings import ROOT
from tests.stack.commands import SECONDS, ask

STORM_SECONDS = 15


def test_a_short_storm_breaks_no_promise(tmp_path: Path) -> None:
    told = tmp_path / "storm.json"
    arguments = ("--seconds", str(STORM_SECONDS), "--seed", "test", "--json", str(told))
    done = ask("storm", *arguments, env=os.environ, seconds=2 * SECONDS)
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(told.read_text())
    assert report["violations"] == []
    assert report["audit"].partition(" over ")[0].endswith("invariants hold")
    assert (report["is_well"], report["left"], report["restarted_by_returns"]) == (True, {}, [])
    sold = report["sold"]
    happened = {name: sold[name] for name in ("confirmed", "late", "refunds")} | {"faults": report["faults"]}
    assert all(count > 0 for count in happened.values()), done.stdout
    assert "kept in" not in done.stdout


def test_an_interrupted_storm_is_reckoned_up_as_far_as_it_came(tmp_path: Path) -> None:
    output, told = tmp_path / "output", tmp_path / "storm.json"
    with output.open("wb") as out:
        storm = subprocess.Popen(
            [sys.executable, "-m", "stack", "storm", "--seed", "interrupted", "--json", str(told)],
            cwd=ROOT,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        assert wait_until(lambda: b" confirmed " in output.read_bytes() or storm.poll() is not None, SECONDS)
        storm.send_signal(signal.SIGINT)
        assert storm.wait(SECONDS) == 0, output.read_text()
    finally:
        storm.kill()
    report = json.loads(told.read_text())
    assert (report["interrupted"], report["violations"]) == (True, [])
    assert 0 < report["seconds"] < SECONDS
