"""The page to which customers return from a gateway: how their booking stands, as booking says. It has no script."""

import base64
import hashlib
import re
from html import escape
from importlib.resources import files
from string import Template

from services.chassis.errors import Failure, is_transient
from services.chassis.values.currencies import money
from services.payment.clients import BookingClient
from services.payment.domain.payments import Payment, State

_SOURCE = files("services.payment").joinpath("result.html").read_text(encoding="utf-8")
_TEMPLATE = Template(_SOURCE)
[_STYLE] = re.findall(r"<style>(.*?)</style>", _SOURCE, re.DOTALL)
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

HEADERS = (
    (
        "content-security-policy",
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none';"
        " frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-store"),
)
"""What goes out with the page."""

REFRESH_SECONDS = 3

UNKNOWN = "UNKNOWN"

_WORDS = {
    "CONFIRMED": ("Your booking is confirmed", "The payment went through, and the seats are yours."),
    "PENDING": ("Not paid yet", "No payment has come in for this booking. You can go back and pay."),
    "CANCELLED": ("The booking is cancelled", "Money that was taken for it goes back to you."),
    "EXPIRED": (
        "The booking has expired",
        "Money that was taken for it goes back to you, or buys the seats if all are free.",
    ),
    "REFUNDED": ("The booking was given back", "Its refund is on the way to you."),
    UNKNOWN: ("We are looking", "Your booking cannot be looked up at the moment. This page tries again by itself."),
}
_SETTLING = ("The payment is being settled", "This takes a few seconds. The page goes on by itself.")


async def status_of(booking: BookingClient, payment: Payment) -> str:
    """Return what booking says of the booking that a payment is for; UNKNOWN where it cannot be asked."""
    try:
        await booking.payable(payment.booking_id, payment.user_id)
    except Failure as refusal:
        if is_transient(refusal):
            return UNKNOWN
        # PAYMENT_IN_PROGRESS has no status: the money has come, and the seats are being confirmed.
        return refusal.metadata.get("status", "PENDING")
    return "PENDING"


def render(payment: Payment, status: str) -> str:
    """Render the page of a payment whose booking is `status`."""
    is_settling = status == "PENDING" and payment.state in (State.PENDING, State.SUCCESS)
    title, message = _SETTLING if is_settling else _WORDS.get(status, _WORDS[UNKNOWN])
    waits = is_settling or status not in _WORDS or status == UNKNOWN
    return _TEMPLATE.substitute(
        refresh=f'<meta http-equiv="refresh" content="{REFRESH_SECONDS}">' if waits else "",
        status=escape(status),
        title=escape(title),
        message=escape(message),
        amount=escape(money(payment.amount, payment.currency)),
    )
