"""A test of rules alone starts at once: nothing that all tests share loads what only some of them use."""

import subprocess
import sys

import pytest

from tests.conftest import HERE

WITH_A_STACK = ("browser", "clients", "faults", "fuzz", "operations", "system", "web")
"""Folders where every test takes one, or nearly so."""

CONFTESTS = [path for path in sorted(HERE.rglob("conftest.py")) if path.parent.name not in WITH_A_STACK]

HEAVY = {"alembic", "grpc", "httpx", "hypothesis", "protovalidate", "psycopg", "schemathesis", "sqlalchemy"}

IMPORT = """
import importlib, sys
import pytest
before = set(sys.modules)
for name in sys.argv[1:]:
    importlib.import_module(name)
new = {name.partition(".")[0] for name in set(sys.modules) - before}
print(*sorted(new - sys.stdlib_module_names - {"stack", "tests"}))
"""


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=HERE.parent, capture_output=True, text=True, check=True)


def test_no_conftest_loads_a_library() -> None:
    assert len(CONFTESTS) > 5
    names = [".".join(path.relative_to(HERE.parent).with_suffix("").parts) for path in CONFTESTS]
    assert _run("-c", IMPORT, *names).stdout.split() == []


@pytest.mark.parametrize(
    "path",
    ["tests/bank/test_bank_domain.py", "tests/booking/test_moves.py", "tests/inventory/test_catalogue_domain.py"],
)
def test_pytest_loads_nothing_heavy_for_a_test_of_rules(path: str) -> None:
    output = _run("-X", "importtime", "-m", "pytest", "-p", "no:cacheprovider", "-n", "0", path).stderr
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in output.splitlines()}
    assert "pytest" in loaded
    assert sorted(HEAVY & loaded) == []
