"""What a recipe of CONTRIBUTING does to a checkout: files of its own, and edits by hand of those that are there."""

from __future__ import annotations

import filecmp
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from roster import ROOT

BIN = Path(sys.prefix) / "bin"
LEFT_OUT = (".*", "build", "data", "findings", "*.pyc.*")
"""What is no source, but for what Python compiled: the copy would take longer to compile it anew than to be tested.
Python compiles a file that is edited again. `*.pyc.*` is what others write at this moment."""

Edit = tuple[str, str]
"""What stands in a file, and what stands there instead."""


def before(place: str, text: str) -> Edit:
    """Write `text` before what stands there."""
    return place, text + place


def after(place: str, text: str) -> Edit:
    """Write `text` behind what stands there."""
    return place, place + text


def at_the_end(text: str) -> Edit:
    """Write `text` at the end of the file."""
    return "", text


@dataclass(frozen=True)
class Recipe:
    """What is edited by hand, in each file, and which files are new."""

    edits: Mapping[str, Sequence[Edit]]
    new: Mapping[str, str] = field(default_factory=dict)
    migrates: str = ""
    """The service whose tables it changes."""

    def plant(self, tree: Path, *files: str) -> None:
        """Carry it out in a checkout: the new files, and those of the edits, all by default."""
        for name, text in self.new.items():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_text(text)
        for name in files or self.edits:
            text = (tree / name).read_text()
            for old, new in self.edits[name]:
                assert old in text, f"{name} has no {old!r} any more: adapt the recipe in tests/recipes"
                text = text.replace(old, new) if old else text + new
            (tree / name).write_text(text)


def copy_of_the_tree(folder: Path) -> Path:
    """Copy this tree, without what is no source."""
    return shutil.copytree(ROOT, folder / "tree", ignore=shutil.ignore_patterns(*LEFT_OUT))


def run(tree: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command on the copy's modules."""
    paths = (tree, tree / "protos" / "gen", tree / "clients" / "python")
    environment = {"PATH": f"{BIN}:{os.defpath}", "PYTHONPATH": os.pathsep.join(map(str, paths))}
    return subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True)


def check(tree: Path, *tests: str) -> subprocess.CompletedProcess[str]:
    """Run tests of the copy."""
    return run(tree, "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", *tests)


def finish(tree: Path, recipe: Recipe) -> None:
    """Do what `make migration`, `make protos` and `make format` do, and let nothing stand that lint refuses."""
    python = [name for name in (*recipe.edits, *recipe.new) if name.endswith(".py")]
    (tree / ".venv").symlink_to(sys.prefix)
    migrations = [("python", "-m", "stack.migration", recipe.migrates, "recipe")] if recipe.migrates else []
    for command in (
        *migrations,
        ("sh", "protos/generate.sh"),
        ("ruff", "format", "-q", "--no-cache", *python),
        ("ruff", "check", "-q", "--fix", "--no-cache", *python),
        ("buf", "format", "protos", "--diff", "--exit-code"),
        ("buf", "lint"),
    ):
        done = run(tree, *command)
        assert done.returncode == 0, done.stdout + done.stderr
    (tree / ".venv").unlink()


def differences(tree: Path) -> list[str]:
    """Return the files of the copy that are new or changed."""
    files = [path.relative_to(tree) for path in tree.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return sorted(str(file) for file in files if not _is_same(ROOT / file, tree / file))


def _is_same(here: Path, there: Path) -> bool:
    return here.is_file() and filecmp.cmp(here, there, shallow=False)
