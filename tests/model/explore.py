"""What happens at once: requests and steps follow each other in every order that there is.

Boxoffice is right if one of these orders explains all that was answered and what is seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from tests.model.facts import LOST, Answer, Payment, Request, Seen, Tick
from tests.model.model import World
from tests.model.places import choices

NAMED = (("booked",), ("confirmed",), ("expired",), ("opened",))
"""The answers that name what was made."""
REFUNDERS = ("refund", "grant")

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
        if not alone:
            work += [(at, next_) for next_ in world.carried_out(seen)]
        for number, branch in enumerate(branches):
            if at[number] == end[number]:
                continue
            asked, answer = branch[at[number]]
            after = (*at[:number], at[number] + 1, *at[number + 1 :])
            if isinstance(asked, Request):
                if not alone and _is_refused_meanwhile(asked, answer, branches):
                    work.append((after, world))
                for way in choices(world, asked):
                    work += [(after, next_) for next_ in _answered(world, way, answer, seen, alone=alone, crash=crash)]
                continue
            steps = world.steps(asked.name)
            work += [(at, next_) for kind, id_ in steps for next_ in world.step(kind, id_, crash)]
            if not alone:
                work += [(at, _without_use(world, id_)) for kind, id_ in steps if kind == "captured"]
            if not (alone and steps):
                work.append((after, world))
    return list(found.values())


def _is_refused_meanwhile(ask: Request, answer: Answer, branches: Sequence[Branch]) -> bool:
    """Tell whether a request may be refused for something that others who ask at the same time have not got in the end.

    A booking that is refused in the end leaves its key and the use of its coupon free, but has them until then. What is
    priced twice may cost another amount the second time. A show is cancelled in steps: between them no refund is.
    """
    others = [other for branch in branches for other, _ in branch if isinstance(other, Request) and other is not ask]
    match "".join(map(str, answer[:1])):
        case "IDEMPOTENCY_KEY_REUSED":
            named = (other for other in others if (other.name, other.user, other.key) == (ask.name, ask.user, ask.key))
            return any(other.wish != ask.wish for other in named)
        case "COUPON_NOT_USABLE":
            return any(other.coupon == ask.coupon for other in others)
        case "PRICE_CHANGED":
            return ask.child and any(other.name != "book" for other in others)
        case "CANCELLATION_IN_PROGRESS":
            return any(other.name == "cancel_show" for other in others)
        case "CANCELLATION_CHANGED":
            return ask.name == "cancel_show"
    return False


def _without_use(world: World, payment_id: str) -> World:
    """Return what becomes of money that came late while somebody had the use who was refused in the end."""
    after = world.copy()
    after.delivered(("captured", payment_id))
    after._settle(payment_id, is_used=bool(after.bookings[after.payments[payment_id].booking].coupon))
    return after


def _answered(world: World, ask: Request, answer: Answer, seen: Seen, *, alone: bool, crash: bool) -> Iterator[World]:
    """Yield what a world becomes by a request, if this may be the answer to it."""
    strays = [id_ for id_ in (*seen.bookings, *seen.payments) if id_ not in world.bookings | world.payments]
    if answer != LOST:
        after = world.copy()
        expected = getattr(after, ask.name)(ask, answer[1] if answer[:1] in NAMED else "")
        if expected == answer:
            yield after
        if answer[:1] == ("expired",) and not alone and expected[0] == "confirmed":
            yield from _cancelled_meanwhile(world, ask, answer)
        if answer == ("BOOKING_NOT_PENDING",) and ask.name == "initiate" and ask.about in world.closed and not alone:
            # It was closed for payment while the session was being opened, which was closed again.
            for id_ in strays:
                shut = world.copy()
                shut.payments[id_] = Payment(ask.about, 0, state="FAILED", bank="CLOSED")
                yield shut
    elif crash:
        yield from _lost(world, ask, strays)
    if crash and ask.name in REFUNDERS and answer[0] in ("LOST", "refunding"):
        half = world.copy()
        getattr(half, ask.name)(ask, "")
        half.claims = dict(world.claims)  # decided, and the seats not given back yet
        if half.bookings[ask.about] != world.bookings[ask.about]:
            number = len(half.bookings[ask.about].refunds) - 1
            half.bookings[ask.about] = half.bookings[ask.about].with_refund(number, unbooked=False)
        yield half


def _cancelled_meanwhile(world: World, ask: Request, answer: Answer) -> Iterator[World]:
    """Yield what becomes of a free booking whose show is cancelled between its reservation and its confirmation."""
    after = world.copy()
    after.begin(ask, answer[1])
    after.cancelled, was = True, after.cancelled
    after._confirm(answer[1])
    after.cancelled = was
    if after._told(answer[1]) == answer:
        yield after


def _lost(world: World, ask: Request, strays: Sequence[str]) -> Iterator[World]:
    """Yield what a world becomes by a request whose maker died: all of it was done, a part, or nothing."""
    yield world
    if ask.name == "cancel_show":
        yield from _half_cancelled(world, ask)
        return
    for id_ in strays or [""]:
        after = world.copy()
        getattr(after, ask.name)(ask, id_)
        yield after
        if ask.name in ("book", "book_guests") and id_ and (ask.user, ask.key) not in world.keys:
            yield from _half_booked(world, after, ask, id_)
        if id_ in after.payments:
            half = after.copy()
            half.payments[id_] = replace(after.payments[id_], bank="")  # not opened at the bank
            yield half
            half = after.copy()
            del half.payments[id_]  # the one before it was found to have ended
            yield half


def _half_booked(world: World, after: World, ask: Request, id_: str) -> Iterator[World]:
    """Yield what a booking may be that was begun: with its seats, if it could have them, and without."""
    begun = replace(world.begun(ask, 0), state="RESERVING", until=0)
    for half in (after.copy(), world.copy()):
        half.bookings[id_] = begun
        if ask.key:
            half.keys[ask.user, ask.key] = (ask.wish, id_, ())
        if id_ in half.claims:
            half.claims[id_] = replace(half.claims[id_], state="RESERVED")
        yield half
    if id_ in after.bookings and not after.bookings[id_].final:
        # Inventory was asked to confirm a free one, and has or has not.
        for state in ("RESERVED", after.claims[id_].state):
            half = world.copy()
            half.begin(ask, id_)
            half.claims[id_] = replace(half.claims[id_], state=state)
            yield half


def _half_cancelled(world: World, ask: Request) -> Iterator[World]:
    """Yield what a show is whose canceller died: it is to be, or inventory has cancelled it, or booking knows."""
    after = world.copy()
    if after.cancel_show(ask, "") == ("show cancelled",):
        yield after
        for cancelled in {world.cancelled, True}:
            half = world.copy()
            half.cancelled, half.cancelling = cancelled, half.cancelling or "ASKED"
            yield half
