"""The page of a link by which reminders are given up: a button that posts, and what it says then. No script."""

import base64
import hashlib
import re
from importlib.resources import files
from string import Template

_SOURCE = files("services.notifications.preferences").joinpath("page.html").read_text(encoding="utf-8")
_TEMPLATE = Template(_SOURCE)
_STYLES = re.findall(r"<style>(.*?)</style>", _SOURCE, re.DOTALL)

_WORDS = {
    "en": {
        "title": "Reminders of your shows",
        "message": "Do you want no mails any more that remind you of shows? Mails about your bookings still come.",
        "button": "No more reminders",
        "done": "You get no reminders any more. You can have them again in your preferences.",
    },
    "hi": {
        "title": "आपके शो के रिमाइंडर",
        "message": "क्या आप शो की याद दिलाने वाले मेल अब नहीं चाहते? आपकी बुकिंग के मेल फिर भी आएँगे।",
        "button": "रिमाइंडर बंद करें",
        "done": "अब आपको रिमाइंडर नहीं मिलेंगे। आप इन्हें अपनी पसंद में फिर से चालू कर सकते हैं।",
    },
}
_FORM = (
    '<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click">'
    "<button>{button}</button></form>"
)

HEADERS = (
    (
        "content-security-policy",
        "default-src 'none'; style-src"
        f" 'sha256-{base64.b64encode(hashlib.sha256(''.join(_STYLES).encode()).digest()).decode()}';"
        " base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-store"),
)
"""What goes out with every page."""


def render(language: str, *, is_done: bool) -> bytes:
    """Return the page that asks, or the one that says that it is done. It says nothing of the user."""
    words = _WORDS[language]
    form, message = ("", words["done"]) if is_done else (_FORM.format(button=words["button"]), words["message"])
    page = _TEMPLATE.substitute(language=language, title=words["title"], message=message, form=form)
    return page.encode()
