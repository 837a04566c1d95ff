"""Times in words, by language."""

from datetime import datetime
from zoneinfo import ZoneInfo

LANGUAGES = ("en", "hi")

_DAYS = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "hi": ("सोमवार", "मंगलवार", "बुधवार", "गुरुवार", "शुक्रवार", "शनिवार", "रविवार"),
}
_MONTHS = {
    "en": (
        *("January", "February", "March", "April", "May", "June", "July", "August", "September", "October"),
        *("November", "December"),
    ),
    "hi": (
        *("जनवरी", "फ़रवरी", "मार्च", "अप्रैल", "मई", "जून", "जुलाई", "अगस्त", "सितंबर", "अक्टूबर"),
        *("नवंबर", "दिसंबर"),
    ),
}


def spoken(time: datetime, zone: str, language: str) -> str:
    """Return a time as the clocks of a zone show it; where no zone is given, in UTC."""
    local = time.astimezone(ZoneInfo(zone or "UTC"))
    return f"{_DAYS[language][local.weekday()]}, {day(time, zone, language)}, {local:%H:%M} ({zone or 'UTC'})"


def day(time: datetime, zone: str, language: str) -> str:
    """Return the day of a time as the calendars of a zone show it; where no zone is given, in UTC."""
    local = time.astimezone(ZoneInfo(zone or "UTC"))
    return f"{local.day} {_MONTHS[language][local.month - 1]} {local.year}"


def chosen(header: str, offered: tuple[str, ...] = LANGUAGES) -> str:
    """Return which of the languages offered an Accept-Language header likes best, else the first (RFC 9110, 12.5.4)."""
    best, weight = offered[0], 0.0
    for part in header[:500].split(","):
        tag, *parameters = (piece.strip().lower() for piece in part.split(";"))
        language = tag.partition("-")[0]
        if language in offered and (liked := _weight(parameters)) > weight:
            best, weight = language, liked
    return best


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return min(float(value), 1.0)
            except ValueError:
                return 0.0
    return 1.0
