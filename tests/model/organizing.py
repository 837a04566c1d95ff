"""What comes after the sale, and what organizers do: refunds, prices, blocks, and the end of a show."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.model.asking import USERS
from tests.model.buying import Buying
from tests.model.draws import (
    codes,
    counts,
    keys,
    lates,
    moves,
    numbers,
    paid,
    prices,
    replicas,
    seats,
    shares,
    shifts,
    users,
    ways,
)
from tests.model.driver import Doing
from tests.model.facts import CAP, CODE, CODE_SEATS, Request, Seats, Tick


class Organizing(Buying):
    """Refunds of some seats or all; and what is changed while a show is sold."""

    @rule(number=numbers, parts=st.lists(st.tuples(counts, shares, keys), min_size=1, max_size=3), replica=replicas)
    def refund(self, number: int, parts: list[tuple[int, int, str]], replica: int) -> None:
        """Give seats of a booking back, part by part; buy some first if nothing is paid for. With a key, ask again."""
        self.buy_first(number, replica)
        asked = []
        for part in parts:
            refund = self.about_refund(number, *part)
            self.do([(refund, replica)])
            if refund.name == "refund" and refund.key:
                asked.append(refund)
                self.do([(refund, 1 - replica)])
        if len(asked) > 1:
            self.do([(asked[0], replica)])

    @rule(number=numbers, parts=st.lists(st.tuples(counts, shares, keys), min_size=2, max_size=3), replica=replicas)
    def refunds_race(self, number: int, parts: list[tuple[int, int, str]], replica: int) -> None:
        """Several want money back for the same booking."""
        if self.tickets():
            self.do(*([(self.about_refund(number, *part), n % 2)] for n, part in enumerate(parts)))
        else:
            self.check_out(number, "pm_succeed", replica, True)

    @rule(user=users, seats=seats, price=prices, books=st.booleans(), replica=replicas)
    def edit_prices(self, user: int, seats: Seats, price: int, books: bool, replica: int) -> None:
        """Set prices while somebody holds seats, who may then book them."""
        self.do([(Request("hold", user, seats), replica)])
        self.do([(Request("set_prices", amount=price), 1 - replica)])
        if books:
            self.do([(Request("book", user, seats), replica)])

    @rule(user=users, seats=seats, price=prices, child=st.booleans(), late=st.booleans(), replica=replicas)
    def book_as_shown(self, user: int, seats: Seats, price: int, child: bool, late: bool, replica: int) -> None:
        """Set prices while somebody books for what was shown, or before."""
        known = self.worlds[0]
        shown = Request("book", user, seats, child=child and known.has_fees)
        asked = Request("book", user, seats, child=shown.child, amount=known.begun(shown, 0).final)
        edit = Request("set_prices", amount=price)
        if late:
            self.do([(edit, 1 - replica), (asked, replica)])
        else:
            self.do([(edit, 1 - replica)], [(asked, replica)])

    @rule(seats=seats, number=numbers, replica=replicas)
    def block(self, seats: Seats, number: int, replica: int) -> None:
        """Block a seat or two, or have blocked ones for sale again."""
        name, some = ("unblock", seats) if number > 5 else ("block", frozenset(sorted(seats)[:2]))
        self.do([(Request(name, seats=some), replica)])

    @rule(user=users, seats=seats, code=codes, way=ways, replica=replicas)
    def open_by_code(self, user: int, seats: Seats, code: str, way: str, replica: int) -> None:
        """Take blocked seats by the access code, at once or by way of a hold."""
        some = frozenset(sorted(seats)[:2])
        self.do([(Request("block", seats=frozenset(sorted(some)[:1])), replica)])
        if way in ("hold", "both"):
            self.do([(Request("hold", user, some, code=code), replica)])
        if way == "both":
            self.do([(Request("block", seats=some), replica)])
        if way != "hold":
            self.do([(Request("book", user, some, code="" if way == "both" else code), 1 - replica)])

    @rule(user=users, seats=seats, method=paid, seconds=lates, replica=replicas)
    def pay_late_by_code(self, user: int, seats: Seats, method: str, seconds: int, replica: int) -> None:
        """Take a blocked seat by the access code, and pay when time is up."""
        some = frozenset(self.nobodys(seats)[:1]) or frozenset(sorted(seats)[:1])
        self.do([(Request("block", seats=some), replica)])
        if self.book_and_pay(Request("book", user, some, code=CODE), method, replica):
            self.jump(seconds)
            self.settle(1 - replica)

    @rule(user=users, seats=seats, method=paid, seconds=lates, replica=replicas)
    def pay_late_for_blocked(self, user: int, seats: Seats, method: str, seconds: int, replica: int) -> None:
        """Take a seat that is for sale, and pay when time is up and the seat is blocked."""
        some = frozenset(self.for_sale(seats)[:1])
        if some and self.book_and_pay(Request("book", user, some), method, replica):
            self.jump(seconds)
            self.do([(Request("block", seats=some), 1 - replica)])
            self.settle(replica)

    @rule(user=users, seats=seats, replica=replicas)
    def use_up_code(self, user: int, seats: Seats, replica: int) -> None:
        """Users take more blocked seats by the access code than it gives, one after the other."""
        some = self.nobodys(seats)[: CODE_SEATS + 1]
        if some:
            self.do([(Request("block", seats=frozenset(some)), replica)])
        for number, seat in enumerate(some):
            taker = (user + number) % len(USERS)
            self.do([(Request("hold", taker, frozenset({seat}), code=CODE), number % 2)])

    @rule(user=users, seats=seats, number=numbers, replica=replicas)
    def book_guests(self, user: int, seats: Seats, number: int, replica: int) -> None:
        """Book blocked seats for guests, who may give them back."""
        some = frozenset(sorted(seats)[:2])
        self.do([(Request("block", seats=some if number % 4 else frozenset(sorted(some)[:1])), 1 - replica)])
        self.do([(Request("book_guests", user, some), replica)])
        if number % 3 == 0 and self.tickets():
            self.do([(self.about_refund(-1, 0, 0), replica)])

    @rule(user=users, seats=seats, replica=replicas)
    def host_guests(self, user: int, seats: Seats, replica: int) -> None:
        """Book a seat for a guest, and hold as many for oneself as one may have."""
        guest = frozenset(self.nobodys(seats)[:1])
        if not guest:
            return
        self.do([(Request("block", seats=guest), replica)])
        self.do([(Request("book_guests", user, guest), replica)])
        others = self.for_sale(seats)[: CAP - self.worlds[0].counted(user)]
        if others:
            self.do([(Request("hold", user, frozenset(others)), replica)])
            self.do([(Request("release_holds", user), 1 - replica)])

    @rule(user=users, seats=seats, number=numbers, replica=replicas)
    def revoke_code(self, user: int, seats: Seats, number: int, replica: int) -> None:
        """Revoke the access code, more often than not; somebody gives it for a blocked seat all the same."""
        if number > 7:
            return
        some = frozenset(self.nobodys(seats)[:1]) or frozenset(sorted(seats)[:1])
        self.do([(Request("block", seats=some), replica)])
        self.do([(Request("revoke_code"), replica)])
        self.do([(Request("hold", user, some, code=CODE), 1 - replica)])

    @rule(hours=shifts, number=numbers, chosen=st.lists(moves, max_size=2), replica=replicas)
    def reschedule(self, hours: int, number: int, chosen: list[Any], replica: int) -> None:
        """Have the show at another time while this and that goes on; then somebody wants money, told of it or not."""
        self.buy_first(number, replica)
        self.do([(self.new_time(hours), replica)], *self.branches(chosen))
        if number % 3:
            self.do([(Tick("follow"), 1 - replica)])
        if self.tickets():
            self.do([(self.about_refund(number, number % 3, 0), replica)])

    @rule(number=numbers, chosen=st.lists(moves, max_size=3), user=users, seats=seats, replica=replicas)
    def cancel_show(self, number: int, chosen: list[Any], user: int, seats: Seats, replica: int) -> None:
        """Cancel the show, now and then, once or twice, while this and that goes on.

        Then somebody wants seats, and somebody the money of a ticket, before it is swept.
        """
        if number > 4:
            return
        self.buy_first(number, replica)
        wishes: list[Doing] = [[(Request("cancel_show"), replica)], [(Request("cancel_show"), 1 - replica)]]
        self.do(*wishes[: 1 + number // 4], *self.branches(chosen))
        self.do([(Request("hold", user, seats), replica)])
        if number % 2:
            self.settle(1 - replica)
        if self.tickets():
            self.do([(self.about_refund(number, number % 3, 0), replica)])
        self.do([(Tick("sweep"), 1 - replica)])
