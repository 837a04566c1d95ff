"""A whole stack where calls take a token: users have what is theirs, and nothing else; and no log holds a secret."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import grpc
import httpx
import pytest
from boxoffice.bank.v1 import bank_pb2, bank_pb2_grpc
from boxoffice.inventory.v1 import inventory_pb2, inventory_pb2_grpc

from services.identity.keys.signing import Vault
from stack import accounts, credentials, services
from stack.launcher import Stack
from stack.processes import wait_until
from stack.settings import ROOT
from tests.patience import patient
from tests.stacks import started
from tests.system.client import Json, ok, refusal

CANARY = "canary-password-of-nobody"


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with started(auth="on") as one:
        yield one


@dataclass
class User:
    """Somebody who is logged in."""

    http: httpx.Client = field(repr=False)
    id: str
    tokens: Json = field(repr=False)

    def ask(self, verb: str, path: str, body: Json | None = None, **parameters: str) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.tokens['accessToken']}"}
        return self.http.request(verb, path, json=body, params=parameters or None, headers=headers)


@pytest.fixture(scope="module")
def http(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{stack.public_url}/api/v1/", timeout=patient(15), trust_env=False) as client:
        yield client


def somebody(http: httpx.Client) -> User:
    account = {"email": f"{uuid4()}@example.com", "password": CANARY}
    ok(http.post("auth/register", json=account))
    tokens = ok(http.post("auth/login", json=account))
    return User(http, tokens["userId"], tokens)


@pytest.fixture(scope="module")
def alice(http: httpx.Client) -> User:
    return somebody(http)


@pytest.fixture(scope="module")
def bob(http: httpx.Client) -> User:
    return somebody(http)


def free_seats(stack: Stack, http: httpx.Client, count: int) -> list[str]:
    seats = ok(http.get(f"seats/shows/{stack.demo.shows[0].id}/available"))["seats"]
    return [seat["id"] for seat in seats[:count]]


def patiently(ask: Callable[[], httpx.Response]) -> Json:
    """Ask until it is not refused because a part is away: services find each other a moment after they have started."""
    answers: list[httpx.Response] = []

    def asked() -> bool:
        answers.append(ask())
        return answers[-1].status_code != 503

    wait_until(asked, patient(30))
    return ok(answers[-1])


@pytest.fixture(scope="module")
def confirmed(stack: Stack, http: httpx.Client, alice: User) -> str:
    """A booking of Alice's who never says who she is but by her token: held, booked, paid."""
    seats = {"showId": stack.demo.shows[0].id, "showSeatIds": free_seats(stack, http, 2)}
    patiently(lambda: alice.ask("POST", "bookings/hold-seats", seats))
    booking = patiently(lambda: alice.ask("POST", "bookings", seats | {"idempotencyKey": "one"}))
    assert booking["userId"] == alice.id
    session = patiently(lambda: alice.ask("POST", "payments/initiate", {"bookingId": booking["id"]}))["sessionId"]
    ok(http.post(f"payments/simulate/{session}", json={"result": "SUCCESS"}))
    wait_until(lambda: ok(alice.ask("GET", f"bookings/{booking['id']}"))["status"] == "CONFIRMED", patient(30))
    return str(booking["id"])


def test_who_is_logged_in_books_and_pays_and_gives_back_without_a_word_on_who(alice: User, confirmed: str) -> None:
    booking = ok(alice.ask("GET", f"bookings/{confirmed}"))
    assert booking["status"] == "CONFIRMED"
    assert booking["payment"]["status"] == "SUCCESS"
    assert [one["id"] for one in ok(alice.ask("GET", f"bookings/user/{alice.id}"))["bookings"]] == [confirmed]
    assert ok(alice.ask("GET", f"payments/status/{confirmed}"))["payments"][0]["bookingId"] == confirmed


def test_what_is_anothers_is_told_as_what_there_is_not(bob: User, alice: User, confirmed: str) -> None:
    absent = str(uuid4())
    for verb, path, body in (
        ("GET", "bookings/{}", None),
        ("PATCH", "bookings/{}/cancel", {}),
        ("POST", "payments/refund/{}", {}),
        ("GET", "payments/status/{}", None),
    ):
        theirs, nobodys = (refusal(bob.ask(verb, path.format(one), body)) for one in (confirmed, absent))
        assert theirs == nobodys
        assert theirs.status == 404
    theirs, nobodys = (refusal(bob.ask("POST", "payments/initiate", {"bookingId": one})) for one in (confirmed, absent))
    assert theirs == nobodys


