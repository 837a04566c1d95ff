"""Check-in: the page and its files, as a browser gets them. What it does there is in tests/browser/test_door.py."""

from __future__ import annotations

import base64
import hashlib
import json
import re

from tests.web.conftest import Visitor
from web.door import ADDRESSES, FILES, WORKER
from web.pages import FOLDER

DOOR = FOLDER / "static" / "door"


def test_the_camera_is_for_this_page_alone_and_its_policy_stays_strict(visitor: Visitor) -> None:
    headers = visitor.http.get("/check-in").headers
    assert "camera=(self)" in headers["permissions-policy"] and "microphone=()" in headers["permissions-policy"]
    assert (
        "unsafe" not in headers["content-security-policy"] and "worker-src 'self'" in headers["content-security-policy"]
    )
    assert "camera=()" in visitor.http.get("/events").headers["permissions-policy"]


def test_the_page_says_nothing_of_who_is_signed_in(visitor: Visitor) -> None:
    page = visitor.get("/check-in")
    visitor.register()
    assert visitor.get("/check-in") == page


def test_the_worker_knows_each_file_of_the_page_by_its_digest(visitor: Visitor) -> None:
    answer = visitor.http.get(WORKER)
    assert answer.headers["service-worker-allowed"] == "/check-in"
    [kept] = re.findall(r"JSON\.parse\('(.+)'\)", answer.text)
    known = {file["url"]: file["integrity"] for file in json.loads(kept)["files"]}
    page = visitor.get("/check-in")
    assert set(re.findall(r'(?:src|href)="(/assets/[^"]+)"', page)) <= known.keys()
    for url, integrity in known.items():
        answer = visitor.http.get(url)
        assert answer.status_code == 200, url
        digest = hashlib.sha256(answer.content).digest()
        assert integrity == "sha256-" + base64.b64encode(digest).decode(), url


def test_no_file_is_missing_without_a_connection() -> None:
    own = {f"door/{file.name}" for file in DOOR.iterdir() if file.name != "service-worker.js"}
    assert own == {name for name in FILES if name.startswith("door/")}
    for file in DOOR.glob("*.js"):
        for beside, address in re.findall(r'from "\./([\w.]+)"|"(/(?:assets|check-in)/[\w./-]+)"', file.read_text()):
            assert f"door/{beside}" in FILES or address in {*ADDRESSES.values(), WORKER}, (file.name, beside, address)
