"""What Boxoffice may answer and become: the domain as a pure model, without I/O, against which tests hold it.

A `World` is all that matters of one show: who has which seat, the bookings, their payments, what the bank did, and what
is still to be told. Times are whole seconds. A request changes the world and has an answer; a step of the services (a
message delivered, a session ended) turns it into one of those that it may become. See `explore` for what is
done at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from tests.model.facts import (
    CAP,
    DECLINES,
    EXPIRY,
    EXTENSION,
    HOLD,
    LATE,
    LEARN,
    LEAST_SESSION,
    LIES,
    LIFE,
    MARGIN,
    NO_REFUNDS,
    PRICE,
    REFUNDS,
    ROUNDS,
    SESSIONS,
    UNTOLD,
    Answer,
    Booking,
    Claim,
    Payment,
    Request,
    Seats,
    Seen,
)


@dataclass
class World:
    now: int
    begins: int
    sales_end: int
    seats: int
    holds: dict[int, tuple[int, int]] = field(default_factory=dict)
    """For each seat its user, and until when."""
    claims: dict[str, Claim] = field(default_factory=dict)
    bookings: dict[str, Booking] = field(default_factory=dict)
    payments: dict[str, Payment] = field(default_factory=dict)
    keys: dict[tuple[int, str], tuple[Seats, str, Answer]] = field(default_factory=dict)
    """What a key was used for: the seats, the booking, the answer if there is one."""
    closed: frozenset[str] = frozenset()
    """Bookings that nothing may be paid for any more."""
    messages: frozenset[tuple[str, str]] = frozenset()
    """What is still to be told: the kind of it, and about which booking or payment."""

    def copy(self) -> World:
        return replace(
            self,
            holds=dict(self.holds),
            claims=dict(self.claims),
            bookings=dict(self.bookings),
            payments=dict(self.payments),
            keys=dict(self.keys),
        )

    def identity(self) -> object:
        dicts = (self.holds, self.claims, self.bookings, self.payments, self.keys)
        return (self.now, *(frozenset(d.items()) for d in dicts), self.closed, self.messages)

    def told(self, *done: tuple[str, str], then: Iterable[tuple[str, str]] = ()) -> None:
        self.messages = self.messages - set(done) | set(then)

    # --- Seats

    def seats_of(self, user: int) -> dict[int, str]:
        """Return the seats that a user has now, each with the booking that claims it."""
        mine = {seat: "" for seat, (who, until) in self.holds.items() if who == user and until > self.now}
        for id_, claim in self.claims.items():
            if claim.user == user and claim.lives(self.now):
                mine |= dict.fromkeys(claim.seats, id_)
        return mine

    def taken(self) -> dict[int, str]:
        """Return the seats that somebody has now, each with the booking that claims it."""
        return {seat: id_ for user in self._users() for seat, id_ in self.seats_of(user).items()}

    def _users(self) -> set[int]:
        return {user for user, _ in self.holds.values()} | {claim.user for claim in self.claims.values()}

    def _refusal(self, user: int, seats: Seats) -> str:
        """Return why a user may not take seats now. What they hold they may have."""
        mine, taken = self.seats_of(user), self.taken()
        held = {seat for seat in seats if mine.get(seat) == ""}
        if self.begins <= self.now:
            return "SHOW_STARTED"
        if self.sales_end <= self.now:
            return "SALES_ENDED"
        if any(seat in taken for seat in seats - held):
            return "SEATS_UNAVAILABLE"
        return "SEAT_LIMIT_EXCEEDED" if len(mine) + len(seats - held) > CAP else ""

    def _free(self, seats: Seats) -> None:
        for seat in seats:
            self.holds.pop(seat, None)

    # --- Requests: each returns the answer, and changes the world

    def hold(self, ask: Request, id_: str) -> Answer:
        if refusal := self._refusal(ask.user, ask.seats):
            return (refusal,)
        mine = self.seats_of(ask.user)
        for seat in ask.seats - mine.keys():
            self.holds[seat] = (ask.user, min(self.now + HOLD, self.sales_end))
        return ("held", min(self.holds[seat][1] for seat in ask.seats))

    def release_holds(self, ask: Request, id_: str) -> Answer:
        held = frozenset(seat for seat, claimed in self.seats_of(ask.user).items() if not claimed)
        self._free(held)
        return ("released", len(held))

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
        elif ask.method == "pm_late":
            self.payments[ask.about] = replace(payment, method=ask.method, decides=self.now + LATE)
        else:
            self.payments[ask.about] = replace(payment, method=ask.method, decides=self.now)
            self._end(ask.about)
        return ("session", self.payments[ask.about].bank)

    def capture_after_all(self, ask: Request, id_: str) -> Answer:
        """Money is taken in a session that had ended without any: the bank's word was wrong, or too early."""
        self.payments[ask.about] = replace(self.payments[ask.about], bank="CAPTURED")
        self.told(then=[("webhook", ask.about)])
        return ()

    def cancel(self, ask: Request, id_: str) -> Answer:
        booking = self.bookings[ask.about]
        if (booking.state, booking.came_from) == ("CONFIRMING", "PENDING"):
            return ("PAYMENT_IN_PROGRESS",)
        if booking.reads(self.now) != "PENDING":
            return ("BOOKING_NOT_PENDING",)
        self.bookings[ask.about] = replace(booking, state="CANCELLED")
        self.told(then=[("release", ask.about), ("close", ask.about)])
        return ("cancelled",)

    def refund(self, ask: Request, id_: str) -> Answer:
        booking = self.bookings[ask.about]
        if booking.state == "CONFIRMED":
            per_cent = next((share for left, share in REFUNDS if self.begins - self.now >= left), 0)
            if not per_cent:
                return ("REFUND_NOT_ALLOWED",)
            booking = replace(booking, state="REFUNDING", refund=(booking.total * per_cent // 100, per_cent))
            self.bookings[ask.about] = booking
        if booking.state != "REFUNDING":
            return ("BOOKING_NOT_CONFIRMED",)
        self._unbook(ask.about)
        return ("refunding", *booking.refund)

    # --- Steps of the services: each returns the worlds that may come of it

    def steps(self, tick: str) -> list[tuple[str, str]]:
        """Return what a job or relay has to do."""

        def told(*kinds: str) -> list[tuple[str, str]]:
            return [message for message in self.messages if message[0] in kinds]

        def of_state(state: str) -> list[str]:
            return [id_ for id_, booking in self.bookings.items() if booking.state == state]

        payments = self.payments.items()
        match tick:
            case "webhooks":
                return told("webhook", "lie")
            case "bank":
                due = [(id_, p) for id_, p in payments if p.bank == "OPEN"]
                return [("end", id_) for id_, p in due if (p.until if p.decides is None else p.decides) <= self.now]
            case "poll":
                live = [(id_, p) for id_, p in payments if p.state == "PENDING"]
                ended = [id_ for id_, p in live if p.truth(self.now) not in ("OPEN", "")]
                unknown = [id_ for id_, p in live if not p.bank and p.until <= self.now]
                closed = [id_ for id_, p in live if p.booking in self.closed and p.can_end(self.now)]
                return [("ask", id_) for id_ in {*ended, *unknown, *closed}]
            case "payment relay":
                return told("captured", "declined") + [("confirm", id_) for id_ in of_state("CONFIRMING")]
            case "booking relay":
                return told("release", "close", "return")
            case "expire":
                lapsed = [id_ for id_ in of_state("PENDING") if self.bookings[id_].until <= self.now]
                return [("expire", id_) for id_ in lapsed if not self.claims[id_].lives(self.now)]
            case "recover":
                unbooked = [id_ for id_ in of_state("REFUNDING") if self.claims[id_].state == "CONFIRMED"]
                return (
                    [("give up", id_) for id_ in of_state("RESERVING")]
                    + [("confirm", id_) for id_ in of_state("CONFIRMING")]
                    + [("unbook", id_) for id_ in unbooked]
                )
        return []  # tidying, and trying refunds again, is not to be seen

    def step(self, kind: str, id_: str, crash: bool) -> Iterator[World]:
        """Do a step; in a crash it may also be done by half."""
        world = self.copy()
        world.told((kind, id_))
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
        else:
            {
                "webhook": world._learn,
                "end": world._end,
                "ask": world._ask,
                "captured": world._settle,
                "declined": world._decline,
                "confirm": world._confirm,
                "release": world._release,
                "return": world._return,
                "expire": world._expire,
                "give up": world._give_up,
                "unbook": world._unbook,
            }[kind](id_)
            yield world
        if crash:
            yield self._done_elsewhere(world)
            world = world.copy()
            world.told(then=[(kind, id_)] if (kind, id_) in self.messages else [])
            yield world  # and it will be told again

    def _done_elsewhere(self, after: World) -> World:
        """Return this world with what inventory and bank, but nobody else, know already of what comes `after`."""
        half = self.copy()
        half.holds, half.claims = dict(after.holds), dict(after.claims)
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
            self.told(then=[("lie" if payment.method in LIES else "webhook", id_)])

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
            self.told(then=[(truth.lower(), id_)])

    def _settle(self, id_: str) -> None:
        """Let booking hear of captured money: it may buy the ticket, has bought it, or goes back."""
        payment = self.payments[id_]
        booking = self.bookings[payment.booking]
        if payment.heard:
            return
        self.payments[id_] = replace(payment, heard=True)
        if booking.state in ("PENDING", "EXPIRED"):
            confirming = replace(booking, state="CONFIRMING", came_from=booking.reads(self.now), payment=id_)
            self.bookings[payment.booking] = confirming
        else:
            self.told(then=[("return", id_)])

    def _confirm(self, id_: str) -> None:
        """Let inventory book the seats of a booking that is paid for, or refuse to for good.

        Once sales have ended none is good any more. One that has lapsed before is good still if all of its seats are
        free, and the user may have so many.
        """
        booking, claim = self.bookings[id_], self.claims[id_]
        others = self.taken().keys() - (claim.seats if claim.lives(self.now) else set())
        is_allowed = len(self.seats_of(claim.user)) + len(claim.seats) <= CAP
        is_good = claim.lives(self.now) or (is_allowed and not claim.seats & others)
        if claim.state == "CONFIRMED" or (claim.state != "REFUSED" and is_good and self.now < self.sales_end):
            self._free(claim.seats)
            self.claims[id_] = replace(claim, state="CONFIRMED")
            self.bookings[id_] = replace(booking, state="CONFIRMED", came_from="")
        else:
            self.claims[id_] = replace(claim, state="REFUSED")
            self.bookings[id_] = replace(booking, state="EXPIRED", came_from="", payment="")
            self.told(then=[("return", booking.payment)])

    def _decline(self, id_: str) -> None:
        """Give a booking whose payment was declined more time. Inventory's word counts, booking copies it."""
        name = self.payments[id_].booking
        booking, claim = self.bookings[name], self.claims[name]
        if booking.state == "PENDING" and not claim.lives(self.now):
            self.bookings[name] = replace(booking, state="EXPIRED")
        elif booking.state == "PENDING" and claim.state == "RESERVED":
            until = max(claim.until, min(self.now + EXTENSION, claim.since + LIFE, self.sales_end))
            self.claims[name] = replace(claim, until=until)
            self.bookings[name] = replace(booking, until=max(booking.until, until))

    def _expire(self, id_: str) -> None:
        self.bookings[id_] = replace(self.bookings[id_], state="EXPIRED")

    def _release(self, id_: str) -> None:
        if (claim := self.claims.get(id_)) and claim.state != "CONFIRMED":
            self.claims[id_] = replace(claim, state="REFUSED")

    def _give_up(self, id_: str) -> None:
        self._release(id_)
        del self.bookings[id_]
        self.keys = {name: use for name, use in self.keys.items() if use[1] != id_}

    def _unbook(self, id_: str) -> None:
        self.claims[id_] = replace(self.claims[id_], state="REFUSED")

    def _return(self, id_: str) -> None:
        self.payments[id_] = replace(self.payments[id_], returned=True)

    # --- What is seen of it

    def as_seen(self, seen: Seen) -> World | None:
        """Return this world if it looks like what is seen, with what is seen of refunds; None if it does not."""
        if (self.closed, self.messages) != (seen.closed, seen.messages) or self.seat_map() != list(seen.seats):
            return None
        if self.bookings.keys() != seen.bookings.keys() or self.payments.keys() != seen.payments.keys():
            return None
        # Where a release came before its claim, only inventory knows of one.
        refused = dict.fromkeys(seen.claims, "REFUSED")
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
            if (payment.state, payment.bank, payment.heard, payment.returned) != (state, *rest):
                return None
        return world

    def seat_map(self) -> list[tuple[str, int | None]]:
        """Return each seat's status and when that ends, as everybody sees them."""
        shown: list[tuple[str, int | None]] = [("AVAILABLE", None)] * self.seats
        for seat, id_ in self.taken().items():
            claim = self.claims.get(id_)
            if claim is None:
                shown[seat] = ("HELD", self.holds[seat][1])
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

    def _may_refund(self, id_: str) -> bool:
        return self.payments[id_].method != NO_REFUNDS
