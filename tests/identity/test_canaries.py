"""No secret comes to light: after a walk with all that can go wrong, none is found anywhere but where it has to be."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.request import urlopen
from uuid import uuid4

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from audit import audit
from services.identity.keys.signing import Vault
from services.identity.mails.domain import Tokens
from stack import control, credentials, services, story, tokens
from stack.callers import over_http
from stack.launcher import Stack
from stack.processes import wait_until
from stack.services import API, replicas
from stack.settings import ROOT
from tests.identity.canaries import (
    PASSWORD,
    PERSONAL,
    TOLD,
    WRONG,
    have_a_deleted_account,
    have_a_seller,
    have_a_show,
    have_guests,
)
from tests.operations.collector import Collector
from tests.patience import patient
from tests.stacks import started

SECONDS = patient(30)
KEPT = {"key.pem", credentials.FILE}
"""Files of the data folder that secrets are for, besides PostgreSQL's own, and mails, which are for their readers."""


@dataclass
class Aviary:
    """A stack, what it let out, and the secrets that must not be in it."""

    stack: Stack
    collector: Collector
    lines: list[str] = field(default_factory=list)
    """What the launcher said."""
    answers: list[str] = field(default_factory=list)
    """All answers of the gateway, with their headers."""
    canaries: dict[str, str] = field(default_factory=dict, repr=False)
    """Secrets, by what they are."""

    def keep(self, name: str, secret: str) -> None:
        self.canaries[name] = secret

    def found_in(self, text: str) -> set[str]:
        """Return which secrets a text has, in any of the forms that they take on the way."""
        return among(self.canaries, text)


def among(canaries: dict[str, str], text: str) -> set[str]:
    """Return the names of those canaries that a text has in any form."""
    return {name for name, secret in canaries.items() if any(form in text for form in forms(secret))}


def forms(secret: str) -> set[str]:
    """Return a secret as it is, as URLs, JSON, Python and hex spell it, and as base64 does, alone or within more."""
    data = secret.encode()
    found = {secret, quote(secret, safe=""), quote(secret), data.hex(), json.dumps(secret)[1:-1], repr(secret)[1:-1]}
    for before in range(3):
        # What is around it changes the first and the last letters.
        whole = base64.b64encode(bytes(before) + data + bytes(-(before + len(data)) % 3)).decode()
        inner = whole[4 if before else 0 : -4]
        found |= {inner, inner.replace("+", "-").replace("/", "_")}
    return found


@pytest.fixture(scope="module")
def aviary() -> Iterator[Aviary]:
    lines: list[str] = []
    with Collector() as collector, started(auth="on", say=lines.append, otlp_endpoint=collector.endpoint) as stack:
        aviary = Aviary(stack, collector, lines)
        _plant(aviary)
        _walk(aviary)
        yield aviary


def _plant(aviary: Aviary) -> None:
    """Take note of every secret that the stack was started with."""
    settings = aviary.stack.settings
    secrets = credentials.load(settings.data_dir / credentials.FILE)
    for name, secret in secrets.secrets.items():
        # What is encoded twice is looked for as it is inside.
        aviary.keep(name, secret.removeprefix("whsec_").rstrip("="))
    keys = sorted(settings.data_dir.rglob("key.pem"))
    assert {"gateway", "booking", "operator", "ca"} <= {file.parent.name for file in keys}
    for file in keys:
        lines = [line for line in file.read_text().splitlines() if "-----" not in line]
        for number, line in enumerate(lines):
            aviary.keep(f"TLS key of {file.parent.name}, line {number}", line.rstrip("="))
        key: Any = load_pem_private_key(file.read_bytes(), None)
        aviary.keep(f"TLS key of {file.parent.name}, as a number", str(key.private_numbers().private_value))
    vault = Vault(secrets["signing-key"])
    with aviary.stack.server.connect("identity") as connection:
        for kid, encrypted in connection.execute("SELECT id, private_key FROM signing_keys").fetchall():
            number = vault.open(kid, bytes(encrypted)).private.private_numbers().private_value
            aviary.keep("signing key, as a number", str(number))
            aviary.keep("signing key, in hex", f"{number:x}")
    aviary.keep("password", PASSWORD)
    aviary.keep("wrong password", WRONG)
    for name, told in TOLD.items():
        aviary.keep(name, told)


