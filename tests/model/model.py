"""What Boxoffice may answer and become: the domain as a pure model, without I/O, against which tests hold it.

A `World` is all that matters of one show: who has which seat, the bookings, their payments, what the bank did, and what
is still to be told. Times are whole seconds. A request changes the world and has an answer; a step of the services (a
message delivered, a session ended) turns it into one of those that it may become. See `explore` for what is
done at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Self

from tests.model.facts import (
    ASKS_CODE,
    DECIDES_AFTER,
    EXPIRY,
    HOLD,
    HOLD_BUDGET,
    HOLD_LIFE,
    LEAST_SESSION,
    MARGIN,
    REFUNDS,
    ROUNDS,
    SEATS,
    SESSIONS,
    Answer,
    Booking,
    Claim,
    Payment,
    Request,
    Seats,
    Seen,
)
from tests.model.money import Line, lines_of
from tests.model.organized import Organized
from tests.model.places import AREA, lacking

PAID = ("SUCCESS", "PARTIALLY_REFUNDED", "REFUNDED")
"""What a payment with its money is, one after the other."""


class World(Organized):
    """The show as requests change it, each of which returns its answer; and what is to be seen of it."""

    def hold(self, ask: Request, id_: str) -> Answer:
        if refusal := self._refusal_of(ask):
            return (refusal,)
        more = ask.seats - self.seats_of(ask.user).keys()
        if more and self._minutes_held(ask.user) >= HOLD_BUDGET:
            return ("HOLD_LIMIT_EXCEEDED",)
        rights = {seat: self._right(ask.user, seat, ask.code) for seat in more}
        self._free(more)
        self._have(rights)
        for seat in more:
            self.holds[seat] = (ask.user, self.now, min(self.now + HOLD, self.sales_end), self.price)
        return ("held", self._first_end(ask.seats))

    def _refusal_of(self, ask: Request) -> str:
        return self._not_on_sale() or lacking(self, ask) or self._refusal(ask.user, ask.seats, ask.code)

    def extend_holds(self, ask: Request, id_: str) -> Answer:
        if self.cancelled:
            return ("SHOW_CANCELLED",)
        if self.now >= self.sales_end:
            return ("SHOW_STARTED" if self.now >= self.begins else "SALES_ENDED",)
        held = self._held(ask.user)
        seats = ask.seats or held
        if not seats or seats - held:
            return ("SEATS_NOT_HELD",)
        for seat in seats:
            _, since, until, price = self.holds[seat]
            longer = min(self.now + HOLD, since + HOLD_LIFE, self.sales_end)
            self.holds[seat] = (ask.user, since, max(until, longer), price)
        return ("extended", self._first_end(seats))

    def release_holds(self, ask: Request, id_: str) -> Answer:
        held = self._held(ask.user)
        released = held & ask.seats if ask.seats else held
        self._free(released, in_vain=True)
        return ("released", len(released))

    def list_holds(self, ask: Request, id_: str) -> Answer:
        if self.cancelled:
            return ("holds", ())
        return ("holds", tuple((seat, self.holds[seat][2] - self.now) for seat in sorted(self._held(ask.user))))

    def _held(self, user: int) -> Seats:
        return frozenset(seat for seat, claimed in self.seats_of(user).items() if not claimed)

    def _first_end(self, seats: Seats) -> int:
        return min(self.holds[seat][2] for seat in seats)

    def book(self, ask: Request, id_: str) -> Answer:
        name = (ask.user, ask.key)
        if ask.key and name in self.keys:
            wish, _, answer = self.keys[name]
            return (answer or ("REQUEST_IN_PROGRESS",)) if wish == ask.wish else ("IDEMPOTENCY_KEY_REUSED",)
        if not self._is_left(ask.coupon):
            return ("COUPON_NOT_USABLE",)
        if ask.child and not self.has_fees:
            return ("KIND_NOT_OFFERED",)
        booking = self.begun(ask, self.now + EXPIRY)
        if ask.amount not in (None, booking.final):
            return ("PRICE_CHANGED",)
        if refusal := self._refusal_of(ask):
            return (refusal,)
        self.begin(ask, id_)
        if not booking.final:
            self._confirm(id_)
        self._answer_key(id_)
        return self._told(id_)

    def book_guests(self, ask: Request, id_: str) -> Answer:
        if refusal := self._not_on_sale():
            return (refusal,)
        if ask.seats - self.blocked:
            return ("SEATS_NOT_BLOCKED",)
        if ask.seats & self.taken().keys():
            return ("SEATS_UNAVAILABLE",)
        self.begin(ask, id_)
        self._confirm(id_)
        return self._told(id_)

    def begin(self, ask: Request, id_: str) -> None:
        """Reserve the seats of a booking, which waits for its payment, or for inventory where there is none."""
        booking = self.begun(ask, self.now + EXPIRY)
        prices = self.prices_for(ask.user, ask.in_order)
        if ask.is_for_guests:
            prices = tuple(line.price for line in booking.lines)
        rights = {
            seat: "GUEST" if ask.is_for_guests else self._right(ask.user, seat, ask.code) for seat in ask.in_order
        }
        self._free(ask.seats)
        self._have(rights)
        made_by = tuple(rights.values())
        claim = Claim(ask.user, ask.seats, "RESERVED", self.now, booking.until, prices, rights=made_by)
        self.claims[id_] = replace(claim, order=ask.in_order)
        self.bookings[id_] = booking if booking.final else replace(booking, state="CONFIRMING", came_from="PENDING")
        if ask.key:
            self.keys[ask.user, ask.key] = (ask.wish, id_, ())

    def begun(self, ask: Request, until: int) -> Booking:
        """Return the booking that a request would come to, with its lines."""
        if ask.is_for_guests:
            lines: tuple[Line, ...] = (Line(0),) * len(ask.seats)
        else:
            prices = self.prices_for(ask.user, ask.in_order)
            lines = lines_of(prices, child=ask.child, coupon=ask.coupon, has_fees=self.has_fees)
        times = {"begins": self.begins, "sales_end": self.sales_end, "revision": self.revision}
        until = min(until, self.sales_end)
        booking = Booking(ask.user, ask.seats, "PENDING", until, lines=lines, coupon=ask.coupon, **times)
        return replace(booking, is_guests=ask.is_for_guests, order=ask.in_order)

    def initiate(self, ask: Request, id_: str) -> Answer:
        booking = self.bookings[ask.about]
        if (booking.state, booking.came_from) == ("CONFIRMING", "PENDING"):
            return ("PAYMENT_IN_PROGRESS",)
        if booking.reads(self.now) != "PENDING":
            return ("BOOKING_NOT_PENDING",)
        for _ in range(ROUNDS):
            if ask.about in self.closed:
                return ("BOOKING_NOT_PENDING",)
            known = [(name, p) for name, p in sorted(self.payments.items(), reverse=True) if p.booking == ask.about]
            live = next((it for it in known if it[1].state in ("PENDING", "SUCCESS", "PARTIALLY_REFUNDED")), None)
            if live is None:
                until = min(booking.until, booking.sales_end) - MARGIN
                if len(known) >= SESSIONS:
                    return ("PAYMENT_ATTEMPTS_EXCEEDED",)
                if until - self.now < LEAST_SESSION:
                    return ("BOOKING_NOT_PENDING",)
                live = (id_, Payment(ask.about, until, bank=""))
            name, payment = live
            if payment.state != "PENDING":
                return ("PAYMENT_IN_PROGRESS",)
            self.payments[name] = payment = replace(payment, bank=payment.bank or "OPEN")
            if payment.truth(self.now) == "OPEN":
                return ("opened", name, booking.final, payment.until)
            self._learn(name)
            if self.payments[name].state == "SUCCESS":
                return ("PAYMENT_IN_PROGRESS",)
        return ("PAYMENT_IN_PROGRESS",)

    def pay(self, ask: Request, id_: str) -> Answer:
        payment = self.payments[ask.about]
        if not payment.can_end(self.now):
            if payment.decides is None:
                self._end(ask.about)
        elif ask.method != ASKS_CODE:
            decides = self.now + DECIDES_AFTER.get(ask.method, 0)
            self.payments[ask.about] = replace(payment, method=ask.method, decides=decides)
            self._end(ask.about)
        return ("session", self.payments[ask.about].bank)

    def capture_after_all(self, ask: Request, id_: str) -> Answer:
        """Money is taken in a session that had ended without any: the bank's word was wrong, or too early."""
        self.payments[ask.about] = replace(self.payments[ask.about], bank="CAPTURED")
        self.send(("webhook", ask.about))
        return ()

    def cancel(self, ask: Request, id_: str) -> Answer:
        booking = self.bookings[ask.about]
        if (booking.state, booking.came_from) == ("CONFIRMING", "PENDING"):
            return ("PAYMENT_IN_PROGRESS",)
        if booking.reads(self.now) != "PENDING":
            return ("BOOKING_NOT_PENDING",)
        self.bookings[ask.about] = replace(booking, state="CANCELLED")
        self.send(("release", ask.about), ("close", ask.about))
        return ("cancelled",)

    def refund(self, ask: Request, id_: str) -> Answer:
        booking = self.bookings[ask.about]
        left = booking.counts_from(self.now) - self.now
        by_time = 100 if booking.is_guests else next((share for least, share in REFUNDS if left >= least), 0)
        whole = booking.gives_all(self.now)
        name = (ask.user, ask.key)
        if ask.key and name in self.refund_keys:
            wish, number = self.refund_keys[name]
            if wish != ask.wish:
                return ("IDEMPOTENCY_KEY_REUSED",)
            if number is None:
                return ("refunding", sum(refund.amount for refund in booking.refunds), booking.refunded_share)
            self._unbook(ask.about, number)  # it is carried on
            return ("refunding", booking.refunds[number].amount, booking.refunds[number].per_cent)
        answer = self._give_back(ask, 100 if whole else by_time, everything=whole)
        if ask.key and answer[0] == "refunding":
            begun = len(self.bookings[ask.about].refunds) > len(booking.refunds)
            self.refund_keys[name] = (ask.wish, len(booking.refunds) if begun else None)
        return answer

    def grant(self, ask: Request, id_: str) -> Answer:
        return self._give_back(ask, ask.per_cent)

    def _give_back(self, ask: Request, per_cent: int, *, everything: bool = False) -> Answer:
        """Give seats back, or all that are left; where that is done already, say what came of it."""
        booking = self.bookings[ask.about]
        if booking.state != "CONFIRMED":
            return ("BOOKING_NOT_CONFIRMED",)
        if not ask.seats and not booking.left:
            if len(booking.refunds) == 1:
                self._unbook(ask.about, 0)  # it is carried on
                return ("refunding", booking.refunds[0].amount, booking.refunds[0].per_cent)
            return ("refunding", sum(refund.amount for refund in booking.refunds), booking.refunded_share)
        if self.cancelling == "ASKED":
            return ("CANCELLATION_IN_PROGRESS",)
        if self.cancelling == "KNOWN":
            per_cent, everything = 100, True
        if ask.seats - booking.left:
            return ("SEATS_NOT_LEFT",)
        if not per_cent:
            return ("REFUND_NOT_ALLOWED",)
        refund = booking.plan(ask.seats or booking.left, per_cent, everything=everything)
        self.bookings[ask.about] = replace(booking, refunds=(*booking.refunds, refund))
        self._unbook(ask.about, len(booking.refunds))
        return ("refunding", refund.amount, refund.per_cent)

    # --- What is seen of it

    def as_seen(self, seen: Seen) -> Self | None:
        """Return this world if it looks like what is seen, with what is seen of refunds; None if it does not."""
        if (self.closed, self.messages) != (seen.closed, seen.messages):
            return None
        shown = self.seat_map()
        if shown[:SEATS] != list(seen.seats) or self._places(shown) != (list(seen.places), seen.counts):
            return None
        if self.bookings.keys() != seen.bookings.keys() or self.payments.keys() != seen.payments.keys():
            return None
        if (self.cancelled, self.cancelling) != seen.cancelled:
            return None
        # Where a release came before its claim, only inventory knows of one.
        refused = dict.fromkeys(seen.claims, "REFUSED")
        if self.cancelled:
            self._let_go_of_what_has_lapsed(seen)
        if refused | {id_: it.state for id_, it in self.claims.items()} != {k: v for k, (v, _) in seen.claims.items()}:
            return None
        if any(claim.until != seen.claims[id_][1] for id_, claim in self.claims.items()):
            return None
        world = self.copy()
        for id_, (state, until, times) in seen.bookings.items():
            booking = world.bookings[id_] = self._refunded_as(id_, seen)
            if booking.state != state or (state == "PENDING" and booking.until != until):
                return None
            if state != "RESERVING" and (booking.begins, booking.revision) != times:
                return None
            if [(it.amount, it.per_cent, it.done) for it in booking.refunds] != list(seen.refunds.get(id_, ())):
                return None
            if booking.tickets != seen.tickets.get(id_, frozenset()):
                return None
        for id_, (state, *rest) in seen.payments.items():
            payment = self.payments[id_]
            if payment.state != state and state in world.may_be_refunded(id_):
                world.payments[id_] = payment = replace(payment, state=state)
            if (payment.state, payment.bank, payment.recorded, payment.returned) != (state, *rest):
                return None
        return world

    def carried_out(self, seen: Seen) -> Iterator[Self]:
        """Yield what the world is once refunds are carried out that are seen to be: others may come after that."""
        for id_ in self.bookings.keys() & seen.refunds.keys():
            if (booking := self._refunded_as(id_, seen)) != self.bookings[id_]:
                world = self.copy()
                world.bookings[id_] = booking
                yield world

    def _refunded_as(self, id_: str, seen: Seen) -> Booking:
        """Take it that refunds are carried out, where they are seen to be and can be."""
        booking = self.bookings[id_]
        for number, (refund, (*_, done)) in enumerate(zip(booking.refunds, seen.refunds.get(id_, ()), strict=False)):
            if done and refund.unbooked and (not refund.amount or self._may_refund(booking.payment)):
                booking = booking.with_refund(number, done=True)
        is_over = booking.refunds and not booking.left and all(refund.done for refund in booking.refunds)
        return replace(booking, state="REFUNDED") if is_over else booking

    def _let_go_of_what_has_lapsed(self, seen: Seen) -> None:
        """Take it that claims of a cancelled show which have lapsed are closed, where they are seen to be."""
        for id_, claim in self.claims.items():
            if claim.state == "RESERVED" and not claim.lives(self.now) and seen.claims.get(id_, ("",))[0] == "REFUSED":
                self.claims[id_] = replace(claim, state="REFUSED")

    def seat_map(self) -> list[tuple[str, int | None, int]]:
        """Return each seat's status, when that ends, and its price, as everybody sees them."""
        shown: list[tuple[str, int | None, int]] = [
            ("BLOCKED" if seat in self.blocked else "AVAILABLE", None, self.price) for seat in range(self.seats)
        ]
        for seat, id_ in self.taken().items():
            claim = self.claims.get(id_)
            if claim is None:
                _, _, until, price = self.holds[seat]
                shown[seat] = ("HELD", until, price)
            else:
                shown[seat] = ("BOOKED", None if claim.state == "CONFIRMED" else claim.until, claim.price(seat))
        return shown

    def _places(self, shown: Sequence[tuple[str, int | None, int]]) -> tuple[list[Any], tuple[int, ...]]:
        """Return each place's status, end, price and user, where somebody has it; and how many are of each status."""
        users = {seat: user for user in self._users() for seat in self.seats_of(user)}
        places = [(*shown[seat], users[seat]) if seat in users else (shown[seat][0], None, 0, None) for seat in AREA]
        counts = Counter(status for status, *_ in places)
        return places, tuple(counts[status] for status in ("AVAILABLE", "HELD", "BOOKED", "BLOCKED"))

    def may_be_refunded(self, id_: str) -> set[str]:
        """Return what a payment may be known to be, while its refunds are carried out one after the other."""
        payment, booking = self.payments[id_], self.bookings[self.payments[id_].booking]
        if payment.bank != "CAPTURED" or payment.state not in PAID:
            return set()
        ways = [0]
        if payment.returned:
            ways.append(booking.final)
        if booking.payment == id_:
            for refund in booking.refunds:
                ways = [way + refund.amount for way in ways] + ([] if refund.done else ways)
        if not self._may_refund(id_):
            ways = [0]
        states = {_paid(booking.final, booking.final - back) for back in ways}
        return {state for state in states if PAID.index(state) >= PAID.index(payment.state)}

    def refunded(self, id_: str) -> str:
        """Return what a payment is in the end, when its refunds have been carried out."""
        payment = self.payments[id_]
        if payment.bank != "CAPTURED":
            return "SUCCESS"
        return _paid(self.bookings[payment.booking].final, self.money(id_))

    def money(self, id_: str) -> int:
        """Return what the bank has of a payment, when everything has come to rest."""
        payment = self.payments[id_]
        booking = self.bookings[payment.booking]
        if payment.bank != "CAPTURED":
            return 0
        if not self._may_refund(id_):
            return booking.final
        if payment.returned:
            return 0
        back = sum(refund.amount for refund in booking.refunds) if booking.payment == id_ else 0
        return booking.final - back

    def is_refunded(self) -> bool:
        """Tell whether all refunds have been carried out that the bank does not decline for good."""
        taken = [id_ for id_, payment in self.payments.items() if payment.bank == "CAPTURED"]
        under_way = [
            refund
            for booking in self.bookings.values()
            for refund in booking.refunds
            if not refund.done and (not refund.amount or self._may_refund(booking.payment))
        ]
        return not under_way and all(self.payments[id_].state == self.refunded(id_) for id_ in taken)


def _paid(final: int, kept: int) -> str:
    """Return what a payment is of which so much is kept."""
    return "SUCCESS" if kept == final else "PARTIALLY_REFUNDED" if kept else "REFUNDED"
