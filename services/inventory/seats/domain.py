"""Seats and the claims on them.

    AVAILABLE ──► HELD ──► RESERVED ──► BOOKED
        ▲          │           │           │
        └──────────┴───────────┴───────────┘        BLOCKED is not for sale: what becomes of a blocked seat when freed

A HELD seat belongs to a user, a RESERVED one to a PENDING booking, a BOOKED one to a CONFIRMED booking. A claim that
has lapsed is no claim, from the instant it lapses: whoever decides treats the seat as free.

What becomes of a booking's claim is remembered as its reservation:

    RESERVED ──► CONFIRMED ──► REFUSED
        │  ▲________│____________▲ ▲
        ▼           │            │ │
    RELEASED ───────┘────────────┘ │        RELEASED lapsed, and may be revived by a payment that comes late;
        (never made) ──────────────┘        REFUSED is closed for good.

A claim has a price, frozen when the seat is taken. A seat without one costs what the show's list says at that instant.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import starmap
from uuid import UUID

from services.chassis.values.changing import changed
from services.inventory.seats.places import FreePlaces
from services.inventory.seats.prices import Place as Place
from services.inventory.seats.prices import Price as Price
from services.inventory.seats.prices import PriceList as PriceList
from services.inventory.seats.prices import multiplied
from services.inventory.seats.rights import BEFORE, GUEST, Access
from services.inventory.seats.states import ReservationState as ReservationState
from services.inventory.seats.states import SeatStatus as SeatStatus
from services.inventory.seats.states import ShowStatus as ShowStatus

MAX_TOTAL = 2**31 - 1
"""What seats may cost together, in minor units: totals are int32, which JSON has a number for."""


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _minutes(time: timedelta) -> int:
    """Return how many minutes that is, begun ones counted whole."""
    return -(-time // timedelta(minutes=1))


@dataclass(frozen=True, slots=True)
class UnbookedHolds:
    """For how many minutes a user has held seats of a show that he did not book, in a window of time."""

    window_began_at: datetime
    minutes: int

    def plus(self, other: "UnbookedHolds") -> "UnbookedHolds":
        """Return both together: windows before the later one count no more."""
        if self.window_began_at == other.window_began_at:
            return replace(self, minutes=self.minutes + other.minutes)
        return max(self, other, key=lambda each: each.window_began_at)


@dataclass(frozen=True, slots=True)
class SeatRules:
    """What is allowed; from the settings."""

    max_seats_per_user: int
    hold: timedelta
    hold_max: timedelta
    """How long a hold may last in all, with its extensions."""
    reservation_max: timedelta
    hold_budget_minutes: int
    """For how many minutes a user may hold seats of a show, of all seats together, without booking them."""
    hold_window: timedelta
    """In what time that is. Windows are those of the clock: one of six hours begins at 00:00, 06:00 and so on, UTC."""

    @property
    def limits(self) -> dict[str, int]:
        """The same as numbers that a show remembers, of minutes where it is time, rounded up."""
        return {
            "max_seats_per_user": self.max_seats_per_user,
            "seat_hold_minutes": _minutes(self.hold),
            "seat_hold_max_minutes": _minutes(self.hold_max),
            "reservation_max_minutes": _minutes(self.reservation_max),
        }

    def held_at(self, seat: "Seat") -> datetime:
        """Return since when a seat is held. Code from before extends no hold, and leaves what was written before it."""
        assert seat.expires_at is not None, "a hold has an end"
        if seat.held_at is None or seat.held_at < seat.expires_at - self.hold_max:
            return seat.expires_at - self.hold
        return seat.held_at

    def window_began_at(self, instant: datetime) -> datetime:
        """Return when the window began that an instant is in."""
        return instant - (instant - _EPOCH) % self.hold_window

    def window_ends_at(self, instant: datetime) -> datetime:
        """Return when the next window begins."""
        return self.window_began_at(instant) + self.hold_window

    def spent(self, seat: "Seat", now: datetime) -> "UnbookedHolds":
        """Return what a hold costs that has ended at `now`, or lapsed before: its minutes, begun ones counted whole."""
        assert seat.expires_at is not None, "a hold has an end"
        ended_at = min(seat.expires_at, now)
        return UnbookedHolds(self.window_began_at(ended_at), max(1, _minutes(ended_at - self.held_at(seat))))


@dataclass(frozen=True, slots=True)
class Seat:
    """A seat of a show."""

    id: UUID
    section: str
    row: str
    number: int
    tier: str
    price: int
    """Of the claim on it, in minor units. Where there is none, it says nothing: see LockedShow.priced."""
    status: str
    holder_id: UUID | None = None
    booking_id: UUID | None = None
    expires_at: datetime | None = None
    held_at: datetime | None = None
    """When its holder held it, also where it is reserved or booked by now; None where it was taken without a hold."""
    blocked_for: str | None = None
    """Why it is not for sale, whoever has it now: its next claim has to wait for the end of this, or needs a right."""
    right_id: UUID | None = None
    """By which right the claim on it has it, though it is blocked (see rights.py); says nothing where there is none."""
    label: str | None = None
    """What people read on it; None: its number."""
    features: Sequence[str] | None = None
    """What is special about it; None: nothing."""
    companion_of: UUID | None = None
    """The wheelchair seat whose companion sits here; None: nobody's."""
    price_multiplier: int | None = None
    """What it costs of its tier's price, in thousandths; None: 1000."""
    area_id: UUID | None = None
    """The area that it is a place of, whose number nobody is told; None: it is a seat."""

    @property
    def is_blocked(self) -> bool:
        """Tell whether nobody may take the seat. Code from before writes the status alone."""
        return self.blocked_for is not None or self.status == SeatStatus.BLOCKED

    def is_claimed(self, now: datetime) -> bool:
        """Tell whether somebody has the seat at `now`."""
        return self.holder_id is not None and (self.expires_at is None or self.expires_at > now)

    def is_free(self, now: datetime) -> bool:
        """Tell whether the seat can be taken at `now`: it is nobody's, and not blocked unless it has a right.

        What a claim that is over has left in its row is no right: see taking._to_take.
        """
        return not self.is_claimed(now) and (self.right_id is not None or not self.is_blocked)

    def status_at(self, now: datetime) -> SeatStatus:
        """Return what the seat may be taken for at `now`: a claim that has lapsed is none, and leaves a block."""
        if self.is_claimed(now):
            return SeatStatus(self.status)
        return SeatStatus.BLOCKED if self.is_blocked else SeatStatus.AVAILABLE

    def is_held_by(self, user_id: UUID, now: datetime) -> bool:
        """Tell whether `user_id` holds the seat at `now`."""
        return self.status == SeatStatus.HELD and self.holder_id == user_id and self.is_claimed(now)

    def listed(self, price: int) -> "Seat":
        """Return the seat as a list has it that says so much for its tier."""
        return self.at(price if self.price_multiplier is None else multiplied(price, self.price_multiplier))

    def at(self, price: int) -> "Seat":
        """Return the seat at a price."""
        return self if self.price == price else changed(self, price=price)

    def by_right(self, right_id: UUID | None) -> "Seat":
        """Return the seat as it is had by a right."""
        return self if self.right_id == right_id else replace(self, right_id=right_id)

    def freed(self) -> "Seat":
        """Return the seat without any claim."""
        status = SeatStatus.BLOCKED if self.is_blocked else SeatStatus.AVAILABLE
        return replace(
            self, status=status, holder_id=None, booking_id=None, expires_at=None, held_at=None, right_id=None
        )

    def blocked(self, reason: str) -> "Seat":
        """Return the seat as nobody may take it any more. Whoever has it keeps it."""
        if self.holder_id is None:
            return replace(self, status=SeatStatus.BLOCKED, blocked_for=reason)
        return replace(self, blocked_for=reason, right_id=self.right_id or BEFORE)

    def unblocked(self) -> "Seat":
        """Return the seat as anybody may take it who finds it free."""
        status = SeatStatus.AVAILABLE if self.status == SeatStatus.BLOCKED else self.status
        return replace(self, status=status, blocked_for=None)


