"""A stand-in for Razorpay: a real HTTP server that answers as its documentation says, and misbehaves as real ones do.

What it does is from Razorpay's public documentation of payment links, refunds, disputes and webhooks.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

KEY_ID = "rzp_test_0123456789abcd"
KEY_SECRET = "the-secret-of-the-key-24"
WEBHOOK_SECRET = "the-secret-of-webhooks-24"

Json = dict[str, Any]
Post = Callable[[bytes, dict[str, str]], Awaitable[int]]
"""How webhooks are delivered: a body and headers go, a status comes."""


def sign(secret: str, body: bytes) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _id(kind: str) -> str:
    return f"{kind}_{secrets.token_hex(7)}"


@dataclass
class Moods:
    """How it misbehaves."""

    lose_answers: int = 0
    """How many POSTs are carried out whose answers never come."""
    hang: bool = False
    status: int = 0
    """A page in HTML with this status is all that comes."""
    refuse_cancels: bool = False
    """Whether links are being paid, so that they cannot be cancelled."""
    refunds: str = "processed"
    """What refunds are at first."""
    refusal: str = ""
    """Why refunds are refused."""
    expand: bool = True
    """Whether links show their payments once they are paid."""


@dataclass
class StandIn:
    """The account of one merchant."""

    url: str = ""
    post: Post | None = None
    moods: Moods = field(default_factory=Moods)
    links: dict[str, Json] = field(default_factory=dict)
    payments: dict[str, Json] = field(default_factory=dict)
    refunds: dict[str, Json] = field(default_factory=dict)
    keys: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    """Idempotency keys of refunds: the body, and the refund that was made."""
    asked: list[str] = field(default_factory=list)

    def link_of(self, reference: str) -> Json:
        [link] = [link for link in self.links.values() if link["reference_id"] == reference]
        return link

    def forget_keys(self) -> None:
        """Let the horizon of idempotency keys pass."""
        self.keys.clear()

    def pay(self, reference: str, *, fee: int = 1180, tax: int = 180) -> Json:
        """Have the customer pay a link, also one that has ended: a payment that was under way then may come through."""
        link = self.link_of(reference)
        payment = self._payment(link, "captured") | {"fee": fee, "tax": tax}
        self.payments[payment["id"]] = payment
        link["payments"] = [
            {
                "payment_id": payment["id"],
                "amount": link["amount"],
                "status": "captured",
                "method": "upi",
                "plink_id": link["id"],
            }
        ]
        if link["status"] == "created":
            link |= {"status": "paid", "amount_paid": link["amount"]}
        return payment

    def fail(self, reference: str) -> Json:
        """Have the customer's payment fail: the link stays open."""
        payment = self._payment(self.link_of(reference), "failed")
        self.payments[payment["id"]] = payment
        return payment

    def returns_with(self, reference: str) -> dict[str, str]:
        """Return the query that a customer returns with."""
        link = self.link_of(reference)
        payment_id = link["payments"][0]["payment_id"]
        signed = "|".join((link["id"], reference, link["status"], payment_id))
        return {
            "razorpay_payment_id": payment_id,
            "razorpay_payment_link_id": link["id"],
            "razorpay_payment_link_reference_id": reference,
            "razorpay_payment_link_status": link["status"],
            "razorpay_signature": sign(KEY_SECRET, signed.encode()),
        }

    def event(self, type_: str, **entities: Json) -> bytes:
        """Return the body of a webhook."""
        payload = {name: {"entity": entity} for name, entity in entities.items()}
        event = {"entity": "event", "account_id": "acc_1", "event": type_, "contains": list(entities)}
        return json.dumps(event | {"payload": payload, "created_at": int(time.time())}).encode()

    def link_event(self, type_: str, reference: str) -> bytes:
        return self.event(type_, payment_link=self.link_of(reference))

    async def tell(self, body: bytes, *, secret: str = WEBHOOK_SECRET) -> int:
        """Deliver a webhook; return the status that is answered."""
        assert self.post is not None
        headers = {"x-razorpay-signature": sign(secret, body), "x-razorpay-event-id": _id("ev")}
        return await self.post(body, headers | {"content-type": "application/json"})

    def _payment(self, link: Json, status: str) -> Json:
        return {
            "id": _id("pay"),
            "entity": "payment",
            "amount": link["amount"],
            "currency": link["currency"],
            "status": status,
            "captured": status == "captured",
            "order_id": link["order_id"],
            "method": "upi",
            "amount_refunded": 0,
            "notes": [],
            "fee": None,
            "tax": None,
        }

    async def create_link(self, wish: Json) -> Json:
        if wish["expire_by"] < time.time() + 15 * 60:
            raise _refusal("timestamp must be atleast 15 minutes in future")
        if any(link["reference_id"] == wish["reference_id"] for link in self.links.values()):
            raise _refusal("payment link creation with reference ID already attempted")
        if len(wish["reference_id"]) > 40:
            raise _refusal("reference_id: the length must be no more than 40.")
        id_ = _id("plink")
        made = {
            "id": id_,
            "status": "created",
            "amount_paid": 0,
            "payments": None,
            "short_url": f"https://rzp.io/i/{id_}",
        }
        self.links[id_] = {**wish, **made, "order_id": _id("order"), "cancelled_at": 0, "expired_at": 0, "user_id": ""}
        return self.links[id_]

    async def cancel_link(self, id_: str) -> Json:
        link = self.links.get(id_)
        if link is None:
            raise _refusal("The id provided does not exist")
        if link["status"] in ("paid", "partially_paid") or self.moods.refuse_cancels:
            raise _refusal("cannot cancel or expire an already paid/partially paid link")
        if link["status"] != "created":
            raise _refusal("cannot cancel or expire an expired link")
        link |= {"status": "cancelled", "cancelled_at": int(time.time())}
        return link

    async def create_refund(self, payment_id: str, raw: bytes, key: str) -> Json:
        payment, wish = self.payments[payment_id], json.loads(raw)
        if key in self.keys:
            body, refund_id = self.keys[key]
            if body != raw:
                raise _refusal("Different request with the same idempotency key has already been processed.", 409)
            return self.refunds[refund_id]
        if self.moods.refusal:
            raise _refusal(self.moods.refusal)
        if payment["amount_refunded"] + wish["amount"] > payment["amount"]:
            raise _refusal("The refund amount provided is greater than amount captured")
        refund = {
            **wish,
            "id": _id("rfnd"),
            "entity": "refund",
            "currency": payment["currency"],
            "payment_id": payment_id,
            "status": self.moods.refunds,
        }
        if refund["status"] != "failed":
            payment["amount_refunded"] += wish["amount"]
        self.refunds[refund["id"]] = refund
        if len(key) >= 10:
            self.keys[key] = raw, refund["id"]
        return refund

    def fail_refund(self, refund: Json) -> None:
        """Let a refund fail, be it after it was processed."""
        refund["status"] = "failed"
        self.payments[refund["payment_id"]]["amount_refunded"] -= refund["amount"]


