"""A stand-in for Razorpay: an account that behaves as its documentation says, and misbehaves as real ones do.

What it does is from Razorpay's public documentation of payment links, refunds, disputes and webhooks.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

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
    disputes: dict[str, Json] = field(default_factory=dict)
    being_paid: set[str] = field(default_factory=set)
    """Our ids of links whose payment is under way."""
    refusals: dict[str, list[str]] = field(default_factory=dict)
    """Why the next refunds of payments are refused."""
    never_refunded: dict[str, str] = field(default_factory=dict)
    """Why all refunds of payments are refused."""
    asked: list[str] = field(default_factory=list)

    def link_of(self, reference: str) -> Json:
        [link] = [link for link in self.links.values() if link["reference_id"] == reference]
        return link

    @property
    def balance(self) -> int:
        """What the account has: what customers have paid, less fees, refunds and lost disputes."""
        captured = [payment for payment in self.payments.values() if payment["status"] == "captured"]
        kept: int = sum(one["amount"] - one["amount_refunded"] - (one["fee"] or 0) for one in captured)
        lost: int = sum(dispute["amount_deducted"] for dispute in self.disputes.values())
        return kept - lost

    def forget_keys(self) -> None:
        """Let the horizon of idempotency keys pass."""
        self.keys.clear()

    def pay(self, reference: str, *, fee: int = 1180, tax: int = 180, method: str = "upi") -> Json:
        """Have the customer pay a link, also one that has ended: a payment that was under way then may come through."""
        link = self.link_of(reference)
        payment = self._payment(link, "captured") | {"fee": fee, "tax": tax, "method": method}
        self.payments[payment["id"]] = payment
        link["payments"] = [
            {
                "payment_id": payment["id"],
                "amount": link["amount"],
                "status": "captured",
                "method": method,
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
        is_paid = link["status"] in ("paid", "partially_paid") or link["reference_id"] in self.being_paid
        if is_paid or self.moods.refuse_cancels:
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
        why_not = self.moods.refusal or self.never_refunded.get(payment_id)
        if refusals := self.refusals.get(payment_id):
            why_not = refusals.pop()
        if why_not:
            raise _refusal(why_not)
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

    def dispute(self, payment: Json, amount: int = 0) -> Json:
        """Let the customer's bank want a payment back."""
        dispute = {
            "id": _id("disp"),
            "entity": "dispute",
            "payment_id": payment["id"],
            "amount": amount or payment["amount"],
            "currency": payment["currency"],
            "amount_deducted": 0,
            "reason_code": "chargeback_authorization",
            "respond_by": int(time.time()) + 7 * 24 * 3600,
            "status": "open",
            "phase": "chargeback",
            "created_at": int(time.time()),
        }
        self.disputes[dispute["id"]] = dispute
        return dispute

    def decide(self, dispute: Json, status: str) -> None:
        """Let a dispute be won, lost or closed."""
        dispute["status"] = status
        dispute["amount_deducted"] = dispute["amount"] if status == "lost" else 0

    def dispute_event(self, what: str, dispute: Json) -> bytes:
        """Return the body of a webhook about a dispute."""
        payment = self.payments[dispute["payment_id"]]
        return self.event(f"payment.dispute.{what}", payment=payment, dispute=dispute)

    def fail_refund(self, refund: Json) -> None:
        """Let a refund fail, be it after it was processed."""
        refund["status"] = "failed"
        self.payments[refund["payment_id"]]["amount_refunded"] -= refund["amount"]


class Refused(Exception):
    """A request that Razorpay does not carry out."""

    def __init__(self, status: int, description: str) -> None:
        super().__init__(description)
        error = {"code": "BAD_REQUEST_ERROR", "description": description, "source": "NA", "step": "NA", "reason": "NA"}
        self.status = status
        self.answer: Json = {"error": error | {"metadata": {}}}


def _refusal(description: str, status: int = 400) -> Refused:
    return Refused(status, description)


def environment(stand_in: StandIn) -> Mapping[str, str]:
    """Return what payment is told to use the stand-in."""
    return {
        "PAYMENT_GATEWAY": "razorpay",
        "RAZORPAY_KEY_ID": KEY_ID,
        "RAZORPAY_KEY_SECRET": KEY_SECRET,
        "RAZORPAY_WEBHOOK_SECRET": WEBHOOK_SECRET,
        "RAZORPAY_URL": stand_in.url,
    }
