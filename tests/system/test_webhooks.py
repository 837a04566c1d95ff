"""Webhooks that are forged, fit nothing or come again; and the checkout page."""

import base64
import hashlib
import hmac
import json
import time
from uuid import uuid4

from stack.credentials import load
from stack.launcher import Stack
from tests.system.client import Client, Json, Show, new_user, ok, refusal
from tests.system.databases import at_rest, contents, rows, unchanged

WEBHOOK = "payments/webhook"

# --- Webhooks


def signed(secret: str, event_id: str, body: bytes, *, at: float | None = None) -> dict[str, str]:
    """Sign a webhook as the Standard Webhooks specification says."""
    stamp = str(int(time.time() if at is None else at))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{event_id}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": event_id,
        "webhook-timestamp": stamp,
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
        "content-type": "application/json",
    }


async def paid_event(stack: Stack, client: Client, show: Show) -> tuple[Json, bytes]:
    """Return a PENDING booking with an open session, and the body that would say it was paid."""
    booking = await client.booked(show, new_user(), show.seats[:1])
    initiated = ok(await client.initiate(booking))
    data = {
        "payment_id": initiated["paymentId"],
        "session_id": initiated["sessionId"],
        "amount": initiated["amount"],
        "currency": initiated["currency"],
    }
    event = {"type": "payment.captured", "timestamp": "2026-11-21T18:00:00Z", "data": data}
    return booking, json.dumps(event).encode()


async def test_a_forged_webhook_changes_nothing(stack: Stack, client: Client, show: Show) -> None:
    booking, body = await paid_event(stack, client, show)
    secret = load(stack.settings.data_dir / "credentials.json")["webhook"]
    wrong = "whsec_" + base64.b64encode(b"0123456789abcdefghijklmnop").decode()
    good = signed(secret, "evt_x", body)
    async with unchanged(stack.server):
        forgeries = {
            "no signature": ({"content-type": "application/json"}, body),
            "another secret": (signed(wrong, "evt_x", body), body),
            "301 s old": (signed(secret, "evt_x", body, at=time.time() - 301), body),
            "far ahead": (signed(secret, "evt_x", body, at=time.time() + 330), body),
            "another id": (good | {"webhook-id": "evt_y"}, body),
            "another time": (good | {"webhook-timestamp": str(int(good["webhook-timestamp"]) - 1)}, body),
            "a body that was changed": (good, body.replace(b"INR", b"USD")),
            "a space more": (good, body + b" "),
            "no version": (good | {"webhook-signature": good["webhook-signature"].removeprefix("v1,")}, body),
            "not base64": (good | {"webhook-signature": "v1,\u00e9"}, body),
            "no number": (good | {"webhook-timestamp": "now"}, body),
            "not text": (good, b"\xff\xfe\x00"),
            "nothing": (good, b""),
        }
        for name, (headers, content) in forgeries.items():
            encoded = {key: text.encode("latin-1") for key, text in headers.items()}
            answer = await client.ask("POST", WEBHOOK, content=content, headers=encoded)
            assert answer.status_code == 401, name
            refused = refusal(answer)
            assert (refused.status, refused.reason) == (401, "INVALID_SIGNATURE"), name
    assert (await client.booking(booking["id"]))["status"] == "PENDING"


