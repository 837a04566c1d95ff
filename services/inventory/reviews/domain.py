"""Reviews, and the rules that their contract cannot state."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from services.chassis.ids import new_id
from services.inventory.errors import NotThere, ReviewNotFound

ReviewName = tuple[UUID, UUID]
"""An event and a user, who has one review of it."""


@dataclass(frozen=True, slots=True)
class Review:
    """What a user says of an event."""

    id: UUID
    event_id: UUID
    user_id: UUID
    rating: int
    text: str
    shown_name: str
    created_at: datetime
    updated_at: datetime | None
    hidden_at: datetime | None
    """Since when nobody but admins reads it; None: everybody does."""
    reports: int
    """How many users have reported it."""

    @property
    def name(self) -> ReviewName:
        """The event that it is of, and the user whose it is."""
        return (self.event_id, self.user_id)

    @property
    def counted(self) -> int | None:
        """What it adds to the event's ratings; None: it does not count."""
        return None if self.hidden_at else self.rating


@dataclass(frozen=True, slots=True)
class Words:
    """What a user wants to say of an event."""

    rating: int
    text: str
    shown_name: str


def written(before: Review | None, name: ReviewName, words: Words, now: datetime, *, was_there: bool) -> Review:
    """Return a review as it becomes; raise NotThere unless its user had a seat. What is the same stays as it is."""
    if before is None:
        if not was_there:
            raise NotThere()
        event_id, user_id = name
        return Review(
            id=new_id(),
            event_id=event_id,
            user_id=user_id,
            rating=words.rating,
            text=words.text,
            shown_name=words.shown_name,
            created_at=now,
            updated_at=None,
            hidden_at=None,
            reports=0,
        )
    after = replace(before, rating=words.rating, text=words.text, shown_name=words.shown_name)
    return before if after == before else replace(after, updated_at=now)


def hidden(before: Review | None, now: datetime, *, is_hidden: bool) -> Review:
    """Return a review that nobody but admins reads, or that everybody does again; raise ReviewNotFound."""
    if before is None:
        raise ReviewNotFound()
    if bool(before.hidden_at) == is_hidden:
        return before
    return replace(before, hidden_at=now if is_hidden else None)


def reported(before: Review | None, by: UUID, *, again: bool) -> Review:
    """Return a review that a user has reported; raise ReviewNotFound, also where it is hidden already."""
    if before is None or before.hidden_at:
        raise ReviewNotFound()
    return before if again or by == before.user_id else replace(before, reports=before.reports + 1)
