"""A stack with a shop, where calls take tokens, behind one proxy of our own: so that a test says where a visitor is."""

from __future__ import annotations

import html
import itertools
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import httpx
import pytest

from stack.launcher import Stack
from tests.patience import patient
from tests.stacks import started

PASSWORD = "a few words are long"
_numbers = itertools.count(1)


class Visitor:
    """A browser without scripts, at an address of its own."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http

    def get(self, path: str, status: int = 200) -> str:
        """Return a page."""
        answer = self.http.get(path)
        assert answer.status_code == status, answer.text
        return answer.text

    def send(self, path: str, page: str, **fields: Any) -> httpx.Response:
        """Send a form of a page, its hidden fields included, and return the answer."""
        hidden: dict[str, list[str]] = {}
        for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page):
            hidden.setdefault(name, []).append(html.unescape(value))
        return self.http.post(path, data={**hidden, **fields})

    def register(self, email: str = "") -> str:
        """Make an account and be signed in; return its e-mail address."""
        email = email or f"{uuid4()}@example.com"
        answer = self.send("/register", self.get("/register"), name="Asha Rao", email=email, password=PASSWORD)
        assert answer.status_code == 303, answer.text
        return email


@pytest.fixture(scope="package")
def stack() -> Iterator[Stack]:
    with started(
        auth="on",
        web="on",
        trusted_proxies=1,
        cors_origins="https://app.example",
        environments={"identity": {"ATTEMPTS_PER_ADDRESS": "8"}},
    ) as stack:
        yield stack


@contextmanager
def visiting(stack: Stack, address: str = "") -> Iterator[Visitor]:
    """Visit the shop from an address, or from one where nobody else is."""
    address = address or f"198.51.100.{next(_numbers)}"
    headers = {"x-forwarded-for": address}
    with httpx.Client(base_url=stack.public_url, headers=headers, timeout=patient(15), trust_env=False) as http:
        yield Visitor(http)


@pytest.fixture
def visitor(stack: Stack) -> Iterator[Visitor]:
    with visiting(stack) as visitor:
        yield visitor
