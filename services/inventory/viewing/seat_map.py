"""The seats of a show as everybody may see them, kept up to date change by change."""

import json
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from heapq import heappop, heappush
from uuid import UUID

from services.chassis.errors import InvalidField
from services.chassis.values.writing import key
from services.inventory.seats.domain import Place, Seat, SeatStatus
from services.inventory.seats.prices import multiplied

_END = datetime.max.replace(tzinfo=UTC)
_FURTHEST = Place(1_000_000, 1_000_000)


@dataclass(frozen=True, slots=True)
class SeatForm:
    """How seats are told."""

    seat: Callable[[Seat, SeatStatus, Place | None, bool], bytes]
    """Renders a seat: what it may be taken for, where it is, and whether the claim on it is of the user who asks."""
    between: bytes
    """What stands between two seats."""


@dataclass(frozen=True, slots=True)
class View:
    """Some of the seats of a show, as somebody sees them."""

    statuses: Counter[SeatStatus]
    """How many of the seats are what, those of the user who looks among them."""
    mine: Counter[SeatStatus]
    """How many of them the user who looks has HELD or RESERVED."""
    seats: Sequence[bytes]
    """The seats as they were rendered, from the front to the back."""
    joined: bytes
    """The same in one piece."""
    last: int | None = None
    """The position of the last of them, where more follow on another page."""


@dataclass(frozen=True, slots=True)
class Section:
    """A section of a show's seats: how many are what, and what they cost that nobody has."""

    name: str
    statuses: Counter[SeatStatus]
    lowest_price: int
    highest_price: int
    area_id: UUID | None = None
    """Where it is an area: its id."""


@dataclass(frozen=True, slots=True)
class AreaView:
    """An area of a show, as somebody sees it."""

    id: UUID
    name: str
    tier: str
    price: int
    """What a place costs that nobody has."""
    price_multiplier: int | None
    statuses: Counter[SeatStatus]
    """How many of its places are what."""
    mine: Counter[SeatStatus]
    """How many of them the user who looks has HELD or RESERVED."""


@dataclass(frozen=True, slots=True)
class Part:
    """Which of the seats are wanted: so many of those behind a position."""

    after: int
    size: int


@dataclass(frozen=True, slots=True)
class Prices:
    """A show's list of prices."""

    version: int
    by_tier: Mapping[str, int]
    """Of those tiers that its seats have."""


def _claimed(seat: Seat, price: int) -> Seat:
    """Return a seat like this one about which as much is said as can be: its number is long, and its claim lapses."""
    nobody = UUID(int=0)
    claimed = replace(seat, status=SeatStatus.RESERVED, holder_id=nobody, booking_id=nobody, expires_at=_END)
    return replace(claimed, number=1_000, price=price, blocked_for="")


@lru_cache(maxsize=10_000)
def _size(label: str | None) -> tuple[int, int] | None:
    """Return what a label takes, in either form."""
    return None if label is None else (len(label.encode()), len(json.dumps(label, ensure_ascii=False).encode()))


