"""Door lists: what they consist of."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.booking.gates.domain import Offline


@dataclass(frozen=True, slots=True)
class ListHead:
    """A door list, as it begins."""

    show_id: UUID
    made_at: datetime
    opens_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class ListedTicket:
    """A ticket of a door list."""

    id: UUID
    show_seat_id: UUID
    issued_at: datetime
    revision: int
    is_used: bool
    home_id: UUID | None
    home_name: str
    seat_label: str
    section: str
    tier: str
    ticket_kind: str
    features: str

    def lets_in_at(self, gate_id: UUID, offline: Offline) -> bool:
        """Tell whether a gate may let it in without a connection."""
        return self.home_id == gate_id or (offline == Offline.ANY and self.home_id is None)
