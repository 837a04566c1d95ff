"""By which right a claim has a blocked seat: an access code's, a guest's, or as it was there before the block.

The right is frozen with the claim. A claim that is alive keeps its seats by it, whatever becomes of the code. A payment
that comes late gets a blocked seat only by the right that its claim was made with, and only as long as the code is not
revoked, opens the seat still and has seats left.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from services.inventory.errors import TooManyAccessCodes

GUEST = UUID(int=0)
"""The right of a guest, for whom the organizer books."""
BEFORE = UUID(int=1)
"""The right of a claim that was there when its seat was blocked: it keeps the seat, and does not get it back."""

TRIES = 20
WINDOW = timedelta(hours=1)
"""So many codes that cannot be used may a user try for a show in this time."""


def normalised(code: str) -> str | None:
    """Return a code as it is kept, None where none is given: large and small letters make no difference."""
    return code.upper() or None


@dataclass(frozen=True, slots=True)
class AccessCode:
    """A code by which blocked seats of a show may be taken."""

    id: UUID
    code: str
    reason: str | None
    """Which blocked seats it opens: those that are blocked for this reason; None: those of `seat_ids`."""
    seat_ids: Sequence[UUID]
    max_seats: int
    """How many seats may be had by it at once."""
    ends_at: datetime | None
    """Until when seats may be taken by it; None: until sales end."""
    created_at: datetime
    revoked_at: datetime | None = None

    def is_usable(self, now: datetime) -> bool:
        """Tell whether seats may be taken by it at `now`."""
        return self.revoked_at is None and (self.ends_at is None or now < self.ends_at)

    def opens(self, seat_id: UUID, blocked_for: str | None) -> bool:
        """Tell whether it is for a seat that is blocked."""
        return seat_id in self.seat_ids if self.reason is None else blocked_for == self.reason


@dataclass(frozen=True, slots=True)
class Tries:
    """When a user has tried codes of a show that cannot be used; oldest first."""

    at: Sequence[datetime]

    def check(self, now: datetime) -> None:
        """Raise TooManyAccessCodes where no other code may be tried at `now`."""
        recent = self._recent(now)
        if len(recent) >= TRIES:
            raise TooManyAccessCodes((recent[-TRIES] + WINDOW - now).total_seconds())

    def another(self, now: datetime) -> "Tries":
        """Return the tries with one at `now`; those that count no more are left out."""
        return Tries([*self._recent(now), now])

    def _recent(self, now: datetime) -> list[datetime]:
        return sorted(at for at in self.at if now - WINDOW < at)


@dataclass(slots=True)
class Access:
    """What a batch knows of a show's access codes while it has the show's lock, and what it changes.

    It knows the codes that its commands name, and those of lapsed claims that it may revive.
    """

    codes: dict[UUID, AccessCode] = field(default_factory=dict)
    claims: dict[UUID, dict[UUID, datetime | None]] = field(default_factory=dict)
    """By the codes' ids: the seats that somebody has by them, each with when its claim lapses."""
    tries: dict[UUID, Tries] = field(default_factory=dict)
    """Of those users who give codes."""
    made: int = 0
    """How many codes the show has; known to those who make one."""
    new: set[UUID] = field(default_factory=set)
    revoked: set[UUID] = field(default_factory=set)
    tried: set[UUID] = field(default_factory=set)
    """Users who have tried another code in vain."""

    def load(self, code: AccessCode) -> None:
        """Take a code as it was read, or made."""
        self.codes[code.id] = code
        self.claims.setdefault(code.id, {})

    def named(self, code: str) -> AccessCode | None:
        """Return the code that is called so."""
        return next((known for known in self.codes.values() if known.code == code), None)

    def count(self, user_id: UUID, now: datetime) -> None:
        """Count what a user has tried in vain."""
        self.tries[user_id] = self.tries.get(user_id, Tries([])).another(now)
        self.tried.add(user_id)

    def check_tries(self, user_id: UUID, now: datetime) -> None:
        """Raise TooManyAccessCodes where a user may not try another code."""
        if user_id in self.tries:
            self.tries[user_id].check(now)

    def moved(self, seat_id: UUID, before: UUID | None, after: UUID | None, expires_at: datetime | None) -> None:
        """Note that a seat was had by one right, and is by another."""
        if before in self.claims:
            self.claims[before].pop(seat_id, None)
        if after in self.claims:
            self.claims[after][seat_id] = expires_at

    def left(self, code: AccessCode, now: datetime) -> int:
        """Return how many more seats can be had by a code."""
        return code.max_seats - sum(end is None or end > now for end in self.claims[code.id].values())

    def admits(self, code: AccessCode, seats: Mapping[UUID, str | None], now: datetime) -> bool:
        """Tell whether blocked seats, each with why it is blocked, can be had by a code beside those that are."""
        return len(seats) <= self.left(code, now) and all(code.opens(*seat) for seat in seats.items())

    def admits_again(self, rights: Iterable[tuple[UUID | None, UUID, str | None]], now: datetime) -> bool:
        """Tell whether a lapsed claim gets blocked seats by its rights, each with its seat and why that is blocked."""
        by_code: dict[UUID, dict[UUID, str | None]] = {}
        for right, seat_id, blocked_for in rights:
            if right == GUEST:
                continue
            if right not in self.codes or self.codes[right].revoked_at is not None:
                return False
            by_code.setdefault(right, {})[seat_id] = blocked_for
        return all(self.admits(self.codes[right], seats, now) for right, seats in by_code.items())
