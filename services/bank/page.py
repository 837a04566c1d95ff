"""The checkout page. All that it says comes from outside and is escaped; it loads nothing and runs one script."""

import base64
import hashlib
import re
from datetime import datetime
from html import escape
from importlib.resources import files
from string import Template

from services.bank.domain.scenarios import SCENARIOS
from services.bank.domain.sessions import Session, Status
from services.chassis.values.currencies import money

_SOURCE = files("services.bank").joinpath("checkout.html").read_text(encoding="utf-8")
_TEMPLATE = Template(_SOURCE)

_ENDS = {
    Status.CAPTURED: ("paid", "Paid", "The payment went through. You can close this page."),
    Status.DECLINED: ("declined", "Declined", "The payment was declined, and no money was taken."),
    Status.EXPIRED: ("expired", "Expired", "The time to pay is up, and no money was taken."),
    Status.CLOSED: ("closed", "Closed", "This payment was called off, and no money was taken."),
}
_UNDER_WAY = ("waiting", "Under way", "The bank takes its time. Your booking says how it stands.")
_METHODS = "".join(
    f'<option value="{escape(method)}">{escape(scenario.about)}</option>' for method, scenario in SCENARIOS.items()
)


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


def render(session: Session, now: datetime) -> str:
    """Render the page of a session as it is at `now`."""
    if session.status == Status.OPEN:
        look, title, message = ("open", "Checkout", "") if session.decides_at is None else _UNDER_WAY
    else:
        look, title, message = _ENDS[session.status]
    return _fill(
        look=look,
        title=title,
        message=message,
        session=session.id,
        seconds=str(max(0, int((session.expires_at - now).total_seconds()))),
        until=session.expires_at.strftime("%H:%M UTC"),
        description=session.description or "Your order",
        items="".join(f"<li>{escape(item)}</li>" for item in session.items),
        amount=money(session.amount, session.currency),
    )


def render_unknown() -> str:
    """Render the page of a session that is not known."""
    return _fill(
        look="unknown",
        title="Not found",
        message="There is no such checkout. Go back to your booking and start the payment again.",
        session="",
        seconds="0",
        until="",
        description="",
        items="",
        amount="",
    )


def _fill(*, items: str, **texts: str) -> str:
    """Fill the page; every text is escaped here, but for items and methods, which are ready."""
    return _TEMPLATE.substitute({name: escape(text) for name, text in texts.items()}, items=items, methods=_METHODS)