async def test_a_signed_webhook_that_fits_no_payment_changes_nothing(stack: Stack, client: Client, show: Show) -> None:
    _, body = await paid_event(stack, client, show)
    secret = load(stack.settings.data_dir / "credentials.json")["webhook"]
    event = json.loads(body)
    async with unchanged(stack.server):

        def changed(**data: object) -> bytes:
            return json.dumps(event | {"data": event["data"] | data}).encode()

        bodies = {
            changed(payment_id=str(uuid4())): (404, "PAYMENT_NOT_FOUND"),
            changed(amount=1): (400, "EVENT_MISMATCH"),
            changed(currency="USD"): (400, "EVENT_MISMATCH"),
            changed(session_id=f"sess_{uuid4()}"): (400, "EVENT_MISMATCH"),
            changed(amount="1"): (400, "INVALID_FIELD"),
            changed(payment_id="\0"): (400, "INVALID_FIELD"),
            json.dumps(event | {"type": None}).encode(): (400, "INVALID_FIELD"),
            b"{": (400, "INVALID_FIELD"),
            # Only text can be signed, so what is none has no good signature.
            b"\xff": (401, "INVALID_SIGNATURE"),
            b"[" * 60_000: (400, "INVALID_FIELD"),
            b'"' + b"x" * 70_000 + b'"': (400, "INVALID_FIELD"),
        }
        for number, (content, expected) in enumerate(bodies.items()):
            headers = signed(secret, f"evt_{number}", content)
            refused = refusal(await client.ask("POST", WEBHOOK, content=content, headers=headers))
            assert (refused.status, refused.reason) == expected, content[:100]
        imagined = json.dumps(event | {"type": "payment.imagined"}).encode()
        headers = signed(secret, "evt_imagined", imagined)
        assert ok(await client.ask("POST", WEBHOOK, content=imagined, headers=headers)) == {"status": "ignored"}


async def test_the_banks_own_webhook_played_again_changes_nothing(stack: Stack, client: Client, show: Show) -> None:
    booking = await client.confirmed(show, new_user(), show.seats[:1])
    ok(await client.refund(booking))
    await client.until_payment(booking["id"], "REFUNDED")
    await at_rest(stack.server)
    secret = load(stack.settings.data_dir / "credentials.json")["webhook"]
    sent = rows(
        stack.server,
        "payment",
        "SELECT d.id, d.payload FROM bank.deliveries d JOIN payments p ON p.session_id = d.session_id"
        " WHERE p.booking_id = %s ORDER BY d.created_at",
        booking["id"],
    )
    assert len(sent) == 2
    await at_rest(stack.server)
    before = contents(stack.server)
    for event_id, payload in sent * 2:
        body = bytes(payload)
        assert ok(await client.ask("POST", WEBHOOK, content=body, headers=signed(secret, event_id, body))) == {
            "status": "processed"
        }
    await at_rest(stack.server)
    assert contents(stack.server) == before
    # The same news under a new name are remembered, and change nothing else.
    for number, (_, payload) in enumerate(sent):
        body = bytes(payload)
        headers = signed(secret, f"evt_again_{number}", body)
        assert (await client.ask("POST", WEBHOOK, content=body, headers=headers)).status_code == 200
    await at_rest(stack.server)
    after = contents(stack.server)
    assert {table for table in after if after[table] != before[table]} == {"payment.webhook_events"}


# --- The checkout page


async def test_the_checkout_page_shows_what_is_paid_for(client: Client, show: Show) -> None:
    booking = await client.booked(show, new_user(), show.seats[:2])
    initiated = ok(await client.initiate(booking))
    page = await client.http.get(initiated["paymentUrl"])
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for shown in ("₹400.02", "Stalls R1", "Stalls R2", booking["show"]["title"], "Pay", "Decline"):
        assert shown in page.text, shown
    # What the page's buttons do.
    assert (await client.pay(initiated["sessionId"]))["status"] == "CAPTURED"
    assert "The payment went through." in (await client.http.get(initiated["paymentUrl"])).text


async def test_an_unknown_session_has_a_page_and_cannot_be_paid(stack: Stack, client: Client) -> None:
    session = f"sess_{uuid4()}"
    async with unchanged(stack.server):
        refused = refusal(await client.ask("POST", f"payments/simulate/{session}", {"result": "SUCCESS"}))
        assert (refused.status, refused.reason) == (404, "SESSION_NOT_FOUND")
        page = await client.ask("GET", f"payments/fake-checkout/{session}")
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert "There is no such checkout." in page.text