def test_nobody_acts_for_another_user(stack: Stack, http: httpx.Client, bob: User, alice: User, confirmed: str) -> None:
    seats = {"showId": stack.demo.shows[0].id, "showSeatIds": free_seats(stack, http, 1)}
    for user in (alice.id, str(uuid4())):
        for verb, path, body in (
            ("POST", "bookings/hold-seats", seats | {"userId": user}),
            ("POST", "bookings", seats | {"userId": user}),
            ("DELETE", f"bookings/holds/{user}", None),
            ("GET", f"bookings/user/{user}", None),
            ("PATCH", f"bookings/{confirmed}/cancel", {"userId": user}),
            ("POST", f"payments/refund/{confirmed}", {"userId": user}),
            ("POST", "payments/initiate", {"bookingId": confirmed, "userId": user}),
        ):
            refused = refusal(bob.ask(verb, path, body))
            assert (refused.status, refused.reason) == (404, "USER_NOT_FOUND"), path
        refused = refusal(bob.ask("GET", f"bookings/{confirmed}", userId=user))
        assert (refused.status, refused.reason) == (404, "USER_NOT_FOUND")
        refused = refusal(bob.ask("GET", f"seats/shows/{stack.demo.shows[0].id}", userId=user))
        assert (refused.status, refused.reason) == (404, "USER_NOT_FOUND")


def test_without_a_token_one_looks_and_no_more(stack: Stack, http: httpx.Client, alice: User, confirmed: str) -> None:
    show = stack.demo.shows[0]
    for path in ("movies", "shows", f"shows/{show.id}", f"seats/shows/{show.id}", f"seats/screens/{show.screen_id}"):
        ok(http.get(path))
    for answer in (
        http.get(f"bookings/{confirmed}"),
        http.post("bookings", json={"userId": alice.id}),
        http.get("users/me"),
        http.post("movies", json={"title": "T", "durationMinutes": 90}),
    ):
        refused = refusal(answer)
        assert (refused.status, refused.reason) == (401, "UNAUTHENTICATED")
        assert answer.headers["www-authenticate"] == 'Bearer realm="boxoffice"'
    refused = refusal(http.get(f"seats/shows/{show.id}", params={"userId": alice.id}))
    assert (refused.status, refused.reason) == (401, "UNAUTHENTICATED")


def test_roles_open_what_they_are_for(stack: Stack, http: httpx.Client, alice: User, confirmed: str) -> None:
    made = stack.load_accounts()
    movie = {"title": "T", "durationMinutes": 90}
    assert refusal(alice.ask("POST", "movies", movie)).reason == "PERMISSION_DENIED"
    organizer, admin = (
        User(http, made[name].user_id, {"accessToken": made[name].token}) for name in ("organizer", "admin")
    )
    ok(organizer.ask("POST", "movies", movie))
    assert refusal(organizer.ask("GET", f"bookings/{confirmed}")).reason == "BOOKING_NOT_FOUND"
    assert refusal(organizer.ask("GET", "users")).reason == "PERMISSION_DENIED"
    assert ok(admin.ask("GET", f"bookings/{confirmed}"))["userId"] == alice.id
    assert [one["id"] for one in ok(admin.ask("GET", f"bookings/user/{alice.id}"))["bookings"]] == [confirmed]
    assert {user["id"] for user in ok(admin.ask("GET", "users"))["users"]} >= {alice.id}


def test_what_is_for_services_takes_a_service(stack: Stack, alice: User) -> None:
    with (
        stack.channel("inventory") as to_inventory,
        stack.channel("bank") as to_bank,
    ):
        reserve = inventory_pb2_grpc.InventoryServiceStub(to_inventory).BatchReserveSeats
        refund = bank_pb2_grpc.BankServiceStub(to_bank).CreateRefund
        for call, request in (
            (reserve, inventory_pb2.BatchReserveSeatsRequest()),
            (refund, bank_pb2.CreateRefundRequest()),
        ):
            for metadata, code in (
                ((), grpc.StatusCode.UNAUTHENTICATED),
                (accounts.bearer(alice.tokens["accessToken"]), grpc.StatusCode.PERMISSION_DENIED),
                (accounts.bearer(stack.load_accounts()["admin"].token), grpc.StatusCode.PERMISSION_DENIED),
            ):
                with pytest.raises(grpc.RpcError) as refused:
                    call(request, timeout=patient(10), metadata=metadata)
                error: Any = refused.value
                assert error.code() == code


