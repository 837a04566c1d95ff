"""Commands: everything that changes seats.

Each is decided by `apply` alone, against a show that is locked and an instant that was read after the lock: all of
it happens or none of it does. What `apply` returns is the answer. It raises its refusals before its first change. To
refuse and keep a change all the same (see Confirm), it returns the Failure.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

from services.chassis.values.changing import changed
from services.chassis.writes.idempotency import Key, Once
from services.inventory.errors import (
    AccessCodeNotValid,
    ClaimAlive,
    ClaimClosed,
    ClaimConfirmed,
    HoldLimitExceeded,
    ShowCancelled,
)
from services.inventory.seats.answers import Confirmed as Confirmed
from services.inventory.seats.answers import Extended as Extended
from services.inventory.seats.answers import Held as Held
from services.inventory.seats.answers import Reserved as Reserved
from services.inventory.seats.choosing import is_of, with_blocked_places, with_other_places, with_places
from services.inventory.seats.domain import (
    LockedShow,
    Reservation,
    ReservationState,
    Seat,
    SeatRules,
    SeatStatus,
)
from services.inventory.seats.places import AreaPlaces
from services.inventory.seats.rights import GUEST, AccessCode
from services.inventory.seats.taking import alone, check_total, for_guests, takeable, usable_code

A = TypeVar("A")


@dataclass(frozen=True, slots=True)
class ShowKey(Key):
    """The idempotency key of a command. It belongs to its show too, with whose rows it is kept."""

    show_id: UUID

    @property
    def name(self) -> tuple[UUID | str, ...]:
        """What the key is found by."""
        return (self.show_id, self.user_id, self.method, self.key)

    @staticmethod
    def of(key: Key, show_id: UUID) -> "ShowKey":
        """Return a request's key as the key of a show."""
        return ShowKey(key.user_id, key.method, key.key, key.request_hash, show_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatCommand(ABC, Generic[A]):
    """A change of a show's seats, answered with an A. The fields say what has to be read before it can be decided."""

    urgent: ClassVar[bool] = False
    changes_claim: ClassVar[bool] = True
    """Whether it changes the claim of its booking, so that the claim's seats have to be known."""
    is_limited: ClassVar[bool] = False
    """Whether it is refused to users who have held the show's seats for too long, so that this has to be known."""
    makes_code: ClassVar[bool] = False
    """Whether it makes an access code, so that it has to be known how many the show has."""
    may_revive: ClassVar[bool] = False
    """Whether it gives a lapsed claim its seats back, so that it has to be known what its user has meanwhile."""

    sets_prices: ClassVar[bool] = False
    """Whether it sets prices, so that it has to be known by how much seats multiply them."""

    show_id: UUID
    seat_ids: Sequence[UUID] = ()
    """The seats that it names."""
    areas: Sequence[AreaPlaces] = ()
    """How many places of areas it is about."""
    user_id: UUID | None = None
    """The user whose seats count."""
    booking_id: UUID | None = None
    """The booking whose claim it is about."""
    access_code: str | None = None
    """The access code that it names, in large letters, by which blocked seats may be taken."""
    code_id: UUID | None = None
    """The access code that it is about."""
    once: Once[Any, Any] | None = None
    """The idempotency key, which is a ShowKey, and how the answer that is kept under it is rendered."""

    @property
    def key(self) -> UUID:
        """The show, which is locked while its seats change."""
        return self.show_id

    @property
    def takes_blocked(self) -> bool:
        """Whether it is about blocked places of areas, so that these have to be known."""
        return self.access_code is not None

    @property
    def blocks_for(self) -> str | None:
        """About those alone that are blocked for this reason; None: for whatever reason."""
        return None

    @abstractmethod
    def apply(self, show: LockedShow, now: datetime, rules: SeatRules) -> Any:
        """Decide the command and carry it out on `show`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold(SeatCommand[A]):
    """Hold seats for a user. Seats that the user holds already stay held as long as they were."""

    is_limited: ClassVar[bool] = True

    user_id: UUID
    expected_total: int | None = None
    """What the seats were said to cost, if the caller tells."""
    once: Once[Held, Any] | None = None

    def apply(self, show: LockedShow, now: datetime, rules: SeatRules) -> Held | AccessCodeNotValid:
        """Hold all seats, or raise what stands in the way; AccessCodeNotValid is returned, as its try is counted."""
        code = _code_of(self, self.user_id, show, now)
        if isinstance(code, AccessCodeNotValid):
            return code
        ids = with_places(show, self.seat_ids, self.areas, self.user_id, now, rules, code)
        seats = takeable(show, ids, self.user_id, now, rules, code)
        check_total(seats, self.expected_total)
        more = [seat for seat in seats if not seat.is_held_by(self.user_id, now)]
        if more and show.minutes_held(self.user_id, now, rules) >= rules.hold_budget_minutes:
            raise HoldLimitExceeded(
                limit=rules.hold_budget_minutes, resumes_at=f"{rules.window_ends_at(now):%Y-%m-%dT%H:%M:%SZ}"
            )
        until = show.until(now + rules.hold)
        for seat in more:
            claim = changed(
                seat, status=SeatStatus.HELD, holder_id=self.user_id, booking_id=None, held_at=now, expires_at=until
            )
            show.take(claim, now, rules)
        return Held(self.show_id, self.user_id, [show.seats[id_] for id_ in ids], show.currency, now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserve(SeatCommand[Reserved]):
    """Reserve seats to a booking. They may be free, or held by its user."""

    changes_claim: ClassVar[bool] = False

    user_id: UUID
    booking_id: UUID
    ttl: timedelta
    expected_total: int | None = None
    """What the seats cost when the booking was priced, if that was before."""
    for_guest: bool = False
    """Whether the organizer books blocked seats for somebody."""
    tickets_from_others: int = 0
    """How many tickets of the show the user has accepted from others."""

    @property
    def takes_blocked(self) -> bool:
        """Guests get no others."""
        return self.for_guest or self.access_code is not None

    def apply(self, show: LockedShow, now: datetime, rules: SeatRules) -> Reserved | AccessCodeNotValid:
        """Reserve all seats, or refuse as Hold does, or raise ClaimClosed if this booking's claim has ended already."""
        known = show.reservations.get(self.booking_id)
        taken: list[Seat] | None = None
        if known is None:
            code = _code_of(self, self.user_id, show, now)
            if isinstance(code, AccessCodeNotValid):
                return code
            until = show.until(now + min(self.ttl, rules.reservation_max))
            if self.for_guest:
                ids = with_blocked_places(show, self.seat_ids, self.areas, now)
                taken = for_guests(show, ids, self.user_id, now)
            else:
                ids = with_places(show, self.seat_ids, self.areas, self.user_id, now, rules, code)
                taken = takeable(show, ids, self.user_id, now, rules, code, from_others=self.tickets_from_others)
            check_total(taken, self.expected_total)
            for seat in taken:
                claim = changed(
                    seat,
                    status=SeatStatus.RESERVED,
                    holder_id=self.user_id,
                    booking_id=self.booking_id,
                    expires_at=until,
                    held_at=seat.held_at if seat.is_held_by(self.user_id, now) else None,
                )
                show.take(claim, now, rules)
            known = Reservation(
                self.booking_id,
                self.user_id,
                ReservationState.RESERVED,
                ids,
                now,
                until,
                [seat.price for seat in taken],
                [seat.right_id for seat in taken] if any(seat.right_id for seat in taken) else None,
            )
            show.put_reservation(known)
        elif known.state in (ReservationState.RELEASED, ReservationState.REFUSED):
            raise ClaimClosed()
        elif not is_of(known, show, self.seat_ids, self.areas) or known.user_id != self.user_id:
            raise ClaimClosed("This booking has a claim on other seats.")
        elif show.is_cancelled and known.state != ReservationState.CONFIRMED:
            raise ShowCancelled()
        ids = [*self.seat_ids, *known.seat_ids[len(self.seat_ids) :]]
        seats = [known.priced(show.seats[id_]) for id_ in ids] if taken is None else [show.seats[id_] for id_ in ids]
        return Reserved(known, self.show_id, seats, show.currency, show.times)


@dataclass(frozen=True, slots=True, kw_only=True)
class Extend(SeatCommand[Extended]):
    """Give a live reservation more time, never less, and never more than it may have in all or until sales end."""

    urgent: ClassVar[bool] = True

    booking_id: UUID
    ttl: timedelta

    def apply(self, show: LockedShow, now: datetime, rules: SeatRules) -> Extended:
        """Return when the claim lapses now. Raise ShowCancelled, or ClaimClosed if it or sales have ended."""
        if show.is_cancelled:
            raise ShowCancelled()
        known = show.reservations.get(self.booking_id)
        if known is None or not known.is_alive(now) or not show.sells(now):
            raise ClaimClosed()
        until = max(known.expires_at, show.until(min(now + self.ttl, known.reserved_at + rules.reservation_max)))
        if until != known.expires_at:
            for seat in show.seats_of_booking(self.booking_id):
                show.put(replace(seat, expires_at=until))
            show.put_reservation(replace(known, expires_at=until))
        return Extended(until, show.times)


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirm(SeatCommand[Confirmed]):
    """Book a reservation's seats for good.

    Once sales have ended or the show is cancelled, no claim is booked any more, alive or not. A claim that lapsed
    before is revived if every seat is free or still its own, and the user's limit allows it, at the prices that it was
    made for; for places of areas it gets others that are free. Seats that are blocked it gets by the right that it was
    made with. A refusal is for good, and remembered.
    """

    urgent: ClassVar[bool] = True
    may_revive: ClassVar[bool] = True

    booking_id: UUID
    tickets_from_others: int = 0
    """How many tickets of the show its user has accepted from others."""

    def apply(self, show: LockedShow, now: datetime, rules: SeatRules) -> ClaimClosed | Confirmed:
        """Return the claim if its seats are booked, ClaimClosed if they never will be."""
        known = show.reservations.get(self.booking_id)
        if known is None:
            show.put_reservation(_closed(self.booking_id, now))
            return ClaimClosed()
        if known.state == ReservationState.CONFIRMED:
            return _confirmed(show, known)
        if known.state == ReservationState.REFUSED:
            return ClaimClosed()
        if not known.is_alive(now):
            known = with_other_places(show, known, now)
        assert known.user_id is not None, "only a REFUSED reservation lacks its user"
        seats = [known.entitled(show.seats[seat_id], now) for seat_id in known.seat_ids]
        if not show.sells(now) or not (known.is_alive(now) or self._may_revive(show, known.user_id, seats, now, rules)):
            show.close(self.booking_id, ReservationState.REFUSED)
            return ClaimClosed("The seats could not be kept for this booking.")
        for place in show.seats_of_booking(self.booking_id):
            # Another one of its area takes the place of one that was blocked meanwhile.
            if place.id not in known.seat_ids:
                show.put(place.freed())
        for seat in map(known.priced, seats):
            claim = changed(
                seat,
                status=SeatStatus.BOOKED,
                holder_id=known.user_id,
                booking_id=self.booking_id,
                expires_at=None,
            )
            show.take(claim, now, rules)
        known = replace(known, state=ReservationState.CONFIRMED)
        show.put_reservation(known)
        return _confirmed(show, known)

    def _may_revive(
        self, show: LockedShow, user_id: UUID, seats: Sequence[Seat], now: datetime, rules: SeatRules
    ) -> bool:
        """Tell whether a claim that has lapsed can have its seats back."""
        own_seats = sum(seat.booking_id != self.booking_id for seat in show.seats_of(user_id, now))
        own_now = own_seats + self.tickets_from_others
        are_free = all(seat.booking_id == self.booking_id or not seat.is_claimed(now) for seat in seats)
        rights = [(seat.right_id, seat.id, seat.blocked_for) for seat in seats if seat.is_blocked]
        has_rights = show.access.admits_again(rights, now)
        more = sum(seat.right_id != GUEST for seat in seats)
        fits = own_now + more <= show.most_seats(rules) and not alone(show, seats, user_id, now)
        return are_free and has_rights and (more == 0 or fits)


class Cause(StrEnum):
    """Why a claim is released."""

    EXPIRED = "EXPIRED"
    ABANDONED = "ABANDONED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Release(SeatCommand[None]):
    """End a claim that was not confirmed: it expired, and may be revived; or it is given up, for good.

    Giving up a claim that is not known refuses the reserve that may still be on its way.
    """

    urgent: ClassVar[bool] = True

    booking_id: UUID
    cause: Cause

    def apply(self, show: LockedShow, now: datetime, rules: SeatRules) -> None:
        """Release the claim, or raise ClaimConfirmed, or ClaimAlive if it is said to have expired and has not."""
        known = show.reservations.get(self.booking_id)
        if known is None:
            show.put_reservation(_closed(self.booking_id, now))
            return
        if known.state == ReservationState.CONFIRMED:
            raise ClaimConfirmed()
        if self.cause == Cause.EXPIRED and known.is_alive(now):
            raise ClaimAlive()
        state = ReservationState.RELEASED if self.cause == Cause.EXPIRED else ReservationState.REFUSED
        if known.state not in (state, ReservationState.REFUSED):
            show.close(self.booking_id, state)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unbook(SeatCommand[None]):
    """Put seats of a confirmed booking on sale again, for good: those that it names, or all where it names none.

    A seat is freed only while it is that booking's, which never gets it back.
    """

    urgent: ClassVar[bool] = True

    booking_id: UUID

    def apply(self, show: LockedShow, now: datetime, rules: SeatRules) -> None:
        """Free the seats, or raise ClaimClosed if they were never confirmed for this booking."""
        known = show.reservations.get(self.booking_id)
        if known is None or known.state in (ReservationState.RESERVED, ReservationState.RELEASED):
            raise ClaimClosed("This booking's seats were never confirmed.")
        if not set(self.seat_ids) <= set(known.seat_ids):
            raise ClaimClosed("This booking has never had these seats.")
        if known.state != ReservationState.CONFIRMED:
            return
        freed = set(self.seat_ids or known.seat_ids)
        left = show.seats_of_booking(self.booking_id)
        if all(seat.id in freed for seat in left):
            show.close(self.booking_id, ReservationState.REFUSED)
            return
        for seat in left:
            if seat.id in freed:
                show.put(seat.freed())


def _code_of(
    command: SeatCommand[Any], user_id: UUID, show: LockedShow, now: datetime
) -> AccessCode | AccessCodeNotValid | None:
    """Return the code that a command gives, None where it gives none; AccessCodeNotValid where it cannot be used."""
    if command.access_code is None:
        return None
    return usable_code(show, command.seat_ids, user_id, command.access_code, now)


def _confirmed(show: LockedShow, claim: Reservation) -> Confirmed:
    has_places = any(show.seats[id_].area_id is not None for id_ in claim.seat_ids)
    return Confirmed(show.times, claim.seat_ids if has_places else ())


def _closed(booking_id: UUID, now: datetime) -> Reservation:
    """Make the record of a claim that is closed before it was made."""
    return Reservation(booking_id, None, ReservationState.REFUSED, [], now, now)
