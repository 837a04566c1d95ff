"""What customers do, one at a time."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.model import world
from tests.model.asking import USERS
from tests.model.draws import coupons, keys, lasts, lates, methods, numbers, replicas, rivals, seats, users, waits
from tests.model.driver import Driver, pick
from tests.model.facts import CAP, Request, Seats, Tick


class Buying(Driver):
    """Holding, booking, paying, cancelling."""

    @rule(user=users, seats=seats, more=seats, seconds=waits, replica=replicas)
    def hold(self, user: int, seats: Seats, more: Seats, seconds: int, replica: int) -> None:
        """Hold seats, and some of them again after a while."""
        self.do([(Request("hold", user, seats), replica)])
        if seconds:
            self.jump(seconds)
            self.do([(Request("hold", user, frozenset(sorted(seats | more)[:2])), 1 - replica)])

    @rule(user=users, seats=seats, seconds=waits, all_=st.booleans(), replica=replicas)
    def extend(self, user: int, seats: Seats, seconds: int, all_: bool, replica: int) -> None:
        """Hold seats, and extend the holds after a while, again and again."""
        self.do([(Request("hold", user, seats), replica)])
        for _ in range(3):
            self.jump(seconds)
            self.do([(Request("extend_holds", user, frozenset() if all_ else seats), 1 - replica)])
            self.do([(Request("list_holds", user), replica)])

    @rule(user=users, seats=seats, all_=st.booleans(), replica=replicas)
    def release(self, user: int, seats: Seats, all_: bool, replica: int) -> None:
        """Hold two seats, and release one of them, and perhaps all that is held."""
        held = self.for_sale(seats)[:2] or sorted(seats)
        self.do([(Request("hold", user, frozenset(held)), 1 - replica)])
        self.do([(Request("release_holds", user, frozenset(held[:1])), replica)])
        if all_:
            self.do([(Request("release_holds", user), replica)])

    @rule(user=users, seats=seats, seconds=lasts, replica=replicas)
    def hold_for_ever(self, user: int, seats: Seats, seconds: int, replica: int) -> None:
        """Hold and release again and again."""
        for _ in range(4):
            self.do([(Request("hold", user, seats), replica)])
            self.jump(seconds)
            self.do([(Request("release_holds", user), 1 - replica)])

    @rule(user=users, seats=seats, key=keys, coupon=coupons, child=st.booleans(), twice=st.booleans(), replica=replicas)
    def book(self, user: int, seats: Seats, key: str, coupon: str, child: bool, twice: bool, replica: int) -> None:
        """Book, perhaps with a coupon and for a child, and with a key perhaps once more."""
        booking = Request("book", user, seats, key, coupon=coupon, child=child and self.worlds[0].has_fees)
        self.do([(booking, replica)])
        if key and twice:
            self.do([(booking, 1 - replica)])

    @rule(user=users, seats=seats, replica=replicas)
    def hold_and_book(self, user: int, seats: Seats, replica: int) -> None:
        self.do([(Request("hold", user, seats), replica), (Request("book", user, seats), 1 - replica)])

    @rule(number=numbers, key=keys, seconds=waits, replica=replicas)
    def again(self, number: int, key: str, seconds: int, replica: int) -> None:
        """Ask again for what somebody asked for lately, at once or after a while."""
        if not self.asked:
            self.do([(self.new_booking(number, key), replica)])
        if seconds:
            self.jump(seconds)
        self.do([(pick(self.asked[-5:], number), replica)])

    @rule(number=numbers, replica=replicas)
    def initiate(self, number: int, replica: int) -> None:
        self.do([(self.about_booking("initiate", number), replica)])

    @rule(number=numbers, method=methods, replica=replicas)
    def pay(self, number: int, method: str, replica: int) -> None:
        self.do([(self.about_payment("pay", number, method), replica)])

    @rule(number=numbers, method=methods, replica=replicas, returns=st.booleans())
    def check_out(self, number: int, method: str, replica: int, returns: bool) -> None:
        """Book if nothing is booked, open a session and pay; the news of it may travel all the way."""
        if not self.bookings("PENDING"):
            self.do([(self.new_booking(number), replica)])
        if self.bookings("PENDING"):
            self.do([(self.about_booking("initiate", number, "PENDING"), replica)])
        if self.payments("OPEN"):
            self.do([(self.about_payment("pay", -1, method, "OPEN"), 0)])
        if returns:
            self.settle(replica)

    def book_and_pay(self, booking: Request, method: str, replica: int) -> bool:
        """Book and pay for that; tell whether there is a booking. Nothing is told of the money yet."""
        before = self.bookings("PENDING")
        self.do([(booking, replica)])
        made = [id_ for id_ in self.bookings("PENDING") if id_ not in before]
        if not made:
            return False
        self.do([(Request("initiate", booking.user, about=made[0]), replica)])
        if paying := [id_ for id_ in self.payments("OPEN") if self.worlds[0].payments[id_].booking == made[0]]:
            self.do([(Request("pay", about=paying[-1], method=method), 0)])
        return True

    def buy_first(self, number: int, replica: int) -> None:
        """Buy seats where nothing is paid for."""
        if not self.tickets():
            some = frozenset(self.for_sale(frozenset())[:CAP])
            if some and self.book_and_pay(Request("book", number % len(USERS), some), "pm_succeed", replica):
                self.settle(replica)

    @rule(number=numbers, method=methods, seconds=lates, rival=rivals, busy=st.booleans(), replica=replicas)
    def pay_late(self, number: int, method: str, seconds: int, rival: str, busy: bool, replica: int) -> None:
        """Pay, and let the news come when time may be up; meanwhile somebody may want the same, jobs may be busy."""
        self.check_out(number, method, replica, False)
        self.jump(seconds)
        if busy:
            self.do([(Tick("expire"), replica)])
            self.do([(Tick("booking relay"), replica)])
        if rival and self.bookings():
            late = self.worlds[0].bookings[self.bookings()[-1]]
            user, seat = (late.user + 1) % len(USERS), frozenset(sorted(late.seats)[:1])
            free = frozenset(range(world.SEATS)) - self.worlds[0].taken().keys() - late.seats
            other = Request("book", user, frozenset(sorted(free)[:1] or seat), coupon="TENTH")
            self.do([(other if rival == "use" else Request(rival, user, seat), 1 - replica)])
        self.do([(Tick("bank"), replica)])
        self.do([(Tick("poll"), replica)])
        self.settle(replica)

    @rule(number=numbers, replica=replicas)
    def cancel(self, number: int, replica: int) -> None:
        self.do([(self.about_booking("cancel", number), replica)])

    @rule(number=numbers, replica=replicas)
    def capture_after_all(self, number: int, replica: int) -> None:
        ended = ("DECLINED", "EXPIRED", "CLOSED")
        if self.payments(*ended):
            self.do([(self.about_payment("capture_after_all", number, "", *ended), 0)])
        else:
            self.check_out(number, "pm_decline", replica, True)
