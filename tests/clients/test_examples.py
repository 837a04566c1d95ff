"""The examples do what they say, against a real stack: one where calls take no token, and one where they do."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from audit import audit
from bench import ghz
from stack import ports, tokens
from stack.launcher import Stack
from stack.settings import ROOT
from tests.bench.test_ghz import CONFIGURATIONS, configuration, filled
from tests.gateway.fakes import FakeService
from tests.patience import patient
from tests.stacks import started

EXAMPLES = {
    "buy.py": [sys.executable],
    "buy_async.py": [sys.executable],
    "buy.sh": ["sh"],
    "buy_with_buf.sh": ["sh"],
    "buy.mjs": ["node"],
}
"""How each is run. Where there is no Node, the last is tried in the browser only (tests/browser/test_examples.py)."""
ELSEWHERE = {"receive_webhooks.py": "tests/notifications/test_hooks_killed.py"}
"""Examples that another test tries, and which."""
RUN_HERE = [name for name, [program] in EXAMPLES.items() if shutil.which(program)]
BOUGHT = r"(?s)^show .*\nCONFIRMED\nrefund +(INR.)?[0-9.,]+( minor units of INR)?, 100 %\nREFUNDED\n\Z"


@pytest.fixture(scope="module")
def guarded() -> Iterator[Stack]:
    """A stack where calls take a token; when the tests are over, its books must be in order."""
    with started(auth="on") as stack:
        yield stack
        audit.rest(stack.server.url, audit.REST_SECONDS)
        broken = audit.look(stack.server.url).broken
        assert not broken, "\n".join(map(str, broken))


def run(name: str, url: str, token: str | None = None) -> subprocess.CompletedProcess[str]:
    surroundings = {name: value for name, value in os.environ.items() if name != "BOXOFFICE_TOKEN"}
    environment = {"BOXOFFICE_URL": url, "BUF": str(ROOT / ".venv" / "bin" / "buf")}
    return subprocess.run(
        [*EXAMPLES[name], ROOT / "examples" / name],
        env=surroundings | environment | ({} if token is None else {"BOXOFFICE_TOKEN": token}),
        capture_output=True,
        text=True,
        timeout=patient(60),
    )


def check_told(done: subprocess.CompletedProcess[str], what: str) -> None:
    """See that a program failed, and said why as people do."""
    assert done.returncode != 0
    assert re.search(what, done.stderr), done.stderr
    assert not re.search(r"Traceback|^ +at |SyntaxError", done.stderr, re.MULTILINE), done.stderr


def test_every_example_is_tried() -> None:
    found = {path.name for path in (ROOT / "examples").iterdir() if path.is_file()}
    assert found == {*EXAMPLES, *ELSEWHERE, "README.md"}
    for example, test in ELSEWHERE.items():
        assert f"examples/{example}" in (ROOT / test).read_text()


@pytest.mark.parametrize("name", RUN_HERE)
def test_an_example_buys_tickets_and_gives_them_back(stack: Stack, name: str) -> None:
    done = run(name, stack.public_url)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.match(BOUGHT, done.stdout), done.stdout


@pytest.mark.parametrize(("name", "role"), [*((name, "") for name in RUN_HERE), (RUN_HERE[0], "ADMIN")])
def test_an_example_buys_tickets_for_the_user_of_a_token(guarded: Stack, name: str, role: str) -> None:
    user = str(uuid4())
    done = run(name, guarded.public_url, tokens.opened(guarded.settings).token_for(user, *([role] if role else [])))
    assert (done.returncode, done.stderr) == (0, "")
    assert re.match(BOUGHT, done.stdout), done.stdout
    with guarded.server.connect("booking") as connection:
        assert connection.execute("SELECT state FROM bookings WHERE user_id = %s", (user,)).fetchall() == [
            ("REFUNDED",)
        ]


@pytest.mark.parametrize("name", RUN_HERE)
def test_an_example_without_a_good_token_says_so_and_fails(guarded: Stack, name: str) -> None:
    check_told(run(name, guarded.public_url), "(?i)log in or refresh")
    check_told(run(name, guarded.public_url, "garbage"), "not an access token")
    expired = tokens.opened(guarded.settings)._sign(str(uuid4()), (), time.time() - 2000, time.time() - 1000)
    check_told(run(name, guarded.public_url, expired), "(?i)log in or refresh")


@pytest.mark.parametrize("name", RUN_HERE)
def test_an_example_that_reaches_nobody_says_so_and_fails(name: str) -> None:
    [port] = ports.choose(1)
    check_told(run(name, f"http://127.0.0.1:{port}"), "(?i)connect")


@pytest.mark.parametrize("name", RUN_HERE)
@pytest.mark.parametrize("url", ["nowhere", "ftp://127.0.0.1:1"])
def test_an_example_with_no_address_says_so_and_fails(name: str, url: str) -> None:
    check_told(run(name, url), ".")


@pytest.mark.parametrize("name", [name for name in RUN_HERE if name not in ("buy.sh", "buy.mjs")])
async def test_an_example_that_finds_nothing_on_sale_says_so_and_fails(name: str) -> None:
    nothing = FakeService("inventory")  # which answers everything with an empty message
    await nothing.start()
    try:
        done = await asyncio.to_thread(run, name, f"http://127.0.0.1:{nothing.port}")
    finally:
        await nothing.stop()
    check_told(done, "no show is on sale|nothing to go on with")


# --- Data for load tests


def make_data(url: str, folder: Path, token: str | None) -> subprocess.CompletedProcess[str]:
    surroundings = {name: value for name, value in os.environ.items() if name != "BOXOFFICE_TOKEN"}
    return subprocess.run(
        [sys.executable, "-m", "bench.ghz.data", url, "--calls", "2", "--folder", str(folder)],
        env=surroundings | ({} if token is None else {"BOXOFFICE_TOKEN": token}),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=patient(60),
    )


def test_data_for_ghz_is_made_with_an_admins_token_and_each_call_succeeds_with_it(
    guarded: Stack, tmp_path: Path
) -> None:
    token = tokens.opened(guarded.settings).token_for(str(uuid4()), "ADMIN")
    done = make_data(guarded.public_url, tmp_path, token)
    assert (done.returncode, done.stderr) == (0, "")
    for name in CONFIGURATIONS:
        configured = configuration(name)
        rows = [configured["data"]] if "data" in configured else json.loads((tmp_path / name).read_text())
        command = [ROOT / ".venv" / "bin" / "buf", "curl", "--schema", ghz.DESCRIPTOR, "--protocol", "grpc"]
        command += [
            "--http2-prior-knowledge",
            "-H",
            f"authorization: Bearer {token}",
            "-d",
            filled(json.dumps(rows[0])),
        ]
        service, _, method = configured["call"].rpartition(".")
        called = subprocess.run(
            [*command, f"{guarded.public_url}/{service}/{method}"], capture_output=True, text=True, timeout=patient(30)
        )
        assert called.returncode == 0, (name, called.stderr)


@pytest.mark.parametrize("role", [None, "", "ORGANIZER", "garbage"])
def test_data_for_ghz_is_not_made_without_an_admins_token(guarded: Stack, tmp_path: Path, role: str | None) -> None:
    signer = tokens.opened(guarded.settings)
    token = role if role in (None, "garbage") else signer.token_for(str(uuid4()), *filter(None, [role]))
    check_told(make_data(guarded.public_url, tmp_path, token), "BOXOFFICE_TOKEN has to be an admin's token")
    assert not list(tmp_path.iterdir())