def _walk(aviary: Aviary) -> None:
    """Do what customers do, what attackers do, and what happens when the database is away."""
    stack = aviary.stack

    def keep(answer: httpx.Response) -> None:
        text = answer.read().decode(errors="replace")
        line = f"{answer.request.method} {answer.request.url} {answer.status_code} {dict(answer.headers)} {text}"
        for one in (json.loads(text) if answer.headers.get("content-type") == "application/json" else {},):
            # Who logs in is given tokens, and who makes an endpoint its secret; everybody else is not.
            for name in ("accessToken", "refreshToken", "secret"):
                if isinstance(one, dict) and name in one:
                    aviary.keep(
                        f"{name} {len(aviary.canaries)}", str(one[name]).rpartition(".")[2].removeprefix("whsec_")
                    )
                    line = line.replace(str(one[name]), "…")
        for word in TOLD.values():
            line = line.replace(word, "…")
        aviary.answers.append(line)

    with httpx.Client(
        base_url=f"{stack.public_url}{API}/", timeout=SECONDS, trust_env=False, event_hooks={"response": [keep]}
    ) as http:
        _have_an_account(aviary, http)
        have_a_deleted_account(http)
        http.auth = over_http(stack.settings)
        show = have_a_show(http)
        seats = [seat["id"] for seat in http.get(f"seats/shows/{show}/available").json()["seats"]]
        user = str(uuid4())
        order = {"userId": user, "showId": show, "showSeatIds": seats[:1]}
        booking = http.post("bookings", json=order).json()["id"]
        session = http.post("payments/initiate", json={"bookingId": booking, "userId": user}).json()["sessionId"]
        http.get(f"payments/fake-checkout/{session}")
        http.get(f"payments/fake-checkout/sess_{uuid4()}")
        http.post("payments/webhook", content=b"{}")
        http.post("payments/webhook", content=b"{}", headers={"webhook-id": "a", "webhook-signature": "v1,Zm9yZ2Vk"})
        http.post(f"payments/simulate/{session}", json={"result": "SUCCESS"})
        assert wait_until(lambda: http.get(f"bookings/{booking}").json()["status"] == "CONFIRMED", SECONDS)
        assert http.post(f"payments/refund/{booking}", json={"userId": user}).status_code == 200
        assert wait_until(lambda: http.get(f"bookings/{booking}").json()["status"] == "REFUNDED", SECONDS)
        http.post("bookings", json={"userId": "nobody", "showSeatIds": [PASSWORD]})
        http.get("shows", params={"pageToken": "nonsense"})
        for path in ("bookings", "nothing", "%00", f"bookings/{booking}?userId=nobody"):
            http.get(path)
        have_guests(http, show, user, seats[2:4])
        have_a_seller(http)
        _have_an_endpoint(aviary, http)
        _ask_without_a_database(stack, http, order | {"showSeatIds": seats[1:2]}, booking, session)


def _have_an_endpoint(aviary: Aviary, http: httpx.Client) -> None:
    """Have a secret that webhooks are signed with, and another; the challenge finds nobody."""
    endpoint = {"organizationId": str(uuid4()), "url": f"https://{uuid4()}.example/", "types": ["SHOW_CANCELLED"]}
    path = f"webhooks/endpoints/{http.post('webhooks/endpoints', json=endpoint).json()['endpoint']['id']}"
    http.post(f"{path}/rotate-secret", json={})
    assert http.get(path).json()["rotatingUntil"]
    assert len([name for name in aviary.canaries if name.startswith("secret ")]) == 2
    assert wait_until(lambda: http.get(f"{path}/attempts").json().get("attempts"), SECONDS)


def _ask_without_a_database(
    stack: Stack, http: httpx.Client, order: dict[str, Any], booking: str, session: str
) -> None:
    stack.stop_one("postgres")
    try:
        http.post("bookings", json=order)
        http.post("bookings/hold-seats", json=order | {"accessCode": TOLD["access code"]})
        guest = {"guestUserId": order["userId"], "showSeatIds": order["showSeatIds"], "guestName": TOLD["guest's name"]}
        http.post(f"shows/{order['showId']}/guests", json=guest)
        http.get(f"bookings/{booking}")
        http.get(f"payments/fake-checkout/{session}")
        http.post("auth/login", json={"email": "canary@example.com", "password": PASSWORD})
        http.post("auth/refresh", json={"refreshToken": PASSWORD})
    finally:
        stack.start_one("postgres")
    stack.wait_ready(SECONDS)


