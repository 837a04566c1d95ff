"""Whatever is held, booked, paid late, given back and set at random: everybody pays what a simple model says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from services.chassis.errors import Failure
from services.inventory.errors import PriceChanged
from services.inventory.seats.commands import Cause, Confirm, Extend, Hold, Release, Reserve, Unbook
from services.inventory.seats.domain import LockedShow, Price, Seat, SeatStatus
from services.inventory.seats.holds import Tidy
from services.inventory.seats.listing import SetPrices
from tests.inventory.rules import RULES, TTL

SEATS = [uuid4() for _ in range(3)]
USERS = [uuid4() for _ in range(2)]
START = datetime(2030, 1, 1, tzinfo=UTC)

seats = st.sets(st.sampled_from(SEATS), min_size=1, max_size=2).map(sorted)
users = st.sampled_from(USERS)


@dataclass
class Had:
    """What somebody has a seat for, until when if it can lapse."""

    user: UUID
    booking: UUID | None
    price: int
    until: datetime | None


class Sold(RuleBasedStateMachine):
    """A show that is sold while its prices are set."""

    def __init__(self) -> None:
        super().__init__()
        self.now, self.listed = START, 10
        self.show = LockedShow(
            uuid4(), START + timedelta(days=9), START + timedelta(days=9), "INR", prices={"REGULAR": 10}
        )
        self.show.load(Seat(id_, "Stalls", "A", n, "REGULAR", 999, SeatStatus.AVAILABLE) for n, id_ in enumerate(SEATS))
        self.had: dict[UUID, Had] = {}
        self.bookings: dict[UUID, dict[UUID, int]] = {}
        """What each booking pays for its seats, frozen when it was made."""

    def cost(self, user: UUID, seat_id: UUID) -> int:
        """Return what a seat costs a user who could have it."""
        had = self.alive().get(seat_id)
        return had.price if had is not None and had.user == user else self.listed

    def alive(self) -> dict[UUID, Had]:
        return {id_: had for id_, had in self.had.items() if had.until is None or had.until > self.now}

    @rule(price=st.integers(1, 30))
    def set_prices(self, price: int) -> None:
        command = SetPrices(show_id=self.show.id, prices=[Price("REGULAR", price)])
        assert command.apply(self.show, self.now, RULES).prices == {"REGULAR": price}
        self.listed = price

    @rule(minutes=st.sampled_from([1, 5, 15]))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(user=users, ids=seats, off=st.sampled_from([0, 0, 1]))
    def hold(self, user: UUID, ids: list[UUID], off: int) -> None:
        costs = {id_: self.cost(user, id_) for id_ in ids}
        expected = sum(costs.values()) + off
        command: Hold[object] = Hold(show_id=self.show.id, user_id=user, seat_ids=ids, expected_total=expected)
        try:
            held = command.apply(self.show, self.now, RULES)
        except PriceChanged:
            assert off
            return
        except Failure:
            return
        assert not off and {seat.id: seat.price for seat in held.seats} == costs
        for seat in held.seats:
            if seat.id not in self.alive():
                self.had[seat.id] = Had(user, None, seat.price, self.now + RULES.hold)

    @rule(user=users, ids=seats)
    def reserve(self, user: UUID, ids: list[UUID]) -> None:
        costs, booking = {id_: self.cost(user, id_) for id_ in ids}, uuid4()
        command = Reserve(show_id=self.show.id, user_id=user, booking_id=booking, seat_ids=ids, ttl=TTL)
        try:
            reserved = command.apply(self.show, self.now, RULES)
        except Failure:
            return
        assert {seat.id: seat.price for seat in reserved.seats} == costs
        self.bookings[booking] = costs
        self.had.update((id_, Had(user, booking, price, self.now + TTL)) for id_, price in costs.items())

    @rule(data=st.data())
    def pay(self, data: st.DataObject) -> None:
        """In time or late; a late payment takes all its seats, or none."""
        if not self.bookings:
            return
        booking = data.draw(st.sampled_from(list(self.bookings)))
        confirmed = Confirm(show_id=self.show.id, booking_id=booking).apply(self.show, self.now, RULES)
        if not isinstance(confirmed, Failure):
            [user] = {self.show.reservations[booking].user_id}
            assert user is not None
            for seat in self.show.seats_of_booking(booking):
                self.had[seat.id] = Had(user, booking, self.bookings[booking][seat.id], None)

    @rule(data=st.data(), cause=st.sampled_from(Cause))
    def end(self, data: st.DataObject, cause: Cause) -> None:
        if self.bookings:
            booking = data.draw(st.sampled_from(list(self.bookings)))
            self._free(booking, Release(show_id=self.show.id, booking_id=booking, cause=cause))

    @rule(data=st.data(), ids=seats)
    def give_back(self, data: st.DataObject, ids: list[UUID]) -> None:
        if self.bookings:
            booking = data.draw(st.sampled_from(list(self.bookings)))
            self._free(booking, Unbook(show_id=self.show.id, booking_id=booking, seat_ids=ids))

    @rule(data=st.data())
    def extend(self, data: st.DataObject) -> None:
        if self.bookings:
            booking = data.draw(st.sampled_from(list(self.bookings)))
            try:
                extended = Extend(show_id=self.show.id, booking_id=booking, ttl=TTL).apply(self.show, self.now, RULES)
            except Failure:
                return
            until = extended.expires_at
            for had in self.had.values():
                had.until = until if had.booking == booking else had.until

    @rule()
    def tidy(self) -> None:
        Tidy(show_id=self.show.id, seat_ids=SEATS).apply(self.show, self.now, RULES)

    def _free(self, booking: UUID, command: Release | Unbook) -> None:
        try:
            command.apply(self.show, self.now, RULES)
        except Failure:
            return
        left = {seat.id for seat in self.show.seats_of_booking(booking)}
        self.had = {id_: had for id_, had in self.had.items() if had.booking != booking or id_ in left}

    @invariant()
    def everybody_pays_what_he_took_his_seats_for(self) -> None:
        alive = self.alive()
        for seat in self.show.seats.values():
            had = alive.get(seat.id)
            assert seat.is_claimed(self.now) == (had is not None)
            assert self.show.priced(seat, self.now).price == (self.listed if had is None else had.price)
            if had is not None:
                assert (seat.holder_id, seat.booking_id) == (had.user, had.booking)


TestSold = Sold.TestCase
TestSold.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
