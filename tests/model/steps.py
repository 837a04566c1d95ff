"""The steps of the services in the model: each turns a state into one of those that it may become."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Self

from tests.model.facts import (
    CAP,
    DECLINES,
    EXTENSION,
    FULL_REFUND,
    LASTS,
    LEARN,
    LIES,
    LIFE,
    UNTOLD,
    Answer,
    Booking,
    Claim,
)
from tests.model.places import with_other_places
from tests.model.state import State


class Steps(State):
    def steps(self, tick: str) -> list[tuple[str, str]]:
        """Return what a job or relay has to do."""

        def waiting(*kinds: str) -> list[tuple[str, str]]:
            return [message for message in self.messages if message[0] in kinds]

        def of_state(state: str) -> list[str]:
            return [id_ for id_, booking in self.bookings.items() if booking.state == state]

        match tick:
            case "webhooks":
                return waiting("webhook", "lie")
            case "bank":
                due = [(id_, p) for id_, p in self.payments.items() if p.bank == "OPEN"]
                return [("end", id_) for id_, p in due if (p.until if p.decides is None else p.decides) <= self.now]
            case "poll":
                live = [(id_, p) for id_, p in self.payments.items() if p.state == "PENDING"]
                ended = [id_ for id_, p in live if p.truth(self.now) not in ("OPEN", "")]
                unknown = [id_ for id_, p in live if not p.bank and p.until <= self.now]
                closed = [id_ for id_, p in live if p.booking in self.closed and p.can_end(self.now)]
                return [("ask", id_) for id_ in {*ended, *unknown, *closed}]
            case "payment relay":
                paid = [id_ for id_ in of_state("CONFIRMING") if self.bookings[id_].payment]
                return waiting("captured", "declined") + [("confirm", id_) for id_ in paid]
            case "booking relay":
                return waiting("release", "close", "return")
            case "expire":
                lapsed = [id_ for id_ in of_state("PENDING") if self.bookings[id_].until <= self.now]
                return [("expire", id_) for id_ in lapsed if not self.claims[id_].lives(self.now)]
            case "sweep" if self.cancelling == "ASKED":
                return [("cancel again", "")]
            case "sweep" if self.cancelling == "KNOWN":
                unpaid = [id_ for id_ in of_state("EXPIRED") if self.bookings[id_].sales_end > self.now]
                unpaid += of_state("PENDING")
                left = [id_ for id_ in of_state("CONFIRMED") if self.bookings[id_].left]
                return [("cancel with show", id_) for id_ in unpaid] + [("refund with show", id_) for id_ in left]
            case "follow":
                told = [id_ for state in ("PENDING", "EXPIRED", "CONFIRMED") for id_ in of_state(state)]
                return [("follow", id_) for id_ in told if self.bookings[id_].revision < self.revision]
            case "clear" if self.cancelled:
                held = any(until > self.now for _, _, until, _ in self.holds.values())
                reserved = any(it.state == "RESERVED" and it.lives(self.now) for it in self.claims.values())
                return [("clear", "")] if held or reserved else []
            case "recover":
                return (
                    [("give up", id_) for id_ in of_state("RESERVING")]
                    + [("confirm", id_) for id_ in of_state("CONFIRMING")]
                    + [("unbook", name) for id_, it in self.bookings.items() for name in _booked(id_, it)]
                )
        return []  # tidying, and trying refunds again, is not to be seen

    def step(self, kind: str, id_: str, crash: bool) -> Iterator[Self]:
        """Do a step; in a crash it may also be done by half."""
        world = self.copy()
        world.delivered((kind, id_))
        if kind == "lie":
            yield world  # refused, which teaches nothing; or it was about another payment, of which it is true
            for other in self.payments:
                taught = world.copy()
                taught._learn(other)
                yield taught
        elif kind == "close":
            world.closed |= {id_}
            yield world.copy()  # with its session left to the poller
            for name, payment in self.payments.items():
                if payment.booking == id_ and payment.state == "PENDING":
                    world._ask(name)
            yield world
        elif kind == "confirm":
            for other in with_other_places(world, id_):
                after = other.copy()
                after._confirm(id_)
                yield after
                if crash:
                    yield self._done_elsewhere(after)
        else:
            {
                "webhook": world._learn,
                "end": world._end,
                "ask": world._ask,
                "captured": world._settle,
                "declined": world._decline,
                "release": world._release,
                "return": world._return,
                "expire": world._expire,
                "give up": world._give_up,
                "unbook": lambda name: world._unbook(*_refund_of(name)),
                "cancel again": world._cancel_again,
                "cancel with show": world._cancel_with_show,
                "refund with show": world._refund_with_show,
                "clear": world._clear,
                "follow": world._follow,
            }[kind](id_)
            yield world
        if crash:
            yield self._done_elsewhere(world)
            world = world.copy()
            if (kind, id_) in self.messages:
                world.send((kind, id_))
            yield world  # and it will come again

    def _done_elsewhere(self, after: Self) -> Self:
        """Return this world with what inventory and bank, but nobody else, know already of what comes `after`."""
        half = self.copy()
        half.holds, half.in_vain, half.claims = dict(after.holds), dict(after.in_vain), dict(after.claims)
        half.cancelled = after.cancelled
        half.payments |= {id_: replace(known, bank=after.payments[id_].bank) for id_, known in self.payments.items()}
        half.messages |= {message for message in after.messages if message[0] in ("webhook", "lie")}
        return half

    def _end(self, id_: str) -> None:
        """Let the bank bring a session to its end, if it is time, and tell of it."""
        payment = self.payments[id_]
        if payment.bank != "OPEN":
            return
        declined = [p for p in self.payments.values() if p.booking == payment.booking and p.bank == "DECLINED"]
        if payment.decides is None:
            end = payment.truth(self.now)
        elif payment.decides > self.now:
            return
        elif payment.method in DECLINES or (payment.method == "pm_decline_then_succeed" and not declined):
            end = "DECLINED"
        else:
            end = "CAPTURED"
        self.payments[id_] = replace(payment, bank=end)
        if payment.method not in UNTOLD:
            self.send(("lie" if payment.method in LIES else "webhook", id_))

    def _ask(self, id_: str) -> None:
        """Let payment ask the bank, and close a session that nothing may be paid in any more."""
        payment = self.payments[id_]
        if payment.booking in self.closed and payment.can_end(self.now):
            self.payments[id_] = replace(payment, bank="CLOSED")
        if not payment.bank and payment.until <= self.now:
            self.payments[id_] = replace(payment, state="EXPIRED")
        self._learn(id_)

    def _learn(self, id_: str) -> None:
        payment = self.payments[id_]
        truth = payment.truth(self.now)
        if (state := LEARN.get((payment.state, truth))) is None:
            return
        self.payments[id_] = replace(payment, state=state)
        if truth in ("CAPTURED", "DECLINED"):
            self.send((truth.lower(), id_))

    def _settle(self, id_: str, *, is_used: bool = False) -> None:
        """Let booking hear of captured money: it may buy the ticket, has bought it, or goes back.

        A booking that has expired takes the use of its coupon again, unless others have them all, as when it `is_used`.
        """
        payment = self.payments[id_]
        booking = self.bookings[payment.booking]
        if payment.recorded:
            return
        self.payments[id_] = replace(payment, recorded=True)
        if booking.state == "EXPIRED" and (is_used or not self._is_left(booking.coupon)):
            self.send(("return", id_), ("release", payment.booking))
        elif booking.state in ("PENDING", "EXPIRED"):
            confirming = replace(booking, state="CONFIRMING", came_from=booking.reads(self.now), payment=id_)
            self.bookings[payment.booking] = confirming
        else:
            self.send(("return", id_))

    def _confirm(self, id_: str) -> None:
        """Let inventory book the seats of a booking that is paid for, or refuse to for good.

        Once sales have ended, or the show is cancelled, none is good any more. One that has lapsed before is good still
        if all of its seats are free and for sale, and the user may have so many.
        """
        booking, claim = self.bookings[id_], self.claims[id_]
        is_good = claim.lives(self.now) or self._may_revive(claim)
        sells = self.now < self.sales_end and not self.cancelled
        if claim.state == "CONFIRMED" or (claim.state != "REFUSED" and is_good and sells):
            rights = {seat: self.rights.get(seat, "") for seat in claim.seats}
            if not claim.lives(self.now):
                rights = {seat: claim.right(seat) if seat in self.blocked else "" for seat in claim.seats}
            self._free(claim.seats)
            self._have(rights)
            self.claims[id_] = replace(claim, state="CONFIRMED")
            confirmed = replace(booking, state="CONFIRMED", came_from="", seats=claim.seats, order=claim.in_order)
            self.bookings[id_] = confirmed
        else:
            self.claims[id_] = replace(claim, state="REFUSED")
            self.bookings[id_] = replace(booking, state="EXPIRED", came_from="", payment="")
            if booking.payment:
                self.send(("return", booking.payment))
        if not booking.payment:
            self._answer_key(id_)

    def _may_revive(self, claim: Claim) -> bool:
        """Tell whether a claim that has lapsed gets its seats back: those that are blocked, by its own rights."""
        closed = [claim.right(seat) for seat in claim.seats & self.blocked]
        has_rights = all(right in ("CODE", "GUEST") for right in closed)
        by_code = closed.count("CODE")
        more = len(claim.seats) - closed.count("GUEST")
        fits = not more or self.counted(claim.user) + more <= CAP
        return (
            not claim.seats & self.taken().keys() and fits and has_rights and (not by_code or self._code_gives(by_code))
        )

    def _told(self, id_: str) -> Answer:
        """Return what a booking's maker is told of it."""
        booking = self.bookings[id_]
        word = "booked" if booking.state == "PENDING" else booking.state.lower()
        return (word, id_, booking.final, booking.until)

    def _answer_key(self, id_: str) -> None:
        """Keep the answer under the key that a booking was made with."""
        for name, (wish, of, _) in self.keys.items():
            if of == id_:
                self.keys[name] = (wish, id_, self._told(id_))

    def _decline(self, id_: str) -> None:
        """Give a booking whose payment was declined more time. Inventory's word counts, booking copies it."""
        name = self.payments[id_].booking
        booking, claim = self.bookings[name], self.claims[name]
        if booking.state == "PENDING" and not claim.lives(self.now):
            self.bookings[name] = replace(booking, state="EXPIRED")
        elif booking.state == "PENDING" and claim.state == "RESERVED" and not self.cancelled:
            until = max(claim.until, min(self.now + EXTENSION, claim.since + LIFE, self.sales_end))
            self.claims[name] = replace(claim, until=until)
            end = self.sales_end if booking.sales_end < until else booking.sales_end
            self.bookings[name] = replace(booking, until=max(booking.until, until), sales_end=end)

    def _expire(self, id_: str) -> None:
        self.bookings[id_] = replace(self.bookings[id_], state="EXPIRED")

    def _release(self, id_: str) -> None:
        if (claim := self.claims.get(id_)) and claim.state != "CONFIRMED":
            self.claims[id_] = replace(claim, state="REFUSED")

    def _give_up(self, id_: str) -> None:
        self._release(id_)
        del self.bookings[id_]
        self.keys = {name: use for name, use in self.keys.items() if use[1] != id_}

    def _unbook(self, id_: str, number: int) -> None:
        """Let inventory put the seats of a refund on sale again; with the last one, the claim is over."""
        refund, claim = self.bookings[id_].refunds[number], self.claims[id_]
        gone = claim.gone | refund.seats
        self.claims[id_] = replace(claim, gone=gone, state="REFUSED" if gone == claim.seats else claim.state)
        self.bookings[id_] = self.bookings[id_].with_refund(number, unbooked=True)

    def _cancel_again(self, _: str) -> None:
        """Have inventory cancel a show whose canceller got no answer."""
        self.cancelled = self.cancelled or self.now < self.begins + LASTS
        self.cancelling = "KNOWN" if self.cancelled else ""

    def _cancel_with_show(self, id_: str) -> None:
        self.bookings[id_] = replace(self.bookings[id_], state="CANCELLED")
        self.send(("release", id_), ("close", id_))

    def _refund_with_show(self, id_: str) -> None:
        booking = self.bookings[id_]
        refund = booking.plan(booking.left, 100, everything=True)
        self.bookings[id_] = replace(booking, refunds=(*booking.refunds, refund))

    def _follow(self, id_: str) -> None:
        """Let a booking say when its show is now; who was told another time gets all back on request for a while."""
        booking = self.bookings[id_]
        moved = booking.begins != self.begins
        self.bookings[id_] = replace(
            booking,
            begins=self.begins,
            sales_end=self.sales_end,
            revision=self.revision,
            booked=booking.begins if booking.booked is None else booking.booked,
            whole_until=self.now + FULL_REFUND if moved else booking.whole_until,
        )

    def _clear(self, _: str) -> None:
        """Let inventory end the holds and reservations of a cancelled show."""
        self.holds = {}
        for id_, claim in self.claims.items():
            if claim.state == "RESERVED" and claim.lives(self.now):
                self.claims[id_] = replace(claim, state="REFUSED")

    def _return(self, id_: str) -> None:
        self.payments[id_] = replace(self.payments[id_], returned=True)


def _booked(id_: str, booking: Booking) -> list[str]:
    """Name the refunds of a booking whose seats inventory has still booked."""
    return [f"{id_} {number}" for number, refund in enumerate(booking.refunds) if not refund.unbooked]


def _refund_of(name: str) -> tuple[str, int]:
    id_, number = name.split()
    return id_, int(number)
