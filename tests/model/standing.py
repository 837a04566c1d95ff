"""What is done about places of the area, of which any will do."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.model.asking import USERS
from tests.model.draws import keys, lates, numbers, paid, places, replicas, seats, users, waits
from tests.model.facts import PLACES, Request, Seats
from tests.model.organizing import Organizing


class Standing(Organizing):
    """Holding, booking and blocking places, and paying for them late."""

    @rule(user=users, count=places, seats=seats, seconds=waits, more=places, mixed=st.booleans(), replica=replicas)
    def hold_places(
        self, user: int, count: int, seats: Seats, seconds: int, more: int, mixed: bool, replica: int
    ) -> None:
        """Hold places, perhaps with a seat, and after a while some more or fewer; then book what is held."""
        some = frozenset(sorted(seats)[:1]) if mixed else frozenset()
        self.do([(Request("hold", user, some, places=count), replica)])
        if seconds:
            self.jump(seconds)
            self.do([(Request("hold", user, places=more), 1 - replica)])
        self.do([(Request("book", user, some, places=count), replica)])

    @rule(user=users, count=places, key=keys, coupon=st.sampled_from(("", "TENTH")), replica=replicas)
    def book_places(self, user: int, count: int, key: str, coupon: str, replica: int) -> None:
        """Book places, and with a key once more."""
        booking = Request("book", user, key=key, coupon=coupon, places=count)
        self.do([(booking, replica)])
        if key:
            self.do([(booking, 1 - replica)])

    @rule(count=places, opens=st.booleans(), replica=replicas)
    def block_places(self, count: int, opens: bool, replica: int) -> None:
        """Block so many places, or have so many for sale again."""
        self.do([(Request("unblock" if opens else "block", places=count), replica)])

    @rule(counts=st.lists(places, min_size=2, max_size=4), replica=replicas)
    def race_for_places(self, counts: list[int], replica: int) -> None:
        """Users want more places together than there are."""
        self.do(
            *([(Request("book", n % len(USERS), places=count), (n + replica) % 2)] for n, count in enumerate(counts))
        )

    @rule(
        user=users,
        count=st.integers(1, PLACES - 1),
        number=numbers,
        method=paid,
        seconds=lates,
        rival=st.sampled_from(("hold", "book", "block", "block")),
        replica=replicas,
    )
    def pay_late_for_places(
        self, user: int, count: int, number: int, method: str, seconds: int, rival: str, replica: int
    ) -> None:
        """Pay when time is up. Meanwhile somebody has the other places, somebody one of these, then those come free.

        Boxoffice takes places that are nobody's before those of claims that have lapsed.
        """
        rival_id, other_id = ((user + more) % len(USERS) for more in (1, 2))
        if number % 3:
            self.jump(1200)  # what others have has lapsed
        if not self.book_and_pay(Request("book", user, places=count), method, replica):
            return
        self.jump(seconds)
        if number % 4:
            self.do([(Request("hold", other_id, places=PLACES - count), replica)])
        self.do([(Request(rival, rival_id, places=1 if number % 4 else count), 1 - replica)])
        if number != 1:
            self.do([(Request("release_holds", other_id), replica)])
        self.settle(replica)
