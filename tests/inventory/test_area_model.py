"""Whatever is held, booked, paid late, given back and blocked of an area: the counts are what a simple model says.

The model knows how many places everybody has, and not which. The commands are carried out on a show that knows of few
of its places, as a batch reads them: the first free ones, as many as the command may take.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID, uuid4

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from services.chassis.errors import Failure
from services.inventory.errors import ClaimClosed
from services.inventory.seats.blocking import BlockSeats, UnblockSeats
from services.inventory.seats.commands import Cause, Confirm, Hold, Release, Reserve, SeatCommand, Unbook
from services.inventory.seats.domain import LockedShow, Seat, SeatStatus
from services.inventory.seats.holds import ReleaseHolds
from services.inventory.seats.places import AreaPlaces, FreePlaces
from tests.inventory.rules import RULES, TTL

AREA, SHOW = uuid4(), uuid4()
PLACES = 8
USERS = [uuid4() for _ in range(3)]
START = datetime(2030, 1, 1, tzinfo=UTC)

users = st.sampled_from(USERS)
quantities = st.integers(1, 4)


@dataclass
class Claim:
    """So many places that a booking has."""

    user: UUID
    places: int
    until: datetime | None
    """None: they are booked."""
    made_for: int = 0
    """How many they were, before some were given back."""


class Area(RuleBasedStateMachine):
    """An area that is sold."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.seats = {
            id_: Seat(id_, "Floor", "", n, "REGULAR", 0, SeatStatus.AVAILABLE, area_id=AREA)
            for n, id_ in enumerate((uuid4() for _ in range(PLACES)), 1)
        }
        self.reservations: dict[UUID, Any] = {}
        self.holds: dict[UUID, list[datetime]] = {user: [] for user in USERS}
        self.claims: dict[UUID, Claim] = {}
        self.blocked = 0

    # --- The model

    def held(self, user: UUID) -> list[datetime]:
        return [until for until in self.holds[user] if until > self.now]

    def of(self, user: UUID) -> int:
        claims = (claim for claim in self.claims.values() if claim.user == user)
        return len(self.held(user)) + sum(claim.places for claim in claims if self.lives(claim))

    def lives(self, claim: Claim) -> bool:
        return claim.until is None or claim.until > self.now

    def free(self) -> int:
        return PLACES - self.blocked - sum(map(self.of, USERS))

    def refuses(self, user: UUID, more: int) -> str | None:
        if self.of(user) + more > RULES.max_seats_per_user:
            return "SEAT_LIMIT_EXCEEDED"
        return "SEATS_UNAVAILABLE" if more > self.free() else None

    # --- The system

    def do(self, command: SeatCommand[Any]) -> Any:
        """Carry out a command on what is read for it, as area_rows.py reads it."""
        most = sum(wanted.quantity for wanted in command.areas)
        claim = self.reservations.get(command.booking_id)
        if claim is not None and command.may_revive and not claim.is_alive(self.now):
            most += len(claim.seat_ids)
        show = LockedShow(SHOW, START + timedelta(days=9), START + timedelta(days=9), "INR", prices={"REGULAR": 10})
        show.areas[AREA] = FreePlaces(PLACES)
        show.reservations = dict(self.reservations)
        open_ = [seat for seat in self.seats.values() if not seat.is_blocked]
        nobodys = [seat for seat in open_ if seat.status == SeatStatus.AVAILABLE]
        lapsed = [seat for seat in open_ if seat.expires_at is not None and seat.expires_at <= self.now]
        blocked = [seat for seat in self.seats.values() if seat.is_blocked] if command.takes_blocked else []
        read = [*islice((*nobodys, *sorted(lapsed, key=lambda seat: seat.expires_at or self.now)), most), *blocked]
        losers = {seat.booking_id for seat in read if seat.booking_id is not None}
        user = command.user_id or (claim and claim.user_id)
        show.load(seat for seat in self.seats.values() if user is not None and seat.holder_id == user)
        show.load(self.seats[id_] for id_ in command.seat_ids)
        for id_ in {command.booking_id, *losers} & self.reservations.keys():
            show.load(self.seats[seat_id] for seat_id in self.reservations[id_].seat_ids)
        show.load(read)
        for seat in read:
            show.areas[AREA].moved(seat.id, is_free=True)
        try:
            answer = command.apply(show, self.now, RULES)
        except Failure as failure:
            return failure.reason
        self.seats |= {id_: show.seats[id_] for id_ in show.changed_seats}
        self.reservations = show.reservations
        return answer.reason if isinstance(answer, Failure) else answer

    @rule(minutes=st.sampled_from((1, 4, 9, 16)))
    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(user=users, quantity=quantities)
    def hold(self, user: UUID, quantity: int) -> None:
        more = max(0, quantity - len(self.held(user)))
        answer = self.do(Hold(show_id=SHOW, user_id=user, areas=[AreaPlaces(AREA, quantity)]))
        if refusal := self.refuses(user, more):
            assert answer == refusal
        elif answer != "HOLD_LIMIT_EXCEEDED":
            assert len({seat.id for seat in answer.seats}) == quantity
            self.holds[user] = [*self.held(user), *[self.now + RULES.hold] * more]

    @rule(user=users)
    def release_holds(self, user: UUID) -> None:
        assert self.do(ReleaseHolds(show_id=SHOW, user_id=user)) == len(self.held(user))
        self.holds[user] = []

    @rule(user=users, quantity=quantities)
    def reserve(self, user: UUID, quantity: int) -> None:
        booking = uuid4()
        wish = Reserve(show_id=SHOW, user_id=user, booking_id=booking, areas=[AreaPlaces(AREA, quantity)], ttl=TTL)
        own = min(quantity, len(self.held(user)))
        answer = self.do(wish)
        if refusal := self.refuses(user, quantity - own):
            assert answer == refusal
            return
        assert len({seat.id for seat in answer.seats}) == quantity
        # Those that are held for the longest are the first by number; which ones these are is not the model's to know.
        taken = {seat.id for seat in answer.seats}
        left = [seat for seat in self.seats.values() if seat.is_held_by(user, self.now) and seat.id not in taken]
        assert len(left) == len(self.held(user)) - own
        self.holds[user] = [seat.expires_at for seat in left if seat.expires_at is not None]
        self.claims[booking] = Claim(user, quantity, self.now + TTL, quantity)

    @rule(number=st.integers(0, 9))
    def confirm(self, number: int) -> None:
        booking = self.some(number)
        if booking is None:
            return
        claim, answer = self.claims[booking], self.do(Confirm(show_id=SHOW, booking_id=booking))
        if self.lives(claim) or (self.refuses(claim.user, claim.places) is None):
            assert not isinstance(answer, str) and len(set(answer.seat_ids)) == claim.made_for
            claim.until = None
        else:
            assert answer == ClaimClosed.reason
            del self.claims[booking]

    @rule(number=st.integers(0, 9), expired=st.booleans())
    def release(self, number: int, expired: bool) -> None:
        booking = self.some(number)
        if booking is None or (claim := self.claims[booking]).until is None:
            return
        cause = Cause.EXPIRED if expired else Cause.ABANDONED
        answer = self.do(Release(show_id=SHOW, booking_id=booking, cause=cause))
        assert answer == ("CLAIM_ALIVE" if expired and self.lives(claim) else None)
        if cause == Cause.ABANDONED:
            del self.claims[booking]

    @rule(number=st.integers(0, 9))
    def give_one_back(self, number: int) -> None:
        booking = self.some(number)
        if booking is None or self.claims[booking].until is not None:
            return
        had = [seat.id for seat in self.seats.values() if seat.booking_id == booking]
        assert self.do(Unbook(show_id=SHOW, booking_id=booking, seat_ids=had[:1])) is None
        self.claims[booking].places -= 1
        if not self.claims[booking].places:
            del self.claims[booking]

    @rule(quantity=quantities)
    def block(self, quantity: int) -> None:
        answer = self.do(BlockSeats(show_id=SHOW, areas=[AreaPlaces(AREA, quantity)], reason="members"))
        more = max(0, quantity - self.blocked)
        if more > self.free():
            assert answer == "SEATS_UNAVAILABLE"
        else:
            assert answer == more
            self.blocked += more

    @rule(number=st.integers(0, 9))
    def block_one_that_a_booking_had(self, number: int) -> None:
        """Block a place whose claim has lapsed: money may still come for it."""
        had = [
            seat
            for seat in self.seats.values()
            if seat.booking_id and not (seat.is_claimed(self.now) or seat.is_blocked)
        ]
        if had:
            seat = had[number % len(had)]
            assert self.do(BlockSeats(show_id=SHOW, seat_ids=[seat.id], reason="members")) == 1
            self.blocked += 1

    @rule(quantity=quantities)
    def unblock(self, quantity: int) -> None:
        answer = self.do(UnblockSeats(show_id=SHOW, areas=[AreaPlaces(AREA, quantity)]))
        assert answer == min(quantity, self.blocked)
        self.blocked -= answer

    def some(self, number: int) -> UUID | None:
        return list(self.claims)[number % len(self.claims)] if self.claims else None

    @invariant()
    def everybody_has_what_the_model_says(self) -> None:
        alive = [seat for seat in self.seats.values() if seat.is_claimed(self.now)]
        for user in USERS:
            assert sum(seat.holder_id == user for seat in alive) == self.of(user)
        for booking, claim in self.claims.items():
            if self.lives(claim):
                assert sum(seat.booking_id == booking for seat in alive) == claim.places
        for seat in self.seats.values():
            assert seat.booking_id is None or seat.id in self.reservations[seat.booking_id].seat_ids
        assert sum(seat.is_blocked for seat in self.seats.values()) == self.blocked
        assert len(alive) + self.blocked <= PLACES


Area.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestArea = Area.TestCase
