"""What the gateway says by itself to somebody who asked for a page of the shop: a page, in English and Hindi.

The API's paths keep their JSON, whatever the caller takes.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from gateway import shedding

_SOURCE = (Path(__file__).parent / "apology.html").read_text(encoding="utf-8")
_TEMPLATE = Template(_SOURCE)

NOT_PAGES = r"/(?:api|boxoffice\.|grpc\.|\.well-known|healthz).*"
"""The paths that are not the shop's, as routes.yaml has them."""


@dataclass(frozen=True)
class Apology:
    """What is said instead of the page."""

    when: dict[str, Any]
    """Which of Envoy's replies are meant."""
    title: str
    text: str
    title_hi: str
    text_hi: str
    retry_after_seconds: int
    status: int | None = None
    """The status to send, where it is not Envoy's own."""


def _status_is(status: int) -> dict[str, Any]:
    value = {"default_value": status, "runtime_key": f"apologies.{status}"}
    return {"status_code_filter": {"comparison": {"op": "EQ", "value": value}}}


_BUSY = (
    "Too much is going on",
    "Very many people are here right now. Try again in a few seconds. What you sent was not done.",
    "अभी बहुत भीड़ है",
    "अभी बहुत सारे लोग यहाँ हैं। कुछ सेकंड बाद फिर कोशिश करें। आपने जो भेजा था, वह नहीं हुआ।",
    2,
    429,
)
_FAILED = {"response_flag_filter": {"flags": ["UF", "UC", "UR", "LR"]}}

_AWAY = Apology(
    {"and_filter": {"filters": [_status_is(503), _FAILED]}},
    "The shop is away",
    "It should be back in a moment. Nothing that was booked or paid is lost. If you were sending a form, go back and "
    "send it again: it is done once.",
    "दुकान अभी बंद है",
    "यह थोड़ी देर में चालू हो जानी चाहिए। जो बुक हुआ या चुकाया गया, वह सुरक्षित है। "
    "यदि आप कोई फ़ॉर्म भेज रहे थे, तो वापस जाकर उसे फिर से भेजें: वह एक ही बार होगा।",
    5,
)

APOLOGIES = (
    _AWAY,
    Apology({"response_flag_filter": {"flags": ["UO"]}}, *_BUSY),
    Apology(_status_is(shedding.REFUSED), *_BUSY),
    Apology(_status_is(429), *_BUSY),
    Apology(
        _status_is(504),
        "This took too long",
        "What became of it is not known here. If you were booking or paying, look under My bookings first.",
        "इसमें बहुत समय लग गया",
        "इसका क्या हुआ, यह यहाँ पता नहीं है। यदि आप बुकिंग या भुगतान कर रहे थे, तो पहले “मेरी बुकिंग” में देखें।",
        5,
    ),
    Apology(_status_is(503), _AWAY.title, _AWAY.text, _AWAY.title_hi, _AWAY.text_hi, _AWAY.retry_after_seconds),
)
"""The first that fits is said."""


def _policy() -> str:
    [style] = re.findall(r"<style>(.*?)</style>", _SOURCE, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def mappers() -> list[dict[str, Any]]:
    """Return the pages as mappers of Envoy's local_reply_config."""
    return [_mapper(each) for each in APOLOGIES]


def _mapper(apology: Apology) -> dict[str, Any]:
    texts = {name: escape(getattr(apology, name)) for name in ("title", "text", "title_hi", "text_hi")}
    headers = {
        "content-security-policy": _policy(),
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "cache-control": "no-store",
        "retry-after": str(apology.retry_after_seconds),
    }
    mapper: dict[str, Any] = {
        "filter": {"and_filter": {"filters": [apology.when, *_ASKED_FOR_A_PAGE]}},
        "headers_to_add": [
            {"header": {"key": name, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
            for name, value in headers.items()
        ],
        "body_format_override": {
            "text_format_source": {"inline_string": _TEMPLATE.substitute(texts).replace("%", "%%")},
            "content_type": "text/html; charset=utf-8",
        },
    }
    if apology.status is not None:
        mapper["status_code"] = apology.status
    return mapper


def _header(name: str, pattern: str, *, inverted: bool = False) -> dict[str, Any]:
    header = {"name": name, "string_match": {"safe_regex": {"regex": pattern}}, "invert_match": inverted}
    return {"header_filter": {"header": header}}


_ASKED_FOR_A_PAGE = (_header("accept", "(?i).*text/html.*"), _header(":path", NOT_PAGES, inverted=True))
