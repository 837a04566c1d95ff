"""What customers do. Each story is one of somebody new; which is played, and how it turns, is drawn from the seed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from storm.client import GaveUp, Refused, StormShop
from storm.history import Json, Request
from storm.shows import Box

QUICK_METHODS = {
    "pm_succeed": 50,
    "pm_never_answer": 3,
    "pm_duplicate": 8,
    "pm_reorder": 8,
    "pm_delay": 4,
    "pm_tamper_amount": 4,
    "pm_tamper_payment": 4,
    "pm_fail_refund_1": 8,
    "pm_fail_refund_3": 3,
    "pm_refund_declined": 2,
    "card_succeed": 4,
    "card_3ds": 6,
    "upi_succeed": 6,
    "netbanking_succeed": 4,
}
"""How money is paid that is taken within seconds, and how often each."""
LATE_METHODS = ("pm_late", "netbanking_late")
DECLINES = ("pm_decline", "card_decline", "netbanking_decline", "pm_decline_then_succeed")
CARD_CODE = "123456"
LOOK_SECONDS = 0.3
LATER_LOOK_SECONDS = 1.0
SETTLED_SECONDS = 20.0
LATE_SECONDS = 45.0
ENDED = ("CONFIRMED", "REFUNDED", "CANCELLED")

Spawn = Callable[[Coroutine[Any, Any, None]], None]
"""Lets something go on beside, for as long as the storm lasts: it holds up nobody."""


class Customer:
    """Somebody new, and what they can ask for. Repetitions go out under the same key."""

    def __init__(self, shop: StormShop, chance: random.Random) -> None:
        self._shop = shop
        self._chance = chance
        self.id = str(UUID(int=chance.getrandbits(128), version=4))
        self.email = ""
        """Of the account; empty: there is none."""

    def key(self) -> str:
        return f"{self._chance.getrandbits(64):016x}"

    async def hold(self, show: str, seats: list[str]) -> Json:
        body = {"showId": show, "userId": self.id, "showSeatIds": seats}
        return await self._shop.ask(
            Request("hold", "POST", "bookings/hold-seats", self.id, show, body, self._maybe_key())
        )

    def order(self, show: str, seats: list[str]) -> Request:
        body = {"showId": show, "userId": self.id, "showSeatIds": seats}
        return Request("book", "POST", "bookings", self.id, show, body, self.key())

    async def book(self, show: str, seats: list[str]) -> Json:
        return await self.send(self.order(show, seats))

    def opening(self, booking: Json) -> Request:
        body = {"bookingId": booking["id"], "userId": self.id}
        return Request("initiate", "POST", "payments/initiate", self.id, booking["id"], body, self.key())

    async def session(self, booking: Json) -> str:
        return str((await self.send(self.opening(booking)))["sessionId"])

    async def pay(self, session: str, method: str) -> Json:
        """Pay, with the code that the bank asks for, if it asks for one."""
        if self._shop.pay_elsewhere is not None:
            await self._shop.pay_elsewhere(session, method)
            return {}
        path, body = f"payments/simulate/{session}", {"paymentMethod": method}
        answer = await self.send(Request("pay", "POST", path, self.id, session, body))
        if answer.get("awaits") != "CODE":
            return answer
        return await self.send(Request("pay", "POST", path, self.id, session, body | {"code": CARD_CODE}))

    def cancellation(self, booking: Json) -> Request:
        path = f"bookings/{booking['id']}/cancel"
        return Request("cancel", "PATCH", path, self.id, booking["id"], {"userId": self.id}, self.key())

    def refund(self, booking: Json) -> Request:
        path = f"payments/refund/{booking['id']}"
        return Request("refund", "POST", path, self.id, booking["id"], {"userId": self.id}, self.key())

    async def offer(self, booking: Json, email: str) -> Json:
        """Offer the first ticket of a booking."""
        listing = f"bookings/{booking['id']}/tickets?userId={self.id}"
        [ticket, *_] = (await self.send(Request("tickets", "GET", listing, self.id, booking["id"])))["tickets"]
        path, body = f"tickets/{ticket['id']}/offers", {"userId": self.id, "email": email, "recipientName": "Friend"}
        return await self.send(Request("offer", "POST", path, self.id, booking["id"], body, self.key()))

    async def move(self, offer: Json, how: str) -> Json:
        """Accept an offer, decline it, take it back, or give its ticket back."""
        path, body = f"ticket-offers/{offer['id']}/{how}", {"userId": self.id}
        return await self.send(Request(how, "POST", path, self.id, offer["id"], body))

    async def look(self, booking: Json) -> str:
        path = f"bookings/{booking['id']}"
        return str((await self.send(Request("look", "GET", path, self.id, booking["id"])))["status"])

    async def send(self, request: Request) -> Json:
        return await self._shop.ask(request)

    async def until(self, booking: Json, *statuses: str, seconds: float, every: float = LOOK_SECONDS) -> str:
        """Look at a booking until it has one of `statuses`, for so long; return the last that was seen."""
        status = await self.look(booking)
        for _ in range(int(seconds / every)):
            if status in statuses:
                break
            await asyncio.sleep(every)
            status = await self.look(booking)
        return status

    def _maybe_key(self) -> str | None:
        return self.key() if self._chance.random() < 0.7 else None


class Stories:
    """The stories, and how often each is played."""

    def __init__(
        self, shop: StormShop, box: Box, chance: random.Random, beside: Spawn, friends: Sequence[Customer] = ()
    ) -> None:
        """`friends`: accounts that take tickets of others, each with its `email`; without any, none is passed on."""
        self._friends = friends
        self._shop = shop
        self._box = box
        self._chance = chance
        self._beside = beside
        self._weights: dict[Callable[[], Awaitable[None]], int] = {
            self.buy: 46,
            self.pay_late: 12,
            self.decline_then_buy: 6,
            self.cancel: 6,
            self.cancel_and_pay: 5,
            self.pay_twice: 4,
            self.repeat: 5,
            self.fight: 6,
            self.walk_away: 4,
            self.come_late: 4,
        }
        if friends:
            self._weights[self.pass_on] = 10

    async def play(self) -> None:
        """Play one story. One that the storm interrupts, or that is refused something, ends there."""
        [story] = self._chance.choices(list(self._weights), list(self._weights.values()))
        with suppress(Refused, GaveUp):  # counted in the history, by reason
            await story()

    def _customer(self) -> Customer:
        return Customer(self._shop, self._chance)

    def _method(self) -> str:
        [method] = self._chance.choices(list(QUICK_METHODS), list(QUICK_METHODS.values()))
        return method

    async def _some_seats(self) -> tuple[str, list[str]]:
        return await self._box.seats(self._chance.choice((1, 1, 2, 2, 3)))

    async def _settle(self, customer: Customer, booking: Json, *, refund: float = 0.15) -> None:
        """Wait for the ticket, and perhaps give it back, perhaps twice."""
        if await customer.until(booking, *ENDED, "EXPIRED", seconds=SETTLED_SECONDS) != "CONFIRMED":
            return
        if self._chance.random() < refund:
            request = customer.refund(booking)
            await customer.send(request)
            if self._chance.random() < 0.3:
                await customer.send(request if self._chance.random() < 0.5 else customer.refund(booking))

    async def buy(self) -> None:
        """Hold or not, book, pay in any way that takes the money."""
        customer, (show, seats) = self._customer(), await self._some_seats()
        if self._chance.random() < 0.4:
            await customer.hold(show, seats)
        booking = await customer.book(show, seats)
        await customer.pay(await customer.session(booking), self._method())
        await self._settle(customer, booking)

    async def pay_late(self) -> None:
        """Pay so that the money is taken only after the booking's time. Sometimes somebody else wants the seats."""
        customer, (show, seats) = self._customer(), await self._some_seats()
        booking = await customer.book(show, seats)
        await customer.pay(await customer.session(booking), self._chance.choice(LATE_METHODS))
        rival = self._customer() if self._chance.random() < 0.5 else None
        self._beside(self._await_late(customer, booking, rival, show, seats[:1]))

    async def _await_late(
        self, customer: Customer, booking: Json, rival: Customer | None, show: str, seats: list[str]
    ) -> None:
        every = LOOK_SECONDS if rival else LATER_LOOK_SECONDS
        status = await customer.until(booking, *ENDED, "EXPIRED", seconds=LATE_SECONDS, every=every)
        if status == "EXPIRED" and rival is not None:
            # It may be before or after the money: either is right.
            with suppress(Refused):
                other = await rival.book(show, seats)
                await rival.pay(await rival.session(other), "pm_succeed")
        await customer.until(booking, *ENDED, seconds=LATE_SECONDS, every=LATER_LOOK_SECONDS)

    async def decline_then_buy(self) -> None:
        """Be declined, and pay in a second session."""
        customer, (show, seats) = self._customer(), await self._some_seats()
        booking = await customer.book(show, seats)
        first = self._chance.choice(DECLINES)
        await customer.pay(await customer.session(booking), first)
        second = first if first == "pm_decline_then_succeed" else self._method()
        await customer.pay(await customer.session(booking), second)
        await self._settle(customer, booking)

    async def cancel(self) -> None:
        """Book, perhaps open a session, and cancel; perhaps pay then all the same."""
        customer, (show, seats) = self._customer(), await self._some_seats()
        booking = await customer.book(show, seats)
        session = await customer.session(booking) if self._chance.random() < 0.6 else None
        await customer.send(customer.cancellation(booking))
        if session is not None:
            await customer.pay(session, self._method())

    async def cancel_and_pay(self) -> None:
        """Cancel and pay at once: it is a ticket, or the money goes back."""
        customer, (show, seats) = self._customer(), await self._some_seats()
        booking = await customer.book(show, seats)
        session = await customer.session(booking)
        method = self._chance.choice(("pm_succeed", "pm_duplicate", "upi_succeed", *LATE_METHODS))
        await _both(customer.pay(session, method), customer.send(customer.cancellation(booking)))
        self._beside(self._look_later(customer, booking))

    async def pay_twice(self) -> None:
        """Open sessions twice at once, under two keys, and pay whatever there is."""
        customer, (show, seats) = self._customer(), await self._some_seats()
        booking = await customer.book(show, seats)

        async def pay(method: str) -> None:
            await customer.pay(await customer.session(booking), method)

        await _both(pay(self._chance.choice(("pm_succeed", "pm_decline"))), pay("pm_succeed"))
        await self._settle(customer, booking)

    async def repeat(self) -> None:
        """Send every request twice at once, under the same key."""
        customer, (show, seats) = self._customer(), await self._some_seats()
        order = customer.order(show, seats)
        await _both(customer.send(order), customer.send(order))
        booking = await customer.send(order)
        opening = customer.opening(booking)
        await _both(customer.send(opening), customer.send(opening))
        session = (await customer.send(opening))["sessionId"]
        if self._chance.random() < 0.4:
            cancellation = customer.cancellation(booking)
            await _both(customer.send(cancellation), customer.send(cancellation))
            return
        await customer.pay(session, self._method())
        await self._settle(customer, booking, refund=0.0)
        if self._chance.random() < 0.4:
            refund = customer.refund(booking)
            await _both(customer.send(refund), customer.send(refund))

    async def fight(self) -> None:
        """Two want the same seats, with others after them too; whoever gets them pays."""
        rivals = [self._customer() for _ in range(2)]
        show, seats = await self._box.hot_seats(self._chance.choice((1, 2, 3)))

        async def take(customer: Customer) -> None:
            if self._chance.random() < 0.5:
                await customer.hold(show, seats)
            booking = await customer.book(show, seats)
            await customer.pay(await customer.session(booking), self._method())
            await self._settle(customer, booking, refund=0.5)

        await _both(*map(take, rivals))

    async def walk_away(self) -> None:
        """Hold or book, and never come back."""
        customer, (show, seats) = self._customer(), await self._some_seats()
        await customer.hold(show, seats)
        if self._chance.random() < 0.7:
            booking = await customer.book(show, seats)
            await customer.session(booking)

    async def come_late(self) -> None:
        """Book, open a session, and press Pay only when the time is up."""
        customer, (show, seats) = self._customer(), await self._some_seats()
        booking = await customer.book(show, seats)
        session = await customer.session(booking)

        async def later() -> None:
            await customer.until(booking, *ENDED, "EXPIRED", seconds=LATE_SECONDS, every=LATER_LOOK_SECONDS)
            await customer.pay(session, "pm_succeed")
            await customer.until(booking, *ENDED, seconds=LATER_LOOK_SECONDS)

        self._beside(later())

    async def pass_on(self) -> None:
        """Buy, and give a ticket to a friend, who may decline it or give it back; or change one's mind meanwhile."""
        customer, (show, seats) = self._customer(), await self._some_seats()
        friend = self._chance.choice(self._friends)
        booking = await customer.book(show, seats)
        await customer.pay(await customer.session(booking), "pm_succeed")
        if await customer.until(booking, *ENDED, "EXPIRED", seconds=SETTLED_SECONDS) != "CONFIRMED":
            return
        offer = await customer.offer(booking, friend.email)
        turn = self._chance.random()
        if turn < 0.15:
            await friend.move(offer, "decline")
        elif turn < 0.35:
            await _both(friend.move(offer, "accept"), customer.move(offer, "withdraw"))
        else:
            await _both(friend.move(offer, "accept"), friend.move(offer, "accept"))
            if turn < 0.5:  # no money for a seat that somebody else holds
                await customer.send(customer.refund(booking))
            elif turn < 0.75:
                await _both(friend.move(offer, "return"), friend.move(offer, "return"))
                await self._settle(customer, booking)

    async def _look_later(self, customer: Customer, booking: Json) -> None:
        await customer.until(booking, *ENDED, seconds=LATE_SECONDS, every=LATER_LOOK_SECONDS)


async def _both(*doing: Coroutine[Any, Any, Any]) -> None:
    """Do things at once, and wait for all of them; what is refused to one does not end the others."""
    for outcome in await asyncio.gather(*doing, return_exceptions=True):
        if isinstance(outcome, BaseException) and not isinstance(outcome, (Refused, GaveUp)):
            raise outcome
