"""Organizations and members: how many there may be, and what each is."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

OWNER = "OWNER"

MAX_MEMBERS = 200
"""Of one organization."""
MAX_ORGANIZATIONS = 20
"""Of one user: an access token names them all."""


@dataclass(frozen=True, slots=True)
class Organization:
    """Who makes events together."""

    id: UUID
    name: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class OwnOrganization:
    """An organization that a user is in, and the user's role there."""

    organization: Organization
    role: str


@dataclass(frozen=True, slots=True)
class Member:
    """A user who is in an organization."""

    organization_id: UUID
    user_id: UUID
    email: str
    name: str
    role: str
    joined_at: datetime


@dataclass(frozen=True, slots=True)
class MemberAccount:
    """An account that may become a member, and in how many organizations it is."""

    id: UUID
    email: str
    name: str
    organizations: int