class _Refused(Exception):
    def __init__(self, status: int, description: str) -> None:
        super().__init__(description)
        error = {"code": "BAD_REQUEST_ERROR", "description": description, "source": "NA", "step": "NA", "reason": "NA"}
        self.answer = web.json_response({"error": error | {"metadata": {}}}, status=status)


def _refusal(description: str, status: int = 400) -> _Refused:
    return _Refused(status, description)


def _routes(stand_in: StandIn) -> web.RouteTableDef:
    routes = web.RouteTableDef()

    @routes.post("/v1/payment_links")
    async def create(request: web.Request) -> web.StreamResponse:
        return web.json_response(await stand_in.create_link(await request.json()))

    @routes.get("/v1/payment_links")
    async def find(request: web.Request) -> web.StreamResponse:
        reference, payment_id = request.query.get("reference_id"), request.query.get("payment_id")
        found = [
            link
            for link in stand_in.links.values()
            if (reference is None or link["reference_id"] == reference)
            and (payment_id is None or payment_id in [one["payment_id"] for one in link["payments"] or ()])
        ]
        return web.json_response({"payment_links": found})

    @routes.post("/v1/payment_links/{id}/cancel")
    async def cancel(request: web.Request) -> web.StreamResponse:
        return web.json_response(await stand_in.cancel_link(request.match_info["id"]))

    @routes.get("/v1/payments/{id}")
    async def payment(request: web.Request) -> web.StreamResponse:
        return web.json_response(stand_in.payments[request.match_info["id"]])

    @routes.get("/v1/payments/{id}/refunds")
    async def refunds(request: web.Request) -> web.StreamResponse:
        of = [one for one in stand_in.refunds.values() if one["payment_id"] == request.match_info["id"]]
        return web.json_response({"entity": "collection", "count": len(of), "items": of})

    @routes.post("/v1/payments/{id}/refund")
    async def refund(request: web.Request) -> web.StreamResponse:
        key = request.headers.get("x-refund-idempotency", "")
        return web.json_response(await stand_in.create_refund(request.match_info["id"], await request.read(), key))

    return routes


@asynccontextmanager
async def razorpay() -> AsyncIterator[StandIn]:
    """Run a stand-in on a free port."""
    stand_in = StandIn()
    expected = "Basic " + base64.b64encode(f"{KEY_ID}:{KEY_SECRET}".encode()).decode()

    @web.middleware
    async def misbehave(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        moods = stand_in.moods
        stand_in.asked.append(f"{request.method} {request.path}")
        if request.headers.get("authorization") != expected:
            return web.json_response({"error": {"description": "The api key provided is invalid"}}, status=401)
        if moods.hang:
            await asyncio.Event().wait()
        if moods.status:
            return web.Response(status=moods.status, text="<html>502 Bad Gateway</html>", content_type="text/html")
        try:
            answer = await handler(request)
        except _Refused as refused:
            return refused.answer
        if moods.lose_answers and request.method == "POST":
            moods.lose_answers -= 1
            assert request.transport is not None
            request.transport.close()
        return answer

    app = web.Application(middlewares=[misbehave])
    app.add_routes(_routes(stand_in))
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    [address] = runner.addresses
    stand_in.url = f"http://127.0.0.1:{address[1]}/v1"
    try:
        yield stand_in
    finally:
        await runner.cleanup()


def environment(stand_in: StandIn) -> Mapping[str, str]:
    """Return what payment is told to use the stand-in."""
    return {
        "PAYMENT_GATEWAY": "razorpay",
        "RAZORPAY_KEY_ID": KEY_ID,
        "RAZORPAY_KEY_SECRET": KEY_SECRET,
        "RAZORPAY_WEBHOOK_SECRET": WEBHOOK_SECRET,
        "RAZORPAY_URL": stand_in.url,
    }
