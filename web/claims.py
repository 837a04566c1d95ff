"""What the visitor's access token says of its user: for choosing what a page shows. Services judge what may be done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import jwt


@dataclass(frozen=True, slots=True)
class Claims:
    """The roles of a user."""

    roles: frozenset[str] = frozenset()
    memberships: Mapping[str, str] = field(default_factory=dict)
    """The user's role, such as OWNER, in each organization, by the organization's id."""

    @property
    def is_admin(self) -> bool:
        """Whether the user may do whatever anybody may."""
        return "ADMIN" in self.roles

    @property
    def organizes(self) -> bool:
        """Whether there are pages for organizers that are the user's."""
        return bool(self.memberships) or bool(self.roles & {"ORGANIZER", "ADMIN"})


NOBODY = Claims()


def claims(access_token: str) -> Claims:
    """Return what a token says. It is not verified: it came from identity, in a cookie that nobody else can write."""
    if not access_token:
        return NOBODY
    try:
        said = jwt.decode(access_token, options={"verify_signature": False})
    except jwt.PyJWTError:
        return NOBODY
    return Claims(
        roles=frozenset(map(str, said.get("roles", ()))),
        memberships={str(each): str(role) for each, role in dict(said.get("organizations", {})).items()},
    )
