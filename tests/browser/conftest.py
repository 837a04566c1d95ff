"""A stack of its own and a Chromium. `make test-browser` runs these tests; `make test` leaves them out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from stack.launcher import Stack
from stack.services import API
from tests.browser.checkout import Checkout
from tests.browser.chromium import Browser, driver, opened
from tests.patience import patient
from tests.stacks import started

PHONE = (320, 640)
DESK = (1280, 800)


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    # The doors of the demonstration's shows are open, though these are in days.
    doors = {"booking": {"CHECK_IN_OPENS_MINUTES": "10080"}}
    with started(auth="off", web="on", environments=doors) as stack:
        yield stack


@pytest.fixture(scope="session")
def chromedriver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with driver(tmp_path_factory.mktemp("driver")) as http:
        yield http


@pytest.fixture(scope="session")
def desk(chromedriver: httpx.Client, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with opened(chromedriver, tmp_path_factory.mktemp("desk"), width=DESK[0], height=DESK[1]) as browser:
        yield browser


@pytest.fixture(scope="session")
def phone(chromedriver: httpx.Client, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with opened(chromedriver, tmp_path_factory.mktemp("phone"), width=PHONE[0], height=PHONE[1]) as browser:
        yield browser


@pytest.fixture(scope="session")
def checkout(stack: Stack) -> Iterator[Checkout]:
    with httpx.Client(base_url=f"{stack.public_url}{API}/", timeout=patient(15), trust_env=False) as http:
        yield Checkout(stack, http)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Where screenshots go: the folder that PICTURES names, or one that nobody looks into."""
    folder = Path(os.environ.get("PICTURES") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
