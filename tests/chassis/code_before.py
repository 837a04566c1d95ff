"""The statements of the code from before a migration, kept so that a test can see that it still runs after it.

`python -m tests.chassis.code_before SERVICE` writes those of the last commit beside the newest migration, which that
commit does not know yet. `make migration` calls it.
"""

import io
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

from roster import NAMES, ROOT, named

PRINT = """
import json, sys
from tests.chassis.test_schema import statements_of
service = sys.argv[1]
statements = {f"{service}: {name.removeprefix('services.')}": sql for name, sql in statements_of(service)}
print(json.dumps(statements, indent=1))
"""


def folder(service: str) -> Path:
    """Return where the statements of a service's earlier code are."""
    return named(service).folder / "migrations" / "before"


def statements_of_the_last_commit(service: str) -> str:
    """Return the statements that a service sent as of the last commit, as JSON."""
    committed = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, stdout=subprocess.PIPE, check=True)
    with TemporaryDirectory() as tree, tarfile.open(fileobj=io.BytesIO(committed.stdout)) as files:
        files.extractall(tree, filter="data")
        paths = os.pathsep.join((tree, f"{tree}/protos/gen", f"{tree}/clients/python"))
        command = [sys.executable, "-c", PRINT, service]
        environment = os.environ | {"PYTHONPATH": paths}
        printed = subprocess.run(command, cwd=tree, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return printed.stdout


def main(service: str) -> None:
    assert service in NAMES, f"one of {NAMES}"
    newest = max(path.name.partition("_")[0] for path in named(service).migrations.glob("[0-9]*.py"))
    if newest == "0001":
        return  # no code was there before
    folder(service).mkdir(exist_ok=True)
    (folder(service) / f"{newest}.json").write_text(statements_of_the_last_commit(service))


if __name__ == "__main__":
    main(*sys.argv[1:])
