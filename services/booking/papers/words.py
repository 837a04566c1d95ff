"""What papers say, by language. Names and titles are said as they were written."""

import unicodedata
from collections.abc import Mapping

from services.booking.bookings.domain import BookedSeat

_JOINERS = "\u200c\u200d"
"""Without them some letters of Indian scripts are others."""
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}

LABELS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "TICKET": "Ticket",
        "TICKETS": "Tickets",
        "HINT": "Show the code at the entrance. It lets one person in, once.",
        "TIME": "Time",
        "PLACE": "Venue",
        "SCREEN": "Screen",
        "BOOKING": "Booking",
        "GUEST": "Guest",
        "SECTION": "Section",
        "ROW": "Row",
        "SEAT": "Seat",
        "TIER": "Category",
        "KIND": "Ticket for",
        "FEATURES": "Note",
        "INVOICE": "Tax invoice",
        "CREDIT_NOTE": "Credit note",
        "RECEIPT": "Receipt",
        "REFUND_RECEIPT": "Receipt of a refund",
        "NUMBER": "Number",
        "DATE": "Date",
        "CORRECTS": "Corrects",
        "SHOW": "Show",
        "PLACE_OF_SUPPLY": "Place of supply",
        "TAX_NUMBER": "Tax number",
        "DESCRIPTION": "Description",
        "SAC": "SAC",
        "TAXABLE": "Before tax",
        "AMOUNT": "Amount",
        "TAX": "Tax",
        "TOTAL": "Total",
        "REFUNDED": "Given back",
        "SEATS": "Seats",
    },
    "hi": {
        "TICKET": "टिकट",
        "TICKETS": "टिकट",
        "HINT": "प्रवेश द्वार पर यह कोड दिखाएँ। इससे एक व्यक्ति एक बार प्रवेश कर सकता है।",
        "TIME": "समय",
        "PLACE": "स्थान",
        "SCREEN": "स्क्रीन",
        "BOOKING": "बुकिंग",
        "GUEST": "अतिथि",
        "SECTION": "खंड",
        "ROW": "पंक्ति",
        "SEAT": "सीट",
        "TIER": "श्रेणी",
        "KIND": "टिकट किसके लिए",
        "FEATURES": "टिप्पणी",
        "INVOICE": "टैक्स इनवॉइस",
        "CREDIT_NOTE": "क्रेडिट नोट",
        "RECEIPT": "रसीद",
        "REFUND_RECEIPT": "धनवापसी की रसीद",
        "NUMBER": "संख्या",
        "DATE": "तारीख़",
        "CORRECTS": "जिसका संशोधन है",
        "SHOW": "शो",
        "PLACE_OF_SUPPLY": "आपूर्ति का स्थान",
        "TAX_NUMBER": "कर संख्या",
        "DESCRIPTION": "विवरण",
        "SAC": "SAC",
        "TAXABLE": "कर से पहले",
        "AMOUNT": "राशि",
        "TAX": "कर",
        "TOTAL": "कुल",
        "REFUNDED": "वापस की गई राशि",
        "SEATS": "सीटें",
    },
}

VALUES: Mapping[str, Mapping[str, str]] = {
    "en": {
        "REGULAR": "Regular",
        "PREMIUM": "Premium",
        "VIP": "VIP",
        "ADULT": "Adult",
        "CHILD": "Child",
        "STUDENT": "Student",
        "SENIOR": "Senior",
        "WHEELCHAIR": "Place for a wheelchair",
        "COMPANION": "Seat of a companion",
        "RESTRICTED_VIEW": "Restricted view",
    },
    "hi": {
        "REGULAR": "सामान्य",
        "PREMIUM": "प्रीमियम",
        "VIP": "वीआईपी",
        "ADULT": "वयस्क",
        "CHILD": "बच्चा",
        "STUDENT": "विद्यार्थी",
        "SENIOR": "वरिष्ठ नागरिक",
        "WHEELCHAIR": "व्हीलचेयर का स्थान",
        "COMPANION": "सहायक की सीट",
        "RESTRICTED_VIEW": "सीमित दृश्य",
    },
}
"""What people call names of the contracts, by language."""


def visible(text: str) -> str:
    """Return a text as one line of what can be seen, and of joiners, which make others look as they do."""
    seen = (" " if unicodedata.category(it) in _UNSEEN and it not in _JOINERS else it for it in text)
    return " ".join("".join(seen).split())


def value(name: str, language: str) -> str:
    """Return the word for a value of a list, such as a tier; for one that has none, its name."""
    return VALUES[language].get(name) or visible(name)


def features(seat: BookedSeat, language: str) -> str:
    """Return what is special about a seat, in words; nothing where nothing is."""
    return ", ".join(value(name, language) for name in (seat.features or "").split(",") if name)
