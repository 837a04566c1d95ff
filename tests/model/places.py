"""Places of the area in the model: Boxoffice may take any that are free, and says or shows which."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations, permutations
from typing import TypeVar

from tests.model.facts import CAP, PLACES, SEATS, Request
from tests.model.state import State

AREA = range(SEATS, SEATS + PLACES)
"""The places among all seats."""

S = TypeVar("S", bound=State)


def choices(world: State, ask: Request) -> list[Request]:
    """Return a request with the places that it may get, in every way; as it is where it wants none, or gets none."""
    if not ask.places:
        return [ask]
    if ask.name == "book" and (ask.user, ask.key) in world.keys:
        return [ask]  # it is answered as before
    found = list(_chosen(world, ask)) or [()]
    if ask.told:
        found = [ask.told] if any(sorted(some) == sorted(ask.told) for some in found) else []
    return [replace(ask, seats=ask.seats | set(some), chosen=tuple(some)) for some in found]


def _chosen(world: State, ask: Request) -> Iterator[Sequence[int]]:
    """Yield places that a request may be about; nothing where there are not so many."""
    taken = world.taken()
    nobodys = [place for place in AREA if place not in taken]
    free = [place for place in nobodys if place not in world.blocked]
    if ask.name == "block":
        done = [place for place in AREA if place in world.blocked]
        for some in combinations(done, min(ask.places, len(done))):
            for more in combinations(free, ask.places - len(some)):
                yield (*some, *more)
    elif ask.name == "unblock":
        closed = [place for place in nobodys if place in world.blocked]
        others = [place for place in AREA if place in world.blocked and place in taken]
        for some in combinations(closed, min(ask.places, len(closed))):
            for more in combinations(others, min(ask.places - len(some), len(others))):
                yield (*some, *more)
    else:
        own = _held(world, ask)
        for more in permutations(free, ask.places - len(own)):
            yield (*own, *more)


def lacking(world: State, ask: Request) -> str:
    """Return why a user cannot have so many places."""
    if not ask.places or ask.chosen:
        return ""
    more = ask.places - len(_held(world, ask))
    return "SEAT_LIMIT_EXCEEDED" if world.counted(ask.user) + more > CAP else "SEATS_UNAVAILABLE"


def _held(world: State, ask: Request) -> list[int]:
    """Return the places that a user holds, which come first."""
    mine = world.seats_of(ask.user)
    return [place for place in AREA if mine.get(place) == ""][: ask.places]


def with_other_places(world: S, id_: str) -> Iterator[S]:
    """Yield a world in which a claim that has lapsed has other places for those that it cannot have any more."""
    claim, taken = world.claims[id_], world.taken()
    if claim.state != "RESERVED" or claim.lives(world.now):
        yield world
        return
    closed = {seat for seat in claim.seats & world.blocked if claim.right(seat) not in ("CODE", "GUEST")}
    lost = [place for place in claim.in_order if place in AREA and (place in taken or place in closed)]
    free = [place for place in AREA if place not in taken and place not in world.blocked and place not in claim.seats]
    if not lost or len(free) < len(lost):
        yield world
        return
    for others in permutations(free, len(lost)):
        instead = dict(zip(lost, others, strict=True))
        order = tuple(instead.get(seat, seat) for seat in claim.in_order)
        rights = tuple("" if seat in instead else claim.right(seat) for seat in claim.in_order)
        other = world.copy()
        other.claims[id_] = replace(claim, seats=frozenset(order), order=order, rights=rights)
        yield other
