"""The blocks of code in READMEs and docs pages, and a shell to run them in."""

from __future__ import annotations

import os
import re
import subprocess
from typing import NamedTuple

from stack.launcher import Stack
from stack.settings import ROOT
from tests.patience import patient

DEFAULT_URL = "http://127.0.0.1:8001"
"""Where the pages say that Boxoffice is."""
NAME_LENGTH = 60
LANGUAGES = ("", "sh", "python", "sql")
"""Those of blocks that people may paste; others are pictures, or examples of data."""
_BLOCK = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A block of code: its page, from the repository's folder, its language, as the page says it, and its text."""

    page: str
    language: str
    text: str

    @property
    def name(self) -> str:
        """The page and how the block begins, by which it is known here."""
        return f"{self.page}: {self.text.strip().splitlines()[0].partition('  ')[0][:NAME_LENGTH]}"


def pages() -> list[str]:
    """Return every page that people read who use Boxoffice."""
    found = [*ROOT.glob("*/**/README.md"), *ROOT.glob("docs/*.md"), ROOT / "README.md"]
    kept = [path.relative_to(ROOT) for path in found]
    return sorted(str(path) for path in kept if path.parts[0] not in ("data", ".venv", "build", "third_party"))


def blocks() -> dict[str, Block]:
    """Return the blocks of all pages by their names."""
    found = [
        Block(page, language, text)
        for page in pages()
        for language, text in _BLOCK.findall((ROOT / page).read_text())
        if language in LANGUAGES
    ]
    named = {block.name: block for block in found}
    assert len(named) == len(found), "two blocks of a page begin alike"
    return named


def placed(text: str, stack: Stack) -> str:
    """Return a block as somebody would change it for this stack: another address."""
    return text.replace(DEFAULT_URL, stack.public_url)


def shell(stack: Stack, script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a script as people paste it, in the repository's folder, and see that it succeeds."""
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", placed(script, stack)],
        cwd=ROOT,
        env=surroundings(stack) | environment,
        capture_output=True,
        text=True,
        timeout=patient(60),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def surroundings(stack: Stack) -> dict[str, str]:
    """Return the environment of somebody who uses this stack."""
    return os.environ | {"DATA_DIR": str(stack.settings.data_dir), "no_proxy": "127.0.0.1"}
