"""Who sees drafts: events that are not public yet, and their shows."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from services.chassis.wire.identity import caller


def sees_draft(organization_id: UUID | None) -> bool:
    """Tell whether the present caller sees a draft of an organization, or, for None, of Boxoffice's own.

    The organization's members do, and of Boxoffice's own drafts all organizers. Nobody else finds a draft, nor does
    anybody of whom is not known who it is, as where AUTH is off.
    """
    who = caller.get()
    if who is None:
        return False
    if "ADMIN" in who.roles:
        return True
    return "ORGANIZER" in who.roles if organization_id is None else organization_id in who.memberships


def seen_drafts() -> Mapping[str, Any]:
    """Return which drafts a list has for the present caller, as its statement is given it; `drafts_of` None: all."""
    who = caller.get()
    if who is not None and "ADMIN" in who.roles:
        return {"drafts_of": None, "drafts_of_boxoffice": True}
    if who is None:
        return {"drafts_of": [], "drafts_of_boxoffice": False}
    return {"drafts_of": sorted(who.memberships), "drafts_of_boxoffice": "ORGANIZER" in who.roles}
