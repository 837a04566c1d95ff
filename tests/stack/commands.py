"""The stack's verbs, run as people run them: each a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from stack.launcher import temporary_settings
from stack.processes import wait_until
from stack.settings import ROOT
from tests.patience import patient

SECONDS = patient(60)


def environment(folder: Path, **more: object) -> dict[str, str]:
    """Return the environment of a stack on free ports that keeps its data in `folder`."""
    chosen = {name: str(port) for name, port in temporary_settings(folder).ports().items()}
    own = {"DATA_DIR": str(folder), "POSTGRES_DURABLE": "false", "LC_ALL": "C.UTF-8"}
    return os.environ | chosen | own | {name: str(value) for name, value in more.items()}


def ask(verb: str, *arguments: str, env: Mapping[str, str], typed: str = "") -> subprocess.CompletedProcess[str]:
    """Run `python -m stack VERB` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "stack", verb, *arguments],
        cwd=ROOT,
        env=dict(env),
        input=typed,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )


@contextmanager
def started(env: Mapping[str, str], output: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a stack; give its launcher once everything is healthy, and see it off in the end."""
    with output.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "stack", "run"], cwd=ROOT, env=dict(env), stdout=out, stderr=subprocess.STDOUT
        )
    try:
        wait_until(lambda: process.poll() is not None or b"Ctrl-C stops it" in output.read_bytes(), SECONDS)
        assert process.poll() is None, output.read_text()
        assert b"Ctrl-C stops it" in output.read_bytes(), output.read_text()
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(SECONDS)
