"""Creating bookings, step by step: RESERVING → inventory reserves → PENDING.

A free booking goes on at once: → CONFIRMING → inventory confirms → CONFIRMED.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import cast
from uuid import UUID

from services.booking.bookings.domain import Booking, Changed, ListedSeats, ReservedSeats, State
from services.booking.bookings.leases import RETRY_SECONDS, postpone
from services.booking.clients import InventoryClient, Name
from services.booking.creating.operation import (
    BeginBookings,
    BegunBooking,
    Create,
    KeptAnswer,
    Priced,
    drop_bookings,
    finish_bookings,
)
from services.booking.errors import FreeBookingLimitExceeded
from services.booking.messages import Asked, Claim, Release, release_of
from services.chassis.errors import Failure, Unavailable, is_transient
from services.chassis.store.database import Database
from services.chassis.writes.desk import Outcome

log = logging.getLogger(__name__)

Confirm = Callable[[Sequence[Booking]], Awaitable[Mapping[UUID, Booking]]]
"""Has inventory confirm bookings; returns those of them that it has answered for, as they are then."""


class CreateBookings:
    """Creates batches of bookings; what booking's desk runs. Answers each with what `render` makes of it."""

    def __init__(
        self,
        db: Database,
        inventory: InventoryClient,
        confirm: Confirm,
        *,
        render: Callable[[Changed], bytes],
        expiry: timedelta,
        free_per_day: int,
    ) -> None:
        """`free_per_day`: how many free bookings a user may make in a day; 0: any number."""
        self._db = db
        self._inventory = inventory
        self._confirm = confirm
        self._render = render
        self._begin = BeginBookings(db)
        self._expiry_seconds = int(expiry.total_seconds())
        self._free_per_day = free_per_day

    async def __call__(self, batch: Sequence[Create], *, wait: bool) -> list[Outcome[bytes]]:
        """Create a batch of bookings; see desk.Run."""
        outcomes = await self._begin(batch, wait=wait)
        begun = [
            (command, outcome)
            for command, outcome in zip(batch, outcomes, strict=True)
            if isinstance(outcome, BegunBooking)
        ]
        created = await self._reserve(begun) if begun else {}
        return [
            created[command.id] if isinstance(outcome, BegunBooking) else _outcome(outcome)
            for command, outcome in zip(batch, outcomes, strict=True)
        ]

    async def give_up(self, bookings: Sequence[Booking]) -> None:
        """Undo bookings of which it is not known whether they have their seats."""
        await self._give_up([(booking.id, booking.show.show_id) for booking in bookings])

    async def _give_up(self, names: Sequence[Name]) -> None:
        if not names:
            return
        ids = [booking_id for booking_id, _ in names]
        releases = [release_of(*name, Release.ABANDONED) for name in names]
        try:
            answers = await self._inventory.release(releases)
        except Failure as failure:
            log.warning("%d bookings are given up later: %s", len(ids), failure)
            await postpone(self._db, ids, RETRY_SECONDS)
            return
        await drop_bookings(self._db, [id_ for id_, answer in zip(ids, answers, strict=True) if answer is None])

    async def _check_totals(self, begun: Sequence[tuple[Create, BegunBooking]]) -> dict[UUID, int | Failure]:
        """Price the bookings that say what is to be paid, or of which kinds their tickets are, before seats are taken.

        Returns their list prices, or why they are refused. It is looked at again when the seats are reserved: a hold
        may have lapsed meanwhile.
        """
        asking = [(one, intent) for one, intent in begun if one.new.expected_total is not None or one.new.kinds]
        if not asking:
            return {}
        try:
            lists = await self._inventory.prices(
                [Asked(one.show.show_id, one.new.user_id, one.new.seat_ids, one.new.areas) for one, _ in asking]
            )
        except Failure as failure:
            return {command.id: failure for command, _ in asking}
        return {
            command.id: _checked_total(command, intent, listed)
            for (command, intent), listed in zip(asking, lists, strict=True)
        }

    async def _reserve(self, begun: Sequence[tuple[Create, BegunBooking]]) -> dict[UUID, bytes | Failure]:
        totals = await self._check_totals(begun)
        outcomes: dict[UUID, bytes | Failure] = {id_: it for id_, it in totals.items() if isinstance(it, Failure)}
        refused = list(outcomes)
        begun = [(command, intent) for command, intent in begun if command.id not in outcomes]
        claims = [
            self._claim(command, cast(int | None, totals.get(command.id)), intent.tickets_from_others)
            for command, intent in begun
        ]
        answers: Sequence[ReservedSeats | Failure]
        try:
            answers = await self._inventory.reserve(claims) if claims else []
        except Failure as failure:
            answers = [failure] * len(begun)
        priced: list[Priced] = []
        reserved: list[Name] = []
        """What has its seats, and is refused all the same."""
        unknown: list[UUID] = []
        for (command, intent), answer in zip(begun, answers, strict=True):
            if isinstance(answer, ReservedSeats):
                try:
                    command = await self._brought_up_to_date(command, answer)
                    priced.append(Priced.from_reservation(command, intent, answer))
                except Failure as failure:
                    outcomes[command.id] = failure
                    reserved.append((command.id, command.show.show_id))
                continue
            # Recovery was faster and has closed the claim: it is nothing that the caller did, and may be tried again.
            outcomes[command.id] = Unavailable() if answer.reason == "CLAIM_CLOSED" else answer
            (unknown if is_transient(answer) else refused).append(command.id)
        try:
            if priced or refused:
                outcomes |= await self._finish(priced, refused)
            # Inventory has reserved these, or may have: recovery gives them back.
            await postpone(self._db, unknown, 0)
            await self._give_up(reserved)
        except Failure as failure:
            # The intents are written, so this batch must not be run again: recovery gives back what was reserved.
            log.warning("%d bookings are left to recovery: %s", len(begun), failure)
            outcomes |= {one.booking.id: Unavailable() for one in priced if one.booking.id not in outcomes}
        return outcomes

    def _claim(self, command: Create, expected_total: int | None, tickets_from_others: int) -> Claim:
        return Claim(
            booking_id=command.id,
            show_id=command.show.show_id,
            user_id=command.new.user_id,
            seat_ids=command.new.seat_ids,
            ttl_seconds=self._expiry_seconds,
            expected_total=expected_total,
            access_code=command.new.access_code,
            for_guest=command.new.guest_name is not None,
            areas=command.new.areas,
            tickets_from_others=tickets_from_others,
        )

    async def _brought_up_to_date(self, command: Create, reserved: ReservedSeats) -> Create:
        """Return the command with the show that its seats were reserved of, if what was known of it is older."""
        if command.show.show_revision >= reserved.show_revision:
            return command
        show = await self._inventory.show(command.show.show_id, revision=reserved.show_revision)
        return replace(command, show=show)

    async def _finish(self, priced: Sequence[Priced], refused: Sequence[UUID]) -> dict[UUID, bytes | Failure]:
        finished = await finish_bookings(self._db, priced, refused, self._render, free_per_day=self._free_per_day)
        too_many = [one.booking for one in priced if isinstance(finished[one.booking.id], FreeBookingLimitExceeded)]
        await self._give_up([(booking.id, booking.show.show_id) for booking in too_many])
        free = await self._confirm_free([one for one in finished.values() if isinstance(one, Priced)])
        return free | {id_: outcome for id_, outcome in finished.items() if not isinstance(outcome, Priced)}

    async def _confirm_free(self, free: Sequence[Priced]) -> dict[UUID, bytes | Failure]:
        """Have inventory confirm free bookings; what it does not answer for now, recovery carries on.

        The answer is kept under the idempotency key by whoever writes down what inventory has answered.
        """
        if not free:
            return {}
        try:
            answered = await self._confirm([one.booking for one in free])
        except Failure as failure:
            log.warning("%d free bookings are left to recovery: %s", len(free), failure)
            answered = {}
        return {one.booking.id: self._answered(one, answered.get(one.booking.id)) for one in free}

    def _answered(self, free: Priced, booking: Booking | None) -> bytes | Failure:
        if booking is None or booking.state == State.CONFIRMING:
            return Unavailable()
        return self._render(Changed(booking, free.seats))


def _checked_total(command: Create, intent: BegunBooking, listed: ListedSeats | Failure) -> int | Failure:
    """Return what the seats cost by inventory's list if what is paid is what was expected, or why not."""
    if isinstance(listed, Failure):
        return listed
    try:
        intent.price(command.new, listed)
    except Failure as failure:
        return failure
    return sum(seat.price for seat in listed.seats)


def _outcome(outcome: Outcome[KeptAnswer]) -> Outcome[bytes]:
    """Return what a booking comes to that was not begun."""
    return outcome.answer if isinstance(outcome, KeptAnswer) else outcome