def _have_an_account(aviary: Aviary, http: httpx.Client) -> None:
    who = {"email": "canary@example.com", "password": PASSWORD}
    assert http.post("auth/register", json=who, headers={"Idempotency-Key": "k"}).status_code == 200
    with aviary.stack.server.connect("identity") as connection:
        [(kept,)] = connection.execute("SELECT password_hash FROM users WHERE email = %s", [who["email"]]).fetchall()
    aviary.keep("password's hash", kept.rpartition("$")[2])
    _have_a_link(aviary, http, who["email"])
    tokens = http.post("auth/login", json=who).json()
    bearer = {"authorization": f"Bearer {tokens['accessToken']}"}
    http.get("users/me", headers=bearer)
    http.get("users/me", headers={"authorization": bearer["authorization"] + "x"})
    http.get("users/me", headers={"authorization": f"Basic {base64.b64encode(PASSWORD.encode()).decode()}"})
    http.post("auth/login", json=who | {"password": WRONG})
    http.post("auth/login", content=json.dumps(who) + "}")
    http.post("auth/login", json={"email": WRONG, "password": PASSWORD})
    http.post("auth/register", json=who | {"passwort": PASSWORD})
    http.post("auth/register", json={"email": "canary2@example.com", "password": PASSWORD * 40})
    http.post("users/me/password", json={"currentPassword": WRONG, "newPassword": PASSWORD}, headers=bearer)
    http.post("auth/refresh", json={"refreshToken": tokens["refreshToken"] + "x"})
    refreshed = http.post(
        "auth/refresh", json={}, headers={"cookie": f"__Secure-refresh_token={tokens['refreshToken']}"}
    )
    assert refreshed.status_code == 200
    http.post("auth/refresh", json={"refreshToken": tokens["refreshToken"]})
    http.post("auth/logout", json={"refreshToken": refreshed.json()["refreshToken"]})


def _have_a_link(aviary: Aviary, http: httpx.Client, address: str) -> None:
    """Open the link that verifies an address in all ways that fail, and in the one that does not."""
    with aviary.stack.server.connect("identity") as connection:
        [(mail_id,)] = connection.execute(
            "SELECT m.id FROM account_mails m JOIN users u ON u.id = m.user_id WHERE u.email = %s", [address]
        ).fetchall()
    secrets = credentials.load(aviary.stack.settings.data_dir / credentials.FILE)
    token = Tokens(secrets["signing-key"]).of(mail_id)
    aviary.keep("token of a link", token)
    http.post(f"auth/account-page?token={token}")
    http.get("auth/account-page", params={"x": "y", "token": token})
    http.get("auth/nothing", params={"token": token})
    http.get("auth/account-page", params={"token": token}, headers={"host": "a,b"})
    http.post("auth/reset-password", json={"token": token, "newPassword": PASSWORD})
    page = http.get("auth/account-page", params={"token": token})
    assert 'data-page="verify"' in page.text
    http.post("auth/account-page", data={"token": token, "x": "y"})
    assert 'data-page="verified"' in http.get("auth/account-page", params={"token": token}).text


def test_the_forms_of_a_secret_are_known() -> None:
    bird = Aviary(stack=None, collector=None, canaries={"bird": PASSWORD})  # type: ignore[arg-type]
    assert all(
        bird.found_in(text) == {"bird"}
        for text in (
            f"login of {PASSWORD} failed",
            f"postgresql://me:{quote(PASSWORD, safe='')}@host/db",
            f"GET /?q={quote(PASSWORD)}",
            json.dumps({"password": PASSWORD}),
            repr(PASSWORD.encode().hex()),
            *(base64.b64encode(f"{before}{PASSWORD}:after".encode()).decode() for before in ("", "a", "ab", "abc")),
            base64.urlsafe_b64encode(f"me:{PASSWORD}".encode()).decode(),
        )
    )
    assert bird.found_in("login failed") == set()


def test_the_logs_and_files_hold_none(aviary: Aviary) -> None:
    seen = set()
    for file in aviary.stack.settings.data_dir.rglob("*"):
        if (
            not file.is_file()
            or file.name in KEPT
            or file.suffix == ".eml"
            or ("postgres" in file.parts and file.suffix != ".log")
        ):
            continue
        seen.add(file.name)
        assert aviary.found_in(file.read_text(errors="replace")) == set(), file
    assert {"identity.log", "gateway.log", "postgres.log", "booking.log", "bank.log", "envoy.yaml", "lock"} <= seen


def test_the_answers_hold_none(aviary: Aviary) -> None:
    assert len(aviary.answers) > 30
    statuses = {int(answer.split()[2]) for answer in aviary.answers}
    assert {200, 400, 401, 404, 503} <= statuses
    # What one asked for is in the line, and may come back: whatever a request's own address says.
    for answer in aviary.answers:
        asked, _, answered = answer.partition("{")
        assert aviary.found_in(answered) - aviary.found_in(asked) == set(), answer


