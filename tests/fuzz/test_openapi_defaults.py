"""schemathesis with its default checks, on the document that a running system serves: nothing but what docs/openapi.md
explains. Here a third is tried of what schemathesis makes out of each operation. `make fuzz` tries all, draws requests
as well, follows what answers lead to, and tries the document of a system where calls take no token too: the same but
for tokens."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Literal

import pytest

from audit import audit
from gateway.openapi.schemas import PAYMENT_METHODS
from services.bank.domain.scenarios import SCENARIOS
from stack import tokens
from tests.stacks import started

ROOT = Path(__file__).parents[2]
SETTINGS = Path(__file__).with_name("schemathesis-defaults.toml")
CASES = int(os.environ.get("FUZZ_CASES") or 0)
SEED = os.environ.get("FUZZ_SEED") or "1"
OPERATIONS = 40


@pytest.mark.timeout(4 * 3600)
@pytest.mark.parametrize(
    "auth", ["on", pytest.param("off", marks=pytest.mark.skipif(not CASES, reason="make fuzz tries it"))]
)
def test_the_default_checks_find_nothing_that_is_not_explained(auth: Literal["on", "off"], tmp_path: Path) -> None:
    with started(auth=auth) as stack:
        token = tokens.opened(stack.settings).token_for(
            stack.load_accounts()["admin"].user_id, "ADMIN", "ORGANIZER", seconds=4 * 3600
        )
        run = subprocess.run(
            [
                *(Path(sys.executable).with_name("st"), "--config-file", SETTINGS, "--no-color", "run"),
                *(f"{stack.public_url}/api/openapi.json", "--header", f"Authorization: Bearer {token}"),
                *("--seed", SEED, "--max-examples", str(max(CASES // OPERATIONS, 1))),
                *(() if CASES else ("--phases", "examples,coverage")),
            ],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), "no_proxy": "127.0.0.1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert run.returncode == 0, run.stdout
        audit.rest(stack.server.url, audit.REST_SECONDS)
        assert audit.look(stack.server.url).broken == []


def test_the_document_names_the_payment_methods_of_the_bank() -> None:
    assert set(PAYMENT_METHODS) == set(SCENARIOS)