def first_held(seats: Iterable[Seat]) -> datetime | None:
    """Return when the first of the seats was held; None where none was."""
    return min([seat.held_at for seat in seats if seat.held_at is not None], default=None)


@dataclass(frozen=True, slots=True)
class Reservation:
    """A booking's claim on seats, and what became of it."""

    booking_id: UUID
    user_id: UUID | None
    state: str
    seat_ids: Sequence[UUID]
    reserved_at: datetime
    expires_at: datetime
    prices: Sequence[int] | None = None
    """What the seats were reserved for, in the same order; None: code from before made it, and their rows say."""
    right_ids: Sequence[UUID | None] | None = None
    """By which rights it has the seats, in the same order; None: it was made without any."""

    def priced(self, seat: Seat) -> Seat:
        """Return one of its seats with the price that the claim has it for."""
        return seat.at(self.prices[self.seat_ids.index(seat.id)]) if self.prices else seat

    def entitled(self, seat: Seat, now: datetime) -> Seat:
        """Return one of its seats with the right by which it may be had: once the claim has lapsed, the claim's own."""
        if self.is_alive(now):
            return seat
        own = self.right_ids[self.seat_ids.index(seat.id)] if self.right_ids else None
        return seat.by_right(own if seat.is_blocked else None)

    def is_alive(self, now: datetime) -> bool:
        """Tell whether the claim still has its seats at `now`, not yet confirmed."""
        return self.state == ReservationState.RESERVED and self.expires_at > now


