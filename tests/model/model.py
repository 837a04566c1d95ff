"""What Boxoffice may answer and become: the domain as a pure model, without I/O, against which tests hold it.

A `World` is all that matters of one show: who has which seat, the bookings, their payments, what the bank did, and what
is still to be told. Times are whole seconds. A request changes the world and has an answer; a step of the services (a
message delivered, a session ended) turns it into one of those that it may become. See `explore` for what is
done at once.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Self

from tests.model.facts import (
    ASKS_CODE,
    DECIDES_AFTER,
    EXPIRY,
    HOLD,
    HOLD_BUDGET,
    HOLD_LIFE,
    LASTS,
    LEAST_SESSION,
    MARGIN,
    PRICE,
    REFUNDS,
    ROUNDS,
    SESSIONS,
    Answer,
    Booking,
    Claim,
    Payment,
    Request,
    Seats,
    Seen,
)
from tests.model.steps import Steps


class World(Steps):
    """The show as requests change it, each of which returns its answer; and what is to be seen of it."""

    def hold(self, ask: Request, id_: str) -> Answer:
        if refusal := self._refusal(ask.user, ask.seats):
            return (refusal,)
        more = ask.seats - self.seats_of(ask.user).keys()
        if more and self._minutes_held(ask.user) >= HOLD_BUDGET:
            return ("HOLD_LIMIT_EXCEEDED",)
        self._free(more)
        for seat in more:
            self.holds[seat] = (ask.user, self.now, min(self.now + HOLD, self.sales_end))
        return ("held", self._first_end(ask.seats))

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
            _, since, until = self.holds[seat]
            longer = min(self.now + HOLD, since + HOLD_LIFE, self.sales_end)
            self.holds[seat] = (ask.user, since, max(until, longer))
        return ("extended", self._first_end(seats))

    def release_holds(self, ask: Request, id_: str) -> Answer:
        held = self._held(ask.user)
        released = held & ask.seats if ask.seats else held
        self._free(released, in_vain=True)
        return ("released", len(released))

    def list_holds(self, ask: Request, id_: str) -> Answer:
        return ("holds", tuple((seat, self.holds[seat][2] - self.now) for seat in sorted(self._held(ask.user))))

    def _held(self, user: int) -> Seats:
        return frozenset(seat for seat, claimed in self.seats_of(user).items() if not claimed)

    def _first_end(self, seats: Seats) -> int:
        return min(self.holds[seat][2] for seat in seats)

    def book(self, ask: Request, id_: str) -> Answer:
        name = (ask.user, ask.key)
        if ask.key and name in self.keys:
            seats, _, answer = self.keys[name]
            return (answer or ("REQUEST_IN_PROGRESS",)) if seats == ask.seats else ("IDEMPOTENCY_KEY_REUSED",)
        if refusal := self._refusal(ask.user, ask.seats):
            return (refusal,)
        until = min(self.now + EXPIRY, self.sales_end)
        self._free(ask.seats)
        self.claims[id_] = Claim(ask.user, ask.seats, "RESERVED", self.now, until)
        self.bookings[id_] = Booking(ask.user, ask.seats, "PENDING", until)
        answer = ("booked", id_, PRICE * len(ask.seats), until)
        if ask.key:
            self.keys[name] = (ask.seats, id_, answer)
        return answer

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
                until = min(booking.until, self.sales_end) - MARGIN
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
                return ("opened", name, booking.total, payment.until)
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

    def cancel_show(self, ask: Request, id_: str) -> Answer:
        if not self.cancelled and self.now >= self.begins + LASTS:
            return ("SHOW_ENDED",)
        self.cancelled = True
        return ("show cancelled",)

    def refund(self, ask: Request, id_: str) -> Answer:
        booking = self.bookings[ask.about]
        if booking.state == "CONFIRMED":
            by_time = next((share for left, share in REFUNDS if self.begins - self.now >= left), 0)
            per_cent = 100 if self.cancelled else by_time
            if not per_cent:
                return ("REFUND_NOT_ALLOWED",)
            booking = replace(booking, state="REFUNDING", refund=(booking.total * per_cent // 100, per_cent))
            self.bookings[ask.about] = booking
        if booking.state != "REFUNDING":
            return ("BOOKING_NOT_CONFIRMED",)
        self._unbook(ask.about)
        return ("refunding", *booking.refund)

    # --- What is seen of it

    def as_seen(self, seen: Seen) -> Self | None:
        """Return this world if it looks like what is seen, with what is seen of refunds; None if it does not."""
        if (self.closed, self.messages) != (seen.closed, seen.messages) or self.seat_map() != list(seen.seats):
            return None
        if self.bookings.keys() != seen.bookings.keys() or self.payments.keys() != seen.payments.keys():
            return None
        # Where a release came before its claim, only inventory knows of one.
        refused = dict.fromkeys(seen.claims, "REFUSED")
        if self.cancelled:
            self._let_go_of_what_has_lapsed(seen)
        if refused | {id_: it.state for id_, it in self.claims.items()} != {k: v for k, (v, _) in seen.claims.items()}:
            return None
        world = self.copy()
        for id_, claim in self.claims.items():
            if claim.until != seen.claims[id_][1]:
                return None
        for id_, (state, until) in seen.bookings.items():
            booking = self.bookings[id_]
            if (booking.state, state) == ("REFUNDING", "REFUNDED") and self._may_refund(booking.payment):
                world.bookings[id_] = replace(booking, state=state)
            elif booking.state != state or (state == "PENDING" and booking.until != until):
                return None
        for id_, (state, *rest) in seen.payments.items():
            payment = self.payments[id_]
            if payment.state == "SUCCESS" and state == self.refunded(id_):
                world.payments[id_] = payment = replace(payment, state=state)
            if (payment.state, payment.bank, payment.recorded, payment.returned) != (state, *rest):
                return None
        return world

    def _let_go_of_what_has_lapsed(self, seen: Seen) -> None:
        """Take it that claims of a cancelled show which have lapsed are closed, where they are seen to be."""
        for id_, claim in self.claims.items():
            if claim.state == "RESERVED" and not claim.lives(self.now) and seen.claims.get(id_, ("",))[0] == "REFUSED":
                self.claims[id_] = replace(claim, state="REFUSED")

    def seat_map(self) -> list[tuple[str, int | None]]:
        """Return each seat's status and when that ends, as everybody sees them."""
        shown: list[tuple[str, int | None]] = [("AVAILABLE", None)] * self.seats
        for seat, id_ in self.taken().items():
            claim = self.claims.get(id_)
            if claim is None:
                shown[seat] = ("HELD", self.holds[seat][2])
            else:
                shown[seat] = ("BOOKED", None if claim.state == "CONFIRMED" else claim.until)
        return shown

    def refunded(self, id_: str) -> str:
        """Return what a payment is in the end, when its refunds have been carried out."""
        payment = self.payments[id_]
        kept = self.money(id_)
        if payment.bank != "CAPTURED" or kept == self.bookings[payment.booking].total:
            return "SUCCESS"
        return "PARTIALLY_REFUNDED" if kept else "REFUNDED"

    def money(self, id_: str) -> int:
        """Return what the bank has of a payment, when everything has come to rest."""
        payment = self.payments[id_]
        booking = self.bookings[payment.booking]
        if payment.bank != "CAPTURED":
            return 0
        if payment.returned and self._may_refund(id_):
            return 0
        if booking.payment == id_ and booking.state in ("REFUNDING", "REFUNDED") and self._may_refund(id_):
            return booking.total - booking.refund[0]
        return booking.total

    def is_refunded(self) -> bool:
        """Tell whether all refunds have been carried out that the bank does not decline for good."""
        taken = [id_ for id_, payment in self.payments.items() if payment.bank == "CAPTURED"]
        under_way = [it for it in self.bookings.values() if it.state == "REFUNDING" and self._may_refund(it.payment)]
        return not under_way and all(self.payments[id_].state == self.refunded(id_) for id_ in taken)
