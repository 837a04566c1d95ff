"""Who sees drafts: events that are not public yet, and their shows.

Those see one who organize its organization's events (`organizes`). Lists have them for the same callers."""

from collections.abc import Mapping
from typing import Any

from services.chassis.wire.identity import caller


def seen_drafts() -> Mapping[str, Any]:
    """Return which drafts a list has for the present caller, as its statement is given it; `drafts_of` None: all."""
    who = caller.get()
    if who is not None and "ADMIN" in who.roles:
        return {"drafts_of": None, "drafts_of_boxoffice": True}
    if who is None:
        return {"drafts_of": [], "drafts_of_boxoffice": False}
    return {"drafts_of": sorted(who.memberships), "drafts_of_boxoffice": "ORGANIZER" in who.roles}