def test_a_browser_refreshes_by_its_cookie(http: httpx.Client) -> None:
    user = somebody(http)
    cookie = {"cookie": f"__Secure-refresh_token={user.tokens['refreshToken']}"}
    answer = http.post("auth/refresh", json={}, headers=cookie)
    following = ok(answer)
    [kept] = answer.headers.get_list("set-cookie")
    assert kept == (
        f"__Secure-refresh_token={following['refreshToken']}; Max-Age={_age(kept)}; "
        "Path=/api/v1/auth; Secure; HttpOnly; SameSite=Strict"
    )
    assert answer.headers["cache-control"] == "no-store"
    # Another tab, or one that lost the answer, is given the same; after that was used, nothing.
    assert ok(http.post("auth/refresh", json={}, headers=cookie))["refreshToken"] == following["refreshToken"]
    ok(http.post("auth/refresh", json={"refreshToken": following["refreshToken"]}))
    refused = http.post("auth/refresh", json={}, headers=cookie)
    assert refusal(refused).reason == "REFRESH_TOKEN_INVALID"
    assert refused.headers["www-authenticate"] == 'Bearer realm="boxoffice"'


def _age(cookie: str) -> str:
    return cookie.partition("Max-Age=")[2].partition(";")[0]


def run(stack: Stack, *verb: str) -> subprocess.CompletedProcess[str]:
    secrets = credentials.load(stack.settings.data_dir / credentials.FILE)
    environment = services.environments(stack.settings, secrets, {})["identity"]
    command = [sys.executable, "-m", "services.identity", *verb]
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=patient(60))


def test_keys_are_rotated_from_the_command_line(stack: Stack, http: httpx.Client, alice: User) -> None:
    done = run(stack, "rotate-keys")
    assert (done.returncode, done.stderr) == (0, "")
    kid = done.stdout.split()[2]
    assert done.stdout == f"identity: key {kid} is published; it signs in 15 minutes\n"
    with stack.server.connect("identity") as connection:
        kids = [row[0] for row in connection.execute("SELECT id FROM signing_keys ORDER BY created_at").fetchall()]
    assert len(kids) == 2
    assert kids[1] == kid
    ok(alice.ask("GET", "users/me"))


@pytest.mark.parametrize(
    ("verb", "complaint"),
    [
        (("make-admin",), "make-admin takes EMAIL"),
        (("rotate-keys", "now"), "rotate-keys takes no argument"),
        (("make-admin", "nobody@example.com"), "identity: there is no account of nobody@example.com: register it"),
        (("make-admin", "nobody"), "identity: email: must be an e-mail address"),
    ],
)
def test_what_a_command_lacks_is_told(stack: Stack, verb: tuple[str, ...], complaint: str) -> None:
    done = run(stack, *verb)
    assert done.returncode != 0
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr


def test_no_log_holds_a_secret(stack: Stack, http: httpx.Client, alice: User, confirmed: str) -> None:
    # What fails is logged more eagerly than what does not.
    http.post("auth/login", json={"email": "a@example.com", "password": CANARY})
    http.post("auth/login", content=json.dumps({"email": "a@example.com", "password": CANARY}) + "}")
    http.post("auth/register", json={"email": CANARY, "password": CANARY})
    http.post("auth/refresh", json={"refreshToken": alice.tokens["refreshToken"] + "x"})
    http.get("users/me", headers={"authorization": f"Bearer {alice.tokens['accessToken']}x"})
    change = {"currentPassword": f"{CANARY}x", "newPassword": CANARY}
    assert refusal(alice.ask("POST", "users/me/password", change)).reason == "PASSWORD_WRONG"
    secrets = credentials.load(stack.settings.data_dir / credentials.FILE)
    vault = Vault(secrets["signing-key"])
    with stack.server.connect("identity") as connection:
        keys = connection.execute("SELECT id, private_key FROM signing_keys").fetchall()
        hashes = [row[0] for row in connection.execute("SELECT password_hash FROM users").fetchall()]
    numbers = [vault.open(kid, bytes(key)).private.private_numbers().private_value for kid, key in keys]
    canaries = [
        CANARY,
        alice.tokens["accessToken"].rpartition(".")[2],
        alice.tokens["refreshToken"],
        *secrets.secrets.values(),
        *hashes,
        *(f"{number:x}" for number in numbers),
        *(str(number) for number in numbers),
    ]
    files = [file for file in stack.settings.data_dir.rglob("*.log") if file.is_file()]
    assert {"identity.log", "gateway.log", "postgres.log", "booking.log"} <= {file.name for file in files}
    for file in files:
        text = file.read_text(errors="replace")
        assert [canary for canary in canaries if canary in text] == [], file
