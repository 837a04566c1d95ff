"""Reviews of an event, and what they come to."""

from dataclasses import dataclass
from uuid import UUID

from services.chassis.store.database import Database, retried
from services.chassis.store.rows import read
from services.inventory.reviews import statements as sql
from services.inventory.reviews.domain import Review


@dataclass(frozen=True, slots=True)
class Rating:
    """How many reviews of an event count, and the sum of their ratings."""

    reviews: int
    total: int

    @property
    def average_hundredths(self) -> int:
        """The average, rounded down; 0 where there is none."""
        return self.total * 100 // self.reviews if self.reviews else 0


@retried
async def get_rating(db: Database, event_id: UUID) -> Rating:
    """Return what the reviews of an event come to."""
    for rating in read(Rating, await db.fetch(sql.FIND_RATING, {"event_id": event_id})):
        return rating
    return Rating(0, 0)


@retried
async def list_reviews(
    db: Database, event_id: UUID, *, only_shown: bool, after: UUID | None, limit: int
) -> list[Review]:
    """Return the reviews of an event, newest first, that are older than `after`; without the hidden ones if asked."""
    given = {"event_id": event_id, "only_shown": only_shown or None, "after": after, "limit": limit}
    return read(Review, await db.fetch(sql.list_reviews(given), given))
