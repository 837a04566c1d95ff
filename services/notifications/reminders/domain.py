"""When shows start, and whom there is to remind of them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from services.chassis.store.rows import Row
from services.notifications.notices.domain import Fact, Kind

BEHIND = timedelta(minutes=1)
"""How old what is not read of the topic of bookings may be when reminders are written: who gave a ticket back longer
ago is not reminded."""

KEPT = timedelta(days=90)
"""How long a show is known after its end, and the bookings of it: longer than its topic keeps events, so none that is
read late moves it."""

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ShowTime:
    """When a show starts, as its topic tells it, or inventory."""

    id: UUID
    revision: int
    """Which edit of its times this is."""
    starts_at: datetime
    ends_at: datetime
    set_at: datetime
    """Since when it has been known that it starts then."""
    is_cancelled: bool


def reminder(row: Row, show_id: UUID, starts_at: datetime, now: datetime) -> Fact:
    """Return the fact that the show of a booking, or of a ticket from somebody else, is near.

    Its number is the start in minutes, so there is one for each start.
    """
    return Fact(
        user_id=row.user_id,
        kind=Kind.REMINDER,
        booking_id=None if row.is_held else row.id,
        offer_id=row.id if row.is_held else None,
        show_id=show_id,
        number=int(starts_at.timestamp()) // 60,
        amount=None,
        currency=None,
        starts_at=starts_at,
        happened_at=now,
    )
