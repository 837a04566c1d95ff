"""The page that a link leads to, in the reader's language. It has no script: a button sends its form."""

import base64
import hashlib
import re
from enum import StrEnum
from html import escape
from importlib.resources import files
from string import Template

_SOURCE = files("services.identity.links").joinpath("page.html").read_text(encoding="utf-8")
_TEMPLATE = Template(_SOURCE)
[_STYLE] = re.findall(r"<style>(.*?)</style>", _SOURCE, re.DOTALL)
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

HEADERS = (
    (
        "content-security-policy",
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'self';"
        " frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-store"),
)
"""What goes out with the page: its address has a token, which nobody else is told."""

SHORTEST, LONGEST = 8, 128
"""Characters of a password."""


class Page(StrEnum):
    """What the page is for."""

    VERIFY = "verify"
    VERIFIED = "verified"
    RESET = "reset"
    TOO_WEAK = "too-weak"
    """Of a new password that is none: it may be given again."""
    IS_RESET = "is-reset"
    OVER = "over"


_WORDS = {
    "en": {
        Page.VERIFY: ("Verify your e-mail address", "One click, and we know that this address is yours."),
        Page.VERIFIED: ("Your e-mail address is verified", "You can close this page."),
        Page.RESET: ("Set a new password", "Whoever is logged in to your account is logged out."),
        Page.TOO_WEAK: ("Set a new password", "A password has 8 to 128 characters. Please choose another one."),
        Page.IS_RESET: ("Your password is set", "You can log in with it now."),
        Page.OVER: ("This link is not good any more", "A link is good once, for 30 minutes. Please ask for a new one."),
        "label": "New password",
        "to-verify": "Verify",
        "to-reset": "Set the password",
    },
    "hi": {
        Page.VERIFY: ("अपना ईमेल पता सत्यापित करें", "एक क्लिक से हमें पता चल जाएगा कि यह पता आपका है।"),
        Page.VERIFIED: ("आपका ईमेल पता सत्यापित हो गया है", "आप यह पेज बंद कर सकते हैं।"),
        Page.RESET: ("नया पासवर्ड चुनें", "आपके खाते में जो भी लॉग इन है, वह लॉग आउट हो जाएगा।"),
        Page.TOO_WEAK: ("नया पासवर्ड चुनें", "पासवर्ड में 8 से 128 अक्षर होते हैं। कृपया दूसरा चुनें।"),
        Page.IS_RESET: ("आपका पासवर्ड बदल गया है", "अब आप इससे लॉग इन कर सकते हैं।"),
        Page.OVER: ("यह लिंक अब मान्य नहीं है", "लिंक एक बार, 30 मिनट तक मान्य होता है। कृपया नया लिंक मँगवाएँ।"),
        "label": "नया पासवर्ड",
        "to-verify": "सत्यापित करें",
        "to-reset": "पासवर्ड बदलें",
    },
}


def render(page: Page, token: str, language: str) -> bytes:
    """Render the page."""
    words = _WORDS[language]
    title, message = words[page]
    form = ""
    if page in (Page.VERIFY, Page.RESET, Page.TOO_WEAK):
        password, button = "", str(words["to-verify"])
        if page is not Page.VERIFY:
            password = (
                f'<label for="password">{words["label"]}</label><input id="password" name="password" type="password"'
                f' autocomplete="new-password" minlength="{SHORTEST}" maxlength="{LONGEST}" required>'
            )
            button = str(words["to-reset"])
        form = (
            f'<form method="post" action="account-page"><input type="hidden" name="token" value="{escape(token)}">'
            f'{password}<button type="submit">{button}</button></form>'
        )
    return _TEMPLATE.substitute(language=language, page=page.value, title=title, message=message, form=form).encode()
