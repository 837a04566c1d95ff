"""A whole stack whose identity is frozen or gone while others are started again: who is logged in notices nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from services.identity.keys.signing import SigningKey
from stack import credentials, services, tokens
from stack.launcher import Stack
from stack.processes import wait_until
from stack.settings import ROOT
from tests.identity import forge
from tests.patience import patient
from tests.stacks import started
from tests.system.client import refusal

HOURS = 3600.0


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with started(auth="on") as one:
        yield one


@pytest.fixture
def http(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{stack.public_url}/api/v1/", timeout=patient(15), trust_env=False) as client:
        yield client


@pytest.fixture(autouse=True)
def all_well(stack: Stack, http: httpx.Client) -> Iterator[None]:
    """Everything is up before and after, and every service has had keys."""
    stack.wait_ready()
    yield
    if not stack.is_up("identity"):
        stack.start_one("identity")
    stack.wait_ready()
    wait_until(lambda: statuses(http, good(stack)) == SERVED, patient(30))


def kept(stack: Stack, name: str) -> Path:
    return stack.settings.data_dir / "keys" / f"{name}.json"


def good(stack: Stack) -> str:
    """Return a token that no service has seen."""
    return tokens.opened(stack.settings).token_for(str(uuid4()))


def statuses(http: httpx.Client, token: str) -> dict[str, int]:
    """Ask each service that takes a token something of it that there is not."""
    headers = {"authorization": f"Bearer {token}"}
    paths = {
        "inventory": ("DELETE", f"bookings/holds/{user_of(token)}"),
        "booking": ("GET", f"bookings/user/{user_of(token)}"),
        "payment": ("GET", f"payments/status/{uuid4()}"),
    }
    return {name: http.request(verb, path, headers=headers).status_code for name, (verb, path) in paths.items()}


def user_of(token: str) -> str:
    return str(jwt.decode(token, options={"verify_signature": False})["sub"])


SERVED = {"inventory": 200, "booking": 200, "payment": 404}
REFUSED = dict.fromkeys(SERVED, 401)
LATER = dict.fromkeys(SERVED, 503)


@contextmanager
def frozen(stack: Stack) -> Iterator[None]:
    pid = stack.pid("identity")
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def restart_gateway(stack: Stack, http: httpx.Client) -> None:
    """Kill the gateway; return when the new one lets calls in. It is not healthy without identity."""
    before = stack.pid("gateway")
    stack.kill("gateway")

    def serves() -> bool:
        try:
            return http.get("shows").status_code == 200 and stack.pid("gateway") != before
        except httpx.TransportError:
            return False

    assert wait_until(serves, patient(30))


def restart_services(stack: Stack) -> None:
    for name in SERVED:
        stack.restart(name)


def test_a_gateway_that_is_killed_while_identity_is_frozen_serves_good_tokens_and_no_bad_ones(
    stack: Stack, http: httpx.Client
) -> None:
    token = good(stack)
    assert statuses(http, token) == SERVED
    with frozen(stack):
        restart_gateway(stack, http)
        assert statuses(http, token) == SERVED
        assert statuses(http, good(stack)) == SERVED
        check_bad_are_refused(stack, http)


def test_services_that_are_started_again_while_identity_is_gone_serve_good_tokens_and_no_bad_ones(
    stack: Stack, http: httpx.Client
) -> None:
    assert statuses(http, good(stack)) == SERVED
    stack.stop_one("identity")
    restart_services(stack)
    assert wait_until(lambda: statuses(http, good(stack)) == SERVED, patient(30))
    restart_gateway(stack, http)
    assert wait_until(lambda: statuses(http, good(stack)) == SERVED, patient(30))
    check_bad_are_refused(stack, http)


def test_keys_that_are_too_old_or_gone_are_told_as_what_comes_back(stack: Stack, http: httpx.Client) -> None:
    assert statuses(http, good(stack)) == SERVED
    stack.stop_one("identity")
    for name in SERVED:
        stack.stop_one(name)
        content = json.loads(kept(stack, name).read_text())
        content["fetchedAt"] -= 24 * HOURS + 60
        kept(stack, name).write_text(json.dumps(content))
    kept(stack, "payment").unlink()
    for name in SERVED:
        stack.start_one(name)
    restart_gateway(stack, http)
    assert wait_until(lambda: statuses(http, good(stack)) == LATER, patient(30))
    answer = http.get(f"payments/status/{uuid4()}", headers={"authorization": f"Bearer {good(stack)}"})
    assert refusal(answer).reason == "UNAVAILABLE"
    assert {"retryDelay": "1s"}.items() <= answer.json()["details"][1].items()
    # What anybody may look at goes on, with a token or without.
    for headers in ({}, {"authorization": f"Bearer {good(stack)}"}):
        assert http.get(f"seats/shows/{stack.demo.shows[0].id}", headers=headers).status_code == 200
    stack.start_one("identity")
    assert wait_until(lambda: statuses(http, good(stack)) == SERVED, patient(30))


def test_a_key_that_was_withdrawn_stays_so_whoever_is_away_or_started_again(stack: Stack, http: httpx.Client) -> None:
    old = good(stack)
    assert statuses(http, old) == SERVED
    secrets = credentials.load(stack.settings.data_dir / credentials.FILE)
    environment = services.environments(stack.settings, secrets, {})["identity"]
    command = [sys.executable, "-m", "services.identity", "revoke-keys"]
    subprocess.run(command, env=environment, cwd=ROOT, check=True, capture_output=True, timeout=patient(60))
    # The new key is known to all within seconds, and then the old one is to none.
    assert wait_until(lambda: statuses(http, good(stack)) == SERVED, patient(90))
    assert statuses(http, old) == REFUSED
    stack.stop_one("identity")
    restart_services(stack)
    restart_gateway(stack, http)
    assert wait_until(lambda: statuses(http, good(stack)) == SERVED, patient(30))
    assert statuses(http, old) == REFUSED


def check_bad_are_refused(stack: Stack, http: httpx.Client) -> None:
    signing = tokens.opened(stack.settings)._key
    user = str(uuid4())
    foreign = SigningKey(signing.kid, ec.generate_private_key(ec.SECP256R1()))
    bad = dict(forge.forged(signing, user)) | {"of a foreign key": foreign.sign(forge.right(user))}
    for what, token in bad.items():
        if token.isprintable():
            answer = http.get(f"bookings/user/{user}", headers={"authorization": f"Bearer {token}"})
            assert answer.status_code == 401, what
    for headers in ({}, {"x-user-claims": "e30"}):
        assert http.get(f"bookings/user/{user}", headers=headers).status_code == 401