def test_no_public_event_holds_what_people_have_written(aviary: Aviary) -> None:
    """Nor a secret; and payment, which reads them as a service by its certificate, has read all."""
    server = aviary.stack.server
    with server.connect("inventory") as inventory, server.connect("booking") as booking:
        shows = inventory.execute("SELECT kind, payload, key::text FROM topic_events").fetchall()
        bookings = booking.execute("SELECT kind, payload, key::text FROM topic_events").fetchall()
        assert {"CREATED", "CONFIRMED", "REFUNDED"} <= {kind for kind, *_ in bookings}
        titles = [title for (title,) in inventory.execute("SELECT title FROM events").fetchall()]
        assert PERSONAL["event's title"] in titles, "the canaries are there"
    for kind, payload, key in (*shows, *bookings):
        text = f"{kind} {key} {bytes(payload).decode(errors='replace')}"
        assert among(PERSONAL, text) | aviary.found_in(text) == set()
        assert not [title for title in titles if title in text]

    def all_is_read() -> bool:
        with server.connect("booking") as booking, server.connect("payment") as payment:
            last = booking.execute("SELECT position FROM topics").fetchall()
            read_to = payment.execute("SELECT read_to FROM topic_progress").fetchall()
        return read_to == last != [(0,)]

    assert wait_until(all_is_read, SECONDS)


def test_the_metrics_hold_none(aviary: Aviary) -> None:
    settings = aviary.stack.settings
    ports = [one.port(settings, "METRICS_PORT") for one in replicas(settings)]
    pages = [f"http://127.0.0.1:{port}/metrics" for port in (*ports, settings.gateway_metrics_port)]
    admin = f"http://127.0.0.1:{settings.envoy_admin_port}"
    for page in (*pages, f"{admin}/config_dump?include_eds", f"{admin}/certs", f"{admin}/server_info"):
        with urlopen(page, timeout=SECONDS) as answer:
            text = answer.read().decode()
        assert len(text) > 100
        assert aviary.found_in(text) == set(), page


def test_the_traces_hold_none(aviary: Aviary) -> None:
    assert aviary.collector.any(lambda spans: len({span.service for span in spans}) > 2)
    texts = [str(span.proto) for span in aviary.collector._spans]
    assert len(texts) > 50
    assert aviary.found_in("\n".join(texts)) == set()


def test_what_the_launcher_and_its_verbs_say_holds_none(
    aviary: Aviary, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = aviary.stack.settings
    assert control.status(settings) == 0
    assert control.audit(settings, None, always=False, wait_seconds=audit.REST_SECONDS) == 0
    assert story.play(settings) == 0
    assert control.logs(settings, [], lines=200, follow=False) == 0
    out, err = capfd.readouterr()
    assert len(out) > 5_000
    assert aviary.found_in("\n".join([*aviary.lines, out, err, repr(settings), str(tokens.opened(settings))])) == set()


def test_no_process_has_one_in_its_title(aviary: Aviary) -> None:
    titles = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            titles.append(file.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue  # it has ended
    assert any("services.booking" in title for title in titles)
    assert any("postgres: booking" in title for title in titles)
    assert [aviary.found_in(title) for title in titles if aviary.found_in(title)] == []


@pytest.mark.parametrize(
    ("service", "wrong"),
    [
        ("booking", {"PORT": "none"}),
        ("booking", {"DATABASE_URL": "postgresql://booking:{booking}@127.0.0.1:1/booking"}),
        ("booking", {"DATABASE_URL": "{booking}"}),
        ("identity", {"SIGNING_KEY_SECRET": "{password}"}),
        ("booking", {"TICKET_KEY_SECRET": "{password}"}),
        ("notifications", {"WEBHOOK_KEY_SECRET": "{password}"}),
        ("notifications", {"UNSUBSCRIBE_SECRET": "{password}"}),
        ("identity", {"SIGNING_KEY_SECRET": "{webhook}", "ENVIRONMENT": "development"}),
        ("payment", {"PAYMENT_WEBHOOK_SECRET": "{password}"}),
        ("payment", {"PAYMENT_WEBHOOK_SECRET": "{webhook}", "PAYMENT_GATEWAY_URL": "{webhook}"}),
        ("bank", {"WEBHOOK_URL": "{webhook}"}),
        ("booking", {"TLS_KEY_FILE": "{tls}/inventory/key.pem"}),
        ("booking", {"TLS_CERT_FILE": "{tls}/booking/key.pem"}),
        ("booking", {"AUTH": "off", "HOST": "0.0.0.0"}),
    ],
)
def test_a_refused_start_tells_none(aviary: Aviary, service: str, wrong: dict[str, str]) -> None:
    settings = aviary.stack.settings
    secrets = credentials.load(settings.data_dir / credentials.FILE)
    environment = services.environments(settings, secrets, {})[service]
    values = secrets.secrets | {"tls": str(settings.tls()), "password": PASSWORD}
    environment = environment | {name: text.format(**values) for name, text in wrong.items()}
    module = next(one.service.module for one in replicas(settings) if one.service.name == service)
    done = subprocess.run(
        [sys.executable, "-m", module],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode != 0
    assert done.stderr + done.stdout
    assert aviary.found_in(done.stdout + done.stderr) == set(), done.stderr
