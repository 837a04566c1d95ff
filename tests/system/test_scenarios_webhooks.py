"""Well-signed webhooks that are not true, through the gateway: whoever has the secret has not got the money."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from standardwebhooks import Webhook

from stack.credentials import load
from stack.launcher import Stack
from tests.system.client import Client, Json, Show, new_user, ok, refusal
from tests.system.databases import at_rest, contents, money, unchanged

MISMATCH = (400, "EVENT_MISMATCH")


def signed(stack: Stack, initiated: Json, type_: str, **other: Any) -> tuple[bytes, dict[str, str]]:
    """Make an event about a payment, signed with the true secret; return its body and headers."""
    data = {
        "payment_id": initiated["paymentId"],
        "session_id": initiated["sessionId"],
        "amount": initiated["amount"],
        "currency": initiated["currency"],
    }
    now = datetime.now(UTC)
    body = json.dumps({"type": type_, "timestamp": now.isoformat(), "data": data | other})
    id_, secret = f"evt_{uuid4()}", load(stack.settings.data_dir / "credentials.json")["webhook"]
    headers = {
        "content-type": "application/json",
        "webhook-id": id_,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(id_, now, body),
    }
    return body.encode(), headers


async def send(stack: Stack, client: Client, initiated: Json, type_: str, **other: Any) -> tuple[int, str]:
    """Send such an event; return the status and reason of the answer."""
    content, headers = signed(stack, initiated, type_, **other)
    answer = await client.ask("POST", "payments/webhook", content=content, headers=headers)
    return (200, "") if answer.status_code == 200 else (answer.status_code, refusal(answer).reason)


async def test_no_event_confirms_a_booking_that_the_bank_was_not_paid_for(
    stack: Stack, client: Client, show: Show
) -> None:
    booking = await client.booked(show, new_user(), show.seats[:1])
    paid = await client.booked(show, new_user(), show.seats[-1:])
    theirs = ok(await client.initiate(paid))
    mine = ok(await client.initiate(booking))
    await client.pay(theirs["sessionId"])
    await client.until(paid["id"], "CONFIRMED")
    logged = len((stack.logs / "payment.log").read_text())

    async with unchanged(stack.server):
        for type_ in ("payment.captured", "payment.declined", "payment.expired"):
            assert await send(stack, client, mine, type_) == MISMATCH
        for other in (
            {"amount": 1},
            {"session_id": theirs["sessionId"]},
            {"session_id": theirs["sessionId"], "amount": theirs["amount"]},
        ):
            assert await send(stack, client, mine, "payment.captured", **other) == MISMATCH
        assert await send(stack, client, theirs, "payment.captured", payment_id=mine["paymentId"]) == MISMATCH
        unknown = await send(stack, client, mine, "payment.captured", payment_id=str(uuid4()))
        assert unknown == (404, "PAYMENT_NOT_FOUND")
        refund = await send(stack, client, theirs, "refund.succeeded", refund_id=str(uuid4()))
        assert refund == (404, "PAYMENT_NOT_FOUND")
    assert (await client.booking(booking["id"]))["status"] == "PENDING"
    assert "Traceback" not in (stack.logs / "payment.log").read_text()[logged:]

    ok(await client.cancel(booking))
    await at_rest(stack.server)
    assert money(stack.server, booking["id"]) == 0
    assert money(stack.server, paid["id"]) == paid["totalAmount"]


async def test_events_of_what_did_not_happen_leave_a_paid_booking_alone(
    stack: Stack, client: Client, show: Show
) -> None:
    booking = await client.booked(show, new_user(), show.seats[:1])
    initiated = ok(await client.initiate(booking))
    await client.pay(initiated["sessionId"])
    await client.until(booking["id"], "CONFIRMED")
    await at_rest(stack.server)
    types = ("payment.declined", "payment.expired", "payment.captured")
    for _ in ("confirmed", "refunded"):
        before = contents(stack.server)
        for type_ in types:
            assert await send(stack, client, initiated, type_) == (200, "")
        await at_rest(stack.server)
        after = contents(stack.server)
        assert {table for table in after if after[table] != before[table]} == {"payment.webhook_events"}
        if (await client.booking(booking["id"]))["status"] == "CONFIRMED":
            ok(await client.refund(booking))
            await client.until(booking["id"], "REFUNDED")
            await at_rest(stack.server)
    assert (await client.booking(booking["id"]))["status"] == "REFUNDED"
    assert money(stack.server, booking["id"]) == 0
