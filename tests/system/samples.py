"""Requests of members of organizations: right ones, for the tests of what is wrong with others."""

from __future__ import annotations

from stack.accounts import email
from tests.system.client import Json

LEAVE = "LeaveOrganization"


def samples_of_organizations(organization_id: str, member_id: str) -> dict[str, tuple[Json, Json | None]]:
    """Return them by method: values for its path's variables, and a body. The member is the demo user."""
    path, member = {"organization_id": organization_id}, {"memberId": member_id}
    return {
        "AddMember": (path, {"email": email("user"), "role": "BOX_OFFICE"}),
        "SetMemberRole": (path, member | {"role": "BOX_OFFICE"}),
        "RemoveMember": (path, member),
        LEAVE: (path, None),
    }