@dataclass(frozen=True, slots=True)
class ShowTimes:
    """When a show is, as of its revision: whoever keeps a copy replaces it when he is told of a greater one."""

    revision: int
    starts_at: datetime
    sales_end_at: datetime


@dataclass(slots=True)
class LockedShow:
    """What a batch knows of a show while it has its lock, and what it changes.

    `seats` holds at least the seats that the batch's commands name or that their users or bookings have.
    """

    id: UUID
    starts_at: datetime
    sales_end_at: datetime
    currency: str
    status: str = ShowStatus.SCHEDULED
    sales_start_at: datetime | None = None
    """None: from the beginning on."""
    revision: int = 1
    seat_limit: int | None = None
    """How many of its seats a user may have; None: what the rules say."""
    prices: dict[str, int] = field(default_factory=dict)
    """The list: what a seat of each tier costs, in minor units."""
    multipliers: dict[str, int] = field(default_factory=dict)
    """The largest of each tier's seats, in thousandths, where a command of the batch sets prices."""
    prices_version: int = 1
    sequence: int = 0
    """The number of its last change."""
    new_lists: list[PriceList] = field(default_factory=list)
    """Those that were set since it was locked; the last one is valid."""
    seats: dict[UUID, Seat] = field(default_factory=dict)
    reservations: dict[UUID, Reservation] = field(default_factory=dict)
    changed_seats: set[UUID] = field(default_factory=set)
    changed_reservations: set[UUID] = field(default_factory=set)
    unbooked_holds: dict[UUID, UnbookedHolds] = field(default_factory=dict)
    """What users have held without booking it, of those whom the batch's commands limit, as it was read."""
    let_go_now: dict[UUID, UnbookedHolds] = field(default_factory=dict)
    """What this batch adds to that, of any user."""
    access: Access = field(default_factory=Access)
    """The codes by which blocked seats are had."""
    areas: dict[UUID, FreePlaces] = field(default_factory=dict)
    """Those that the batch's commands name."""
    _of_user: dict[UUID, set[UUID]] = field(default_factory=dict)

    @property
    def times(self) -> ShowTimes:
        """When it is."""
        return ShowTimes(self.revision, self.starts_at, self.sales_end_at)

    @property
    def is_cancelled(self) -> bool:
        """Tell whether no claim is made, extended or confirmed any more."""
        return self.status == ShowStatus.CANCELLED

    def sells(self, now: datetime) -> bool:
        """Tell whether a claim may still be extended and confirmed at `now`."""
        return now < self.sales_end_at and not self.is_cancelled

    def until(self, end: datetime) -> datetime:
        """Return when a claim ends that would last until `end`: with sales at the latest."""
        return min(end, self.sales_end_at)

    def set_prices(self, prices: dict[str, int]) -> None:
        """Have another list from now on. Claims that were made by the one before keep its prices."""
        self.prices, self.prices_version = prices, self.prices_version + 1
        self.new_lists.append(PriceList(self.prices_version, list(starmap(Price, prices.items()))))

    def priced(self, seat: Seat, now: datetime) -> Seat:
        """Return a seat with what it costs at `now`: what the claim on it does, or what the list says."""
        return seat if seat.is_claimed(now) else seat.listed(self.prices[seat.tier])

    def most_seats(self, rules: SeatRules) -> int:
        """Return how many of its seats a user may have at once, in whatever way."""
        return self.seat_limit or rules.max_seats_per_user

    def load(self, seats: Iterable[Seat]) -> None:
        """Take seats as they were read."""
        for seat in seats:
            self.seats[seat.id] = seat
            if seat.holder_id is not None:
                self._of_user.setdefault(seat.holder_id, set()).add(seat.id)

    def put(self, seat: Seat) -> None:
        """Change a seat."""
        before = self.seats[seat.id]
        if before.holder_id is not None:
            self._of_user[before.holder_id].discard(seat.id)
        if before.right_id or seat.right_id:
            self.access.moved(seat.id, before.right_id, seat.right_id, seat.expires_at)
        self.seats[seat.id] = seat
        if seat.holder_id is not None:
            self._of_user.setdefault(seat.holder_id, set()).add(seat.id)
        self.changed_seats.add(seat.id)
        if seat.area_id in self.areas:
            self.areas[seat.area_id].moved(seat.id, is_free=seat.holder_id is None)

    def put_reservation(self, reservation: Reservation) -> None:
        """Make or change a reservation."""
        self.reservations[reservation.booking_id] = reservation
        self.changed_reservations.add(reservation.booking_id)

    def seats_of(self, user_id: UUID, now: datetime) -> list[Seat]:
        """Return the seats that a user has at `now`, in whatever way but for guests."""
        owned = (self.seats[seat_id] for seat_id in self._of_user.get(user_id, ()))
        return [seat for seat in owned if seat.is_claimed(now) and seat.right_id != GUEST]

    def seats_of_booking(self, booking_id: UUID) -> list[Seat]:
        """Return the seats that a booking's claim still has, lapsed or not."""
        reservation = self.reservations[booking_id]
        seats = (self.seats[seat_id] for seat_id in reservation.seat_ids if seat_id in self.seats)
        return [seat for seat in seats if seat.booking_id == booking_id]

    def let_go(self, seat: Seat, now: datetime, rules: SeatRules) -> None:
        """Count against its user that a hold of a seat has ended, and no booking has come of it."""
        assert seat.holder_id is not None, "a hold has a user"
        spent, before = rules.spent(seat, now), self.let_go_now.get(seat.holder_id)
        self.let_go_now[seat.holder_id] = before.plus(spent) if before else spent

    def minutes_held(self, user_id: UUID, now: datetime, rules: SeatRules) -> int:
        """Return for how many minutes in this window a user has held seats without booking them.

        Holds count that have lapsed, too, and have not been cleared yet.
        """
        own = (self.seats[seat_id] for seat_id in self._of_user.get(user_id, ()))
        lapsed = (rules.spent(seat, now) for seat in own if seat.status == SeatStatus.HELD and not seat.is_claimed(now))
        known = (spent[user_id] for spent in (self.unbooked_holds, self.let_go_now) if user_id in spent)
        window = rules.window_began_at(now)
        return sum(spent.minutes for spent in (*known, *lapsed) if spent.window_began_at == window)

    def take(self, seat: Seat, now: datetime, rules: SeatRules) -> None:
        """Put a claim on a seat. A lapsed claim of a booking that it replaces lapses wholly: all seats or none."""
        lapsed = self.seats[seat.id]
        if lapsed.status == SeatStatus.HELD and not lapsed.is_claimed(now):
            self.let_go(lapsed, now, rules)
        self.put(seat)
        if lapsed.booking_id is not None and lapsed.booking_id != seat.booking_id:
            self.close(lapsed.booking_id, ReservationState.RELEASED)

    def close(self, booking_id: UUID, state: ReservationState) -> None:
        """End a booking's claim and free the seats that it still has."""
        for seat in self.seats_of_booking(booking_id):
            self.put(seat.freed())
        self.put_reservation(replace(self.reservations[booking_id], state=state))
