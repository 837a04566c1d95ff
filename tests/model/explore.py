"""What happens at once: requests and steps follow each other in every order that there is.

Boxoffice is right if one of these orders explains all that was answered and what is seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from tests.model.facts import LOST, Answer, Booking, Payment, Request, Seen, Tick
from tests.model.model import World

Branch = Sequence[tuple[Request | Tick, Answer]]
"""What somebody does, one after the other, with the answers."""


def explore(worlds: Iterable[World], branches: Sequence[Branch], seen: Seen, *, crash: bool = False) -> list[World]:
    """Return the worlds that may have become of `worlds` by what was done at once, and that look like what is seen.

    What is done alone must be done wholly. In a crash answers are lost, and what was begun is left where it was.
    """
    alone = len(branches) == 1 and not crash
    end = tuple(len(branch) for branch in branches)
    work = [(tuple(0 for _ in branches), world) for world in worlds]
    known, found = set(), {}
    while work:
        at, world = work.pop()
        if (mark := (at, world.identity())) in known:
            continue
        known.add(mark)
        if at == end and (result := world.as_seen(seen)):
            found[result.identity()] = result
        for number, branch in enumerate(branches):
            if at[number] == end[number]:
                continue
            asked, answer = branch[at[number]]
            after = (*at[:number], at[number] + 1, *at[number + 1 :])
            if isinstance(asked, Request):
                if answer == ("IDEMPOTENCY_KEY_REUSED",) and _has_rival(asked, branches):
                    work.append((after, world))
                work += [(after, next_) for next_ in _answered(world, asked, answer, seen, alone=alone, crash=crash)]
                continue
            steps = world.steps(asked.name)
            work += [(at, next_) for kind, id_ in steps for next_ in world.step(kind, id_, crash)]
            if not (alone and steps):
                work.append((after, world))
    return list(found.values())


def _has_rival(ask: Request, branches: Sequence[Branch]) -> bool:
    """Tell whether another request with its key was under way at the same time.

    A booking that is refused in the end leaves its key free, but until then the key is taken.
    """
    others = (other for branch in branches for other, _ in branch if isinstance(other, Request))
    return any(
        (other.name, other.user, other.key) == (ask.name, ask.user, ask.key) and other.seats != ask.seats
        for other in others
    )


def _answered(world: World, ask: Request, answer: Answer, seen: Seen, *, alone: bool, crash: bool) -> Iterator[World]:
    """Yield what a world becomes by a request, if this may be the answer to it."""
    strays = [id_ for id_ in (*seen.bookings, *seen.payments) if id_ not in world.bookings | world.payments]
    if answer != LOST:
        after = world.copy()
        expected = getattr(after, ask.name)(ask, answer[1] if answer[:1] in (("booked",), ("opened",)) else "")
        if expected == answer:
            yield after
        if answer == ("BOOKING_NOT_PENDING",) and ask.name == "initiate" and ask.about in world.closed and not alone:
            # It was closed for payment while the session was being opened, which was closed again.
            for id_ in strays:
                shut = world.copy()
                shut.payments[id_] = Payment(ask.about, 0, state="FAILED", bank="CLOSED")
                yield shut
    elif crash:
        yield from _lost(world, ask, strays)
    if crash and ask.name == "refund" and answer[0] in ("LOST", "refunding"):
        half = world.copy()
        half.refund(ask, "")
        half.claims = dict(world.claims)  # decided, and the seats not given back yet
        yield half


def _lost(world: World, ask: Request, strays: Sequence[str]) -> Iterator[World]:
    """Yield what a world becomes by a request whose maker died: all of it was done, a part, or nothing."""
    yield world
    for id_ in strays or [""]:
        after = world.copy()
        getattr(after, ask.name)(ask, id_)
        yield after
        if ask.name == "book" and id_ and (ask.user, ask.key) not in world.keys:
            begun = Booking(ask.user, ask.seats, "RESERVING", 0)
            # With its seats, if it could have them, and without.
            for half in (after.copy(), world.copy()):
                half.bookings[id_] = begun
                if ask.key:
                    half.keys[ask.user, ask.key] = (ask.seats, id_, ())
                yield half
        if id_ in after.payments:
            half = after.copy()
            half.payments[id_] = replace(after.payments[id_], bank="")  # not opened at the bank
            yield half
            half = after.copy()
            del half.payments[id_]  # the one before it was found to have ended
            yield half
