"""The checkout page. All that it says comes from outside and is escaped; it loads nothing and runs one script."""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from datetime import datetime
from html import escape
from importlib.resources import files
from string import Template
from urllib.parse import quote

from services.bank.domain.scenarios import CODE, SCENARIOS, Awaits, awaits
from services.bank.domain.sessions import Method, Session, SessionStatus
from services.chassis.values.currencies import money

_SOURCE = files("services.bank").joinpath("checkout.html").read_text(encoding="utf-8")
_TEMPLATE = Template(_SOURCE)

_Say = tuple[str, str, str]
"""How the page looks, its title, and what it says."""

_ENDS: Mapping[SessionStatus | Awaits, _Say] = {
    SessionStatus.CAPTURED: ("paid", "Paid", "The payment went through. You can close this page."),
    SessionStatus.DECLINED: ("declined", "Declined", "The payment was declined, and no money was taken."),
    SessionStatus.EXPIRED: ("expired", "Expired", "The time to pay is up, and no money was taken."),
    SessionStatus.CLOSED: ("closed", "Closed", "This payment was called off, and no money was taken."),
    Awaits.CODE: ("code", "Code", ""),
    Awaits.APPROVAL: (
        "waiting",
        "Approve it in your app",
        "The request is in your UPI app. This page shows what becomes of it; your booking does, too.",
    ),
    Awaits.BANK: ("waiting", "Under way", "The bank takes its time. Your booking says how it stands."),
}
_SAYS = json.dumps(_ENDS)
_NAMES = {Method.CARD: "Card", Method.UPI: "UPI", Method.NETBANKING: "Netbanking"}


def _options(method: Method | None) -> str:
    """Return the choices that belong to a method; None: the test behaviours that belong to none."""
    return "".join(
        f'<option value="{escape(behaviour)}">{escape(": ".join(filter(None, (one.about, one.gives))))}</option>'
        for behaviour, one in SCENARIOS.items()
        if one.method == method
    )


_CHOICES = {
    "cards": _options(Method.CARD),
    "banks": _options(Method.NETBANKING),
    "behaviours": _options(None),
}
_UPI = {one.gives: behaviour for behaviour, one in SCENARIOS.items() if one.method == Method.UPI}
_UPI_IDS = "; ".join(f"{one.gives} {one.about.lower()}" for one in SCENARIOS.values() if one.method == Method.UPI)


def _hash(tag: str) -> str:
    """Return the source expression of the page's only inline element of this kind."""
    [body] = re.findall(rf"<{tag}>(.*?)</{tag}>", _SOURCE, re.DOTALL)
    return f"'sha256-{base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()}'"


HEADERS = (
    (
        "content-security-policy",
        f"default-src 'none'; script-src {_hash('script')}; style-src {_hash('style')}; connect-src 'self';"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-store"),
)
"""What goes out with every page."""


def render(session: Session, now: datetime, return_url: str = "") -> str:
    """Render the page of a session as it is at `now`; `return_url` is where the merchant has customers go back to."""
    stands = awaits(session) or session.status
    look, title, message = _ENDS.get(stands, ("open", "Checkout", ""))
    if stands == SessionStatus.DECLINED and (scenario := SCENARIOS.get(session.payment_method or "")):
        message = scenario.when_declined
    return _fill(
        method=session.method or Method.CARD,
        look=look,
        title=title,
        message=message,
        reference=_reference(session) if session.status != SessionStatus.OPEN else "",
        session=session.id,
        seconds=str(max(0, int((session.expires_at - now).total_seconds()))),
        until=session.expires_at.strftime("%H:%M UTC"),
        until_time=session.expires_at.isoformat(),
        description=session.description.partition("\n")[0] or "Your order",
        about=session.description.partition("\n")[2],
        items="".join(f"<li>{escape(item)}</li>" for item in session.items),
        amount=money(session.amount, session.currency),
        back=_back(return_url.replace("{order_id}", quote(session.order_id, safe=""))),
    )


def render_unknown() -> str:
    """Render the page of a session that is not known."""
    return _fill(
        look="unknown",
        title="Not found",
        message="There is no such checkout. Go back to your booking and start the payment again.",
        method=Method.CARD,
        reference="",
        session="",
        seconds="0",
        until="",
        until_time="",
        description="",
        about="",
        items="",
        amount="",
        back="",
    )


def _reference(session: Session) -> str:
    """Return what a customer may ask the bank by."""
    parts = (_NAMES[session.method] if session.method else "", session.gateway_payment_id or "")
    return ", reference ".join(filter(None, parts))


def _back(url: str) -> str:
    """Return the link by which customers leave the page, which is called otherwise after a decline; nothing where the
    merchant has none.
    """
    if not url:
        return ""
    link = escape(url)
    return (
        f'<p class="back"><a class="leave" href="{link}">Back to your booking</a>'
        f'<a class="again" href="{link}">Try again</a></p>'
    )


def _fill(*, items: str, back: str, method: Method, **texts: str) -> str:
    """Fill the page, with `method` first. Every text is escaped here, but for items, the link back and choices, which
    are ready.
    """
    chosen = {f"{each.lower()}_checked": " checked" if each == method else "" for each in Method}
    hidden = {f"{each.lower()}_hidden": "" if each == method else " hidden" for each in Method}
    texts |= {"says": _SAYS, "upi": json.dumps(_UPI), "upi_ids": _UPI_IDS, "code": CODE}
    escaped = {name: escape(text) for name, text in texts.items()}
    return _TEMPLATE.substitute(escaped, items=items, back=back, **_CHOICES, **chosen, **hidden)
