"""Days of the calendar, as requests name them."""

from datetime import date

from services.chassis.errors import InvalidField

FIRST_YEAR, LAST_YEAR = 2000, 2099
"""Days of other years are slips."""


def parse_day(field: str, text: str) -> date | None:
    """Return a day of the calendar, or None for the empty text; raise InvalidField if there is no such day."""
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise InvalidField((field, f"must be a day of {FIRST_YEAR} to {LAST_YEAR}, such as 2027-03-28"))
    return day
