"""The examples do what they say, against a real stack."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from stack.launcher import Stack
from stack.settings import ROOT

EXAMPLES = {
    "buy.py": [sys.executable],
    "buy_async.py": [sys.executable],
    "buy.sh": ["sh"],
    "buy_with_buf.sh": ["sh"],
}


def test_every_example_is_tried_here_or_in_the_browser() -> None:
    found = {path.name for path in (ROOT / "examples").iterdir() if path.is_file()}
    assert found == {*EXAMPLES, "buy.mjs", "README.md"}


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_buys_tickets_and_gives_them_back(stack: Stack, name: str) -> None:
    done = subprocess.run(
        [*EXAMPLES[name], ROOT / "examples" / name],
        env={**os.environ, "BOXOFFICE_URL": stack.public_url, "BUF": str(ROOT / ".venv" / "bin" / "buf")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"^refund +[0-9.]+ INR, 100 %$", done.stdout, re.MULTILINE), done.stdout
    assert re.search(r"^CONFIRMED\n(.*\n)+REFUNDED\n\Z", done.stdout, re.MULTILINE), done.stdout


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_that_reaches_nobody_says_so_and_fails(name: str) -> None:
    done = subprocess.run(
        [*EXAMPLES[name], ROOT / "examples" / name],
        env={**os.environ, "BOXOFFICE_URL": "http://127.0.0.1:1", "BUF": str(ROOT / ".venv" / "bin" / "buf")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode != 0
    assert re.search("(?i)connect", done.stderr)