class SeatMap:
    """The seats of a show after all changes up to `sequence`, claims judged at `now`.

    Each seat is rendered once for each change, and not for each look, in the forms that somebody has asked for.
    """

    def __init__(
        self,
        show_id: UUID,
        sequence: int,
        now: datetime,
        currency: str,
        sales_end_at: datetime,
        prices: Prices,
        seats: Sequence[Seat],
        places: Mapping[int, Place],
    ) -> None:
        """`seats` are all of the show's, from the front to the back; `places` is where they are, by their positions."""
        self.show_id = show_id
        self.sequence = sequence
        self.now = now
        self.currency = currency
        self.sales_end_at = sales_end_at
        self.prices = prices
        self.is_draft = False
        """Whether nobody but those who organize events may see it."""
        self.is_cancelled = False
        """Whether no seat can be had any more."""
        self._seats = list(seats)
        self._places = places
        self._index = {seat.id: index for index, seat in enumerate(seats)}
        self._sections: dict[str, list[int]] = {}
        """By the keys of their names: what looks alike is one."""
        keys = {name: key(name) for name in {seat.section for seat in seats}}
        for index, seat in enumerate(seats):
            self._sections.setdefault(keys[seat.section], []).append(index)
        self._areas: dict[UUID, Counter[SeatStatus]] = {}
        """How many of each area's places are what."""
        for seat in seats:
            if seat.area_id is not None:
                self._areas.setdefault(seat.area_id, Counter())[SeatStatus.AVAILABLE] += 1
        self._told = [index for index, seat in enumerate(seats) if seat.area_id is None]
        """The seats that are told one by one: places of areas are not."""
        self._statuses = [SeatStatus.AVAILABLE] * len(seats)
        self._rendered: dict[SeatForm, list[bytes]] = {}
        self._lapses: list[tuple[datetime, int]] = []
        self._claimed: dict[UUID, set[int]] = {}
        """For each user the seats that they hold or that a booking of theirs has reserved."""
        self._everybodys: dict[SeatForm, View] = {}
        self._counted: list[Section] = []
        self._largest: dict[tuple[SeatForm, str], int] = {}
        for index in range(len(seats)):
            self._judge(index)

    def __len__(self) -> int:
        return len(self._seats)

    def advance(
        self,
        sequence: int,
        now: datetime,
        sales_end_at: datetime,
        changed: Iterable[Seat],
    ) -> None:
        """Take the changes up to `sequence`, and let claims lapse that end by `now`, which never goes back."""
        self.sequence, self.now, self.sales_end_at = sequence, now, sales_end_at
        for seat in changed:
            index = self._index[seat.id]
            self._let_go(index)
            self._seats[index] = seat
            self._judge(index)
        if len(self._lapses) > 4 * len(self) + 64:
            # Most are of claims that ended otherwise.
            live = {index: seat.expires_at for index, seat in enumerate(self._seats) if seat.expires_at is not None}
            self._lapses = sorted((expires_at, index) for index, expires_at in live.items())
        while self._lapses and self._lapses[0][0] <= now:
            _, index = heappop(self._lapses)
            self._let_go(index)
            self._judge(index)

    def view(self, form: SeatForm, section: str, user_id: UUID | None, part: Part | None = None) -> View:
        """Return all seats, or those of one section where it is not empty, as `user_id` sees them.

        Of a part come its seats alone, and the counts of all.
        """
        mine = self._claimed.get(user_id, set()) if user_id is not None else set()
        if section or mine or part:
            return self._view(form, self._within(section), mine, part)
        if form not in self._everybodys:
            self._everybodys[form] = self._view(form, range(len(self)), mine)
        return self._everybodys[form]

    def free(self, form: SeatForm, section: str, part: Part | None = None) -> View:
        """Return the seats that can be had, in all sections or in one, or a part of them."""
        seats = self._within(section)
        free = [index for index in seats if self._statuses[index] == SeatStatus.AVAILABLE and not self.is_cancelled]
        return self._view(form, free, set(), part)

    def areas(self, section: str = "", user_id: UUID | None = None) -> list[AreaView]:
        """Return all areas, or the one that is named as a section is, as `user_id` sees them."""
        if not self._areas:
            return []
        mine = self._claimed.get(user_id, set()) if user_id is not None else set()
        wanted = [key(section)] if section else self._sections
        first = [self._seats[self._sections[name][0]] for name in wanted]
        views = []
        for place in first:
            if place.area_id is not None:
                own = (index for index in mine if self._seats[index].area_id == place.area_id)
                views.append(self._area(place, Counter([self._statuses[index] for index in own])))
        return views

    def _area(self, place: Seat, mine: Counter[SeatStatus]) -> AreaView:
        assert place.area_id is not None, "it is a place"
        price = multiplied(self.prices.by_tier[place.tier], place.price_multiplier)
        statuses = self._areas[place.area_id]
        return AreaView(place.area_id, place.section, place.tier, price, place.price_multiplier, statuses, mine)

    def sections(self) -> Sequence[Section]:
        """Return all sections, from the front to the back."""
        if not self._counted:
            self._counted = [self._section(indices) for indices in self._sections.values()]
        return self._counted

    def _section(self, indices: Sequence[int]) -> Section:
        prices = [self.prices.by_tier[tier] for tier in {self._seats[index].tier for index in indices}]
        statuses = Counter([self._statuses[index] for index in indices])
        first = self._seats[indices[0]]
        return Section(first.section, statuses, min(prices), max(prices), first.area_id)

    def _within(self, section: str) -> Sequence[int]:
        """Return which seats are in a section, or all where none is named; raise InvalidField if there is no such."""
        if not section:
            return range(len(self))
        found = self._sections.get(key(section))
        if found is None:
            raise InvalidField(("section", "is not a section of this show: take its name from the seat map"))
        return found

    def largest(self, form: SeatForm, section: str) -> int:
        """Return how many bytes all seats, or those of one section, can take whatever becomes of them."""
        asked = (form, key(section) if section else "")
        if (known := self._largest.get(asked)) is not None:
            return known
        # A claim that ends has the seat cost what the list says; one to come is at that price.
        listed = self.prices.by_tier
        alike: Counter[Hashable] = Counter()
        examples: dict[Hashable, tuple[Seat, int, Place | None]] = {}
        for index in self._within(section):
            seat = self._seats[index]
            if seat.area_id is not None:
                continue
            price = max(seat.price, multiplied(listed[seat.tier], seat.price_multiplier))
            place = _FURTHEST if index in self._places else None
            special = (_size(seat.label), tuple(seat.features or ()), seat.companion_of is None, place is None)
            names = (seat.section, seat.row, seat.tier, price, seat.price_multiplier, special)
            alike[names] += 1
            examples.setdefault(names, (seat, price, place))
        total = 0
        for like, (seat, price, place) in examples.items():
            one = form.seat(_claimed(seat, price), SeatStatus.RESERVED, place, True)
            total += alike[like] * (len(one) + len(form.between))
        self._largest[asked] = total
        return total

    def _view(self, form: SeatForm, indices: Sequence[int], mine: set[int], part: Part | None = None) -> View:
        told = self._of_seats(indices)
        begin = 0 if part is None else bisect_right(told, part.after)
        wanted = told if part is None else told[begin : begin + part.size]
        more = part is not None and begin + part.size < len(told)
        if form not in self._rendered:
            self._rendered[form] = [self._render(form, index, False) for index in range(len(self))]
        rendered = self._rendered[form]
        if mine:
            rendered = rendered.copy()
            for index in mine:
                rendered[index] = self._render(form, index, True)
        seats = [rendered[index] for index in wanted]
        return View(
            Counter([self._statuses[index] for index in indices]),
            Counter([self._statuses[index] for index in mine.intersection(indices)]),
            seats,
            form.between.join(seats),
            wanted[-1] if more else None,
        )

    def _of_seats(self, indices: Sequence[int]) -> Sequence[int]:
        """Return those that are told one by one."""
        if not self._areas:
            return indices
        if len(indices) == len(self):
            return self._told
        return [index for index in indices if self._seats[index].area_id is None]

    def _render(self, form: SeatForm, index: int, mine: bool) -> bytes:
        if self._seats[index].area_id is not None:
            return b""
        return form.seat(self._seats[index], self._statuses[index], self._places.get(index), mine)

    def _judge(self, index: int) -> None:
        """Say what a seat may be taken for now, and remember when that ends."""
        self._everybodys.clear()
        self._counted = []
        seat = self._seats[index]
        if not seat.is_claimed(self.now):
            seat = self._seats[index] = seat.listed(self.prices.by_tier[seat.tier])
        status = seat.status_at(self.now)
        if status in (SeatStatus.HELD, SeatStatus.RESERVED) and seat.holder_id is not None:
            self._claimed.setdefault(seat.holder_id, set()).add(index)
        if seat.expires_at is not None and seat.expires_at > self.now:
            heappush(self._lapses, (seat.expires_at, index))
        if seat.area_id is not None:
            counts = self._areas[seat.area_id]
            counts[self._statuses[index]] -= 1
            counts[status] += 1
        self._statuses[index] = status
        for form, rendered in self._rendered.items():
            rendered[index] = self._render(form, index, False)

    def _let_go(self, index: int) -> None:
        """Forget that a seat may have been somebody's."""
        holder_id = self._seats[index].holder_id
        if holder_id is not None and (claimed := self._claimed.get(holder_id)):
            claimed.discard(index)
            if not claimed:
                del self._claimed[holder_id]
