"""Requests that schemathesis draws from the OpenAPI document, to a running gateway: what comes back is as it says.

`make fuzz` does this for long: FUZZ_CASES says how many at least, FUZZ_SEED which. schemathesis.toml says what is asked
of the answers, and what is not, and why.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from audit import audit
from stack import tokens
from stack.callers import over_http
from stack.launcher import Stack
from tests.gateway.openapi import FILE, operations
from tests.patience import patient
from tests.stacks import started

ROOT = Path(__file__).parents[2]
SETTINGS = Path(__file__).with_name("schemathesis.toml")
CASES = int(os.environ.get("FUZZ_CASES") or 0)
SEED = os.environ.get("FUZZ_SEED") or "1"
FEW = 5
"""How many cases an operation gets where nobody asks for more, and then none but drawn ones."""
OPERATIONS = {
    f"{verb.upper()} {path}": operation["operationId"]
    for path, verb, operation in operations()
    if not operation.get("x-server-streaming")
}
"""The names of those that are tried, by what schemathesis calls them."""
BEYOND_REACH = {
    "ReceiveWebhook",
    "ReceiveRazorpayWebhook",
    "ReturnFromRazorpay",
    "Login",
    "Refresh",
    "ChangePassword",
    *("RequestEmailVerification", "RequestEmailChange", "VerifyEmail", "ResetPassword", "SubmitAccountForm"),
    "SetRoles",
    "RedriveRefunds",
    "AddMember",
    "SetMemberRole",
    "RemoveMember",
    "LeaveOrganization",
    "SetEmailVerified",
    *("GetUnsubscribePage", "Unsubscribe"),
    *("UploadHall", "UploadImage", "DeleteImage", "ReorderImages", "GetImageFile"),
    "HoldSeats",
    "ExtendHolds",
    "RefundBooking",
    "ExportInvoices",
    "ExportBookings",
}
"""Operations that are seldom called rightly by chance, or never: they take the bank's secret, a password, an account,
seats that are free or held, and of the very show, a booking that is paid, with its user, one of two formats, or a file.
"""

TOKEN_SECONDS = 4 * 3600

Ids = dict[str, list[str]]


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """A stack where calls take a token."""
    with started(auth="on") as stack:
        yield stack


def _things(stack: Stack) -> Ids:
    """Make a few things, and return ids by the names of the fields that ask for them."""
    auth = over_http(stack.settings)
    with httpx.Client(base_url=f"{stack.public_url}/api/v1/", auth=auth, timeout=patient(20), trust_env=False) as api:

        def ask(verb: str, path: str, body: object = None) -> Any:
            answer = api.request(verb, path, json=body)
            assert answer.status_code == 200, answer.text
            return answer.json()

        show = ask("GET", "shows")["shows"][-1]
        seats = [seat["id"] for seat in ask("GET", f"seats/shows/{show['id']}/available")["seats"]]
        seller = str(uuid4())
        ask("PUT", f"sellers/{seller}", {"legalName": "Regal Talkies", "address": "Pune", "state": "27"})
        # So that a ticket has an invoice.
        ask("PUT", f"shows/{show['id']}/tax", {"sellerId": seller, "placeOfSupply": "27", "category": "TICKETS"})
        users, bookings, sessions = [str(uuid4()) for _ in range(3)], [], []
        for owner in users:
            own = []
            for _ in range(5):
                body = {"userId": owner, "showId": show["id"], "showSeatIds": [seats.pop()]}
                own.append(ask("POST", "bookings", body)["id"])
            # One will be paid, one has begun to be.
            for booking in own[:2]:
                begun = ask("POST", "payments/initiate", {"userId": owner, "bookingId": booking})
                sessions.append(begun["sessionId"])
            ask("POST", f"payments/simulate/{sessions[-2]}", {"result": "SUCCESS"})
            bookings += own
        event = ask("POST", "events", {"title": "Live", "category": "CONCERT", "durationMinutes": 90})
        coupon = ask("POST", "coupons", {"code": "FUZZ", "terms": {"kind": "PERCENTAGE", "percentage": 10}})
        return {
            "bookingId": bookings,
            "couponId": [coupon["id"]],
            "sellerId": [seller],
            "eventId": [event["id"]],
            "movieId": [show["movieId"]],
            "organizationId": [stack.load_accounts()["organizer"].organization_id],
            "screenId": [show["screenId"]],
            "sessionId": sessions,
            "showId": [show["id"]],
            "showSeatIds[*]": seats[:20],
            "userId": users,
            "venueId": [show["venueId"]],
        }


def _settings(ids: Ids) -> str:
    """Return schemathesis' settings, with ids to draw from where fields and parameters ask for some."""
    lines = [SETTINGS.read_text()]
    for number, (name, values) in enumerate(ids.items()):
        lines.append(f"[dictionaries.ids{number}]\nvalues = {json.dumps(values)}")
        for place in ("path", "query", "body"):
            lines.append(f'[parameters."{place}.{name}"]\ndictionary = "ids{number}"\nprobability = 0.7')
    return "\n".join(lines)


@pytest.mark.timeout(4 * 3600)
def test_what_the_gateway_answers_is_as_the_document_says(stack: Stack, tmp_path: Path) -> None:
    settings, report = tmp_path / "schemathesis.toml", tmp_path / "report.json"
    settings.write_text(_settings(_things(stack)))
    # An admin's, who may name any user.
    account = stack.load_accounts()["admin"].user_id
    token = tokens.opened(stack.settings).token_for(account, "ADMIN", "ORGANIZER", seconds=TOKEN_SECONDS)
    examples = max(CASES // len(OPERATIONS), FEW)
    run = subprocess.run(
        [
            *(Path(sys.executable).with_name("st"), "--config-file", settings, "--no-color", "run", FILE),
            *("--header", f"Authorization: Bearer {token}"),
            *("--url", stack.public_url, "--seed", SEED, "--max-examples", str(examples)),
            *("--phases", "examples,coverage,fuzzing" if CASES else "fuzzing"),
            *("--report", "json", "--report-json-path", report),
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert run.returncode == 0, run.stdout
    summary = json.loads(report.read_text())
    assert summary["test_cases"]["generated"] >= max(CASES, 200)
    assert summary["operations"]["tested"] == len(OPERATIONS)
    print(f"{summary['test_cases']['generated']} cases, seed {SEED}")
    if CASES:
        # It got somewhere.
        assert set(OPERATIONS.values()) - _succeeded(summary) <= BEYOND_REACH
    audit.rest(stack.server.url, audit.REST_SECONDS)
    assert audit.look(stack.server.url).broken == []


def _succeeded(summary: Any) -> set[str]:
    """Return the operations that succeeded at least once."""
    rates = summary["valid_rates"].items()
    return {OPERATIONS[label] for label, phases in rates if any(each["accepted"] for each in phases.values())}
