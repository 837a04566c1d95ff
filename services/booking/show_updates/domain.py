"""Shows that were edited, and whose bookings are brought up to date."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ShowUpdate:
    """A revision of a show that not all of its bookings have."""

    show_id: UUID
    revision: int
    swept_to: UUID | None
    """The last booking that was updated in this pass over all of them."""
