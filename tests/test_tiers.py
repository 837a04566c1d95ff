"""What is written by hand for each tier of seats has all tiers of the contract. All else reads them there."""

from __future__ import annotations

import re

from boxoffice.inventory.v1 import seat_pb2

from roster import ROOT
from services.booking.papers import words
from services.inventory import tables
from services.inventory.halls import document, pretix
from tests.cases import all_cases
from web import pages

TIERS = seat_pb2.Seat.Tier.keys()[1:]
OTHERS = [name.lower() for name in TIERS if name != "REGULAR"]
"""Tiers that look otherwise than usual ones."""

LISTS = {
    "services/inventory/tables.py: TIERS": re.findall(r"'(\w+)'", tables.TIERS),
    "services/inventory/halls/document.py: TIERS": document.TIERS,
    "services/inventory/halls/pretix.py: COLORS": pretix.COLORS,
}

WORDS = {
    "web/pages.py: NAMES": pages.NAMES,
    **{f"services/booking/papers/words.py: {name}": told for name, told in words.VALUES.items()},
}

SHOWN = {
    "web/static/site.css": (".seat.{}", ".cell.{}", ".bar-{}"),
    "web/static/seat-map.js": ('tier === "{}"',),
    "web/templates/organizers/forms.html": ('"{}": "',),
    "web/templates/organizers/halls.html": ('field("{}"',),
    "web/organizers/halls.py": ('counts["{}"]',),
}
"""Files that draw tiers or ask for rows of them, and what each has of each."""


def test_what_is_written_by_hand_has_all_tiers_of_the_contract() -> None:
    with all_cases() as case:
        for name, listed in LISTS.items():
            with case(name):
                assert list(listed) == TIERS
        for name, told in WORDS.items():
            with case(name):
                assert [tier for tier in TIERS if tier not in told] == []
        for name, pieces in SHOWN.items():
            text = (ROOT / name).read_text()
            with case(name):
                assert [each for piece in pieces for tier in OTHERS if (each := piece.format(tier)) not in text] == []
        with case("docs/halls.md"):
            assert [tier for tier in TIERS if tier not in (ROOT / "docs/halls.md").read_text()] == []
