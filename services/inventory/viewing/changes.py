"""Changes of seats, as those are told of them who watch a show."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from uuid import UUID

from services.inventory.seats.domain import SeatStatus, ShowTimes

KEPT_SEATS = 2_000
"""Changed seats of a show that are kept in memory, but for those that changed last."""


@dataclass(frozen=True, slots=True)
class ChangedSeat:
    """What a seat has become."""

    id: UUID
    status: SeatStatus
    expires_at: datetime | None
    price: int | None = None
    """What it costs from then on, in minor units; None: code from before told it, and it stays."""
    blocked: bool = False
    """Whether it is BLOCKED once it is nobody's."""


@dataclass(frozen=True, slots=True)
class ChangedArea:
    """How many places of an area are what."""

    id: UUID
    statuses: Mapping[SeatStatus, int]


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to a show and its seats under one of its numbers."""

    sequence: int
    changed_at: datetime
    seats: Sequence[ChangedSeat]
    show_cancelled: bool = False
    prices: Mapping[str, int] = field(default_factory=dict)
    """The list, by tier, where it is another one from then on."""
    rescheduled: ShowTimes | None = None
    """When the show is from then on, where it was rescheduled."""
    area_ids: Sequence[UUID] = ()
    """The areas of which places changed."""
    areas: Sequence[ChangedArea] = ()
    """How these stood when the change was read."""


@dataclass(frozen=True, slots=True)
class ChangeForm:
    """How those who watch are told."""

    change: Callable[[Change], bytes]
    messages: Callable[[Sequence[bytes]], Sequence[bytes]]
    """Puts changes together to messages, none of which is too large for a reader. No changes are a message too."""


class RecentChanges:
    """A show's changes after number `base` and up to `sequence`, each encoded once for all who watch."""

    def __init__(self, sequence: int) -> None:
        """Begin after a number, with no changes yet."""
        self.base = self.sequence = sequence
        self._kept: deque[tuple[Change, dict[ChangeForm, bytes]]] = deque()
        self._kept_seats = 0
        self._last: dict[ChangeForm, tuple[int, int, Sequence[bytes]]] = {}

    def add(self, changes: Sequence[Change]) -> None:
        """Add the changes that follow; let go of the oldest where these are too many, but never of new ones."""
        self._kept_seats += sum(len(change.seats) for change in changes)
        while self._kept and self._kept_seats > KEPT_SEATS:
            dropped, _ = self._kept.popleft()
            self._kept_seats -= len(dropped.seats)
            self.base = dropped.sequence
        self._kept.extend((change, {}) for change in changes)
        self.sequence = changes[-1].sequence

    def after(self, number: int, form: ChangeForm) -> Sequence[bytes]:
        """Return the messages of the changes after `number`, which is not before `base`."""
        first, last, messages = self._last.get(form, (0, 0, ()))
        if (first, last) != (number, self.sequence) or not messages:
            parts = []
            for change, encoded in islice(self._kept, number - self.base, None):
                if form not in encoded:
                    encoded[form] = form.change(change)
                parts.append(encoded[form])
            messages = form.messages(parts)
            self._last[form] = (number, self.sequence, messages)
        return messages
