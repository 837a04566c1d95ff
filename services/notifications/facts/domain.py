"""What the events of topics come to."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from services.notifications.notices.domain import Kind

APART = timedelta(minutes=1)
"""How far the clocks of booking and inventory may be apart. Who books so soon after a show was rescheduled is told of
it, too: better once too often than never."""

KEPT = timedelta(days=90)
"""How long expired bookings and facts of shows are kept; far longer than any of these becomes a ticket."""


@dataclass(frozen=True, slots=True)
class BookedShow:
    """A booking, or a ticket that somebody has from its buyer, as it is after a page of events."""

    id: UUID
    """The booking's; of a ticket from somebody else, the offer's."""
    user_id: UUID
    show_id: UUID
    state: str
    created_at: datetime | None
    """None: the page does not tell."""
    changed_at: datetime
    is_held: bool = False
    """Whether it is a ticket from somebody else."""


@dataclass(frozen=True, slots=True)
class ShowFact:
    """What has happened to a show."""

    show_id: UUID
    number: int
    kind: Kind
    starts_at: datetime
    happened_at: datetime
