"""Races of two actions on the same seats or booking, in an order that is forced.

The first is held in its middle, mostly right before its COMMIT, with all its locks. The second is let go, until it has
ended or is seen to wait; then the first goes on. Some pairs have no meaning: POINTLESS says of each why.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
from standardwebhooks import Webhook

from services.booking.bookings.domain import State
from services.booking.tidying.operation import archive, old_bookings
from stack.credentials import load
from stack.postgres import url
from tests.databases import opened
from tests.faults.controller import HOLD, Fault, Point, Where, at
from tests.faults.world import World
from tests.patience import eventually
from tests.system.client import PRICES, TRANSIENT, Client, Json, Show, new_user, ok, refusal
from tests.system.databases import value
from tests.system.test_payment import expire_due

DUE = "-16 minutes"
LONG_AGO = "-40 days"

NAMES = (
    "hold",
    "reserve",
    "extend",
    "confirm",
    "release",
    "expire",
    "cancel",
    "settle",
    "refund",
    "part",
    "duplicate",
    "archive",
    "cancel-show",
    "prices",
    "block",
    "unblock",
    "revoke",
)
"""Of these, `confirm` and `settle` are the two halves of a payment, in inventory and in booking; `cancel` and `release`
those of a cancellation; `part` is the refund of one seat of two; `duplicate` is a webhook that repeats another;
`cancel-show` cancels all of the show; `prices` and `block` set its list anew and block its seats; `unblock` and
`revoke` unblock seats that are blocked, and revoke the access code by which they are had. Where these meet `confirm`,
the payment comes late."""

_SEEN_AS_CANCEL = "the release comes of the cancel, which is refused meanwhile: it is the race with cancel"
_TERMINAL = "what is archived came to its end a month ago: the other is refused, and has no middle"
POINTLESS = {
    ("extend", "extend"): "one relay delivers the declines, in one batch",
    ("extend", "refund"): "a decline of a CONFIRMED booking extends nothing: it has no middle",
    ("extend", "archive"): _TERMINAL,
    ("archive", "extend"): "no session of a cancelled booking is left that could be declined",
    ("confirm", "release"): _SEEN_AS_CANCEL,
    ("confirm", "archive"): _TERMINAL,
    ("archive", "confirm"): "a cancelled booking is never confirmed",
    ("release", "release"): "one relay delivers the releases",
    ("release", "expire"): "what is being released is not due any more",
    ("release", "archive"): _TERMINAL,
    ("archive", "release"): "the claim of what is archived was released a month ago",
    ("expire", "release"): "the release is a step of the expiry, in whose middle it is over",
    ("expire", "archive"): "nothing is due to expire and to be archived",
    ("archive", "expire"): "nothing is due to expire and to be archived",
    ("cancel", "release"): "the release comes of the cancel, once it is committed",
    ("cancel", "expire"): "what is due cannot be cancelled: it has no middle",
    ("cancel", "archive"): _TERMINAL,
    ("settle", "confirm"): "the confirm comes of the settlement, once it is committed",
    ("settle", "release"): _SEEN_AS_CANCEL,
    ("refund", "confirm"): "what can be refunded was confirmed before",
    ("refund", "settle"): "what can be refunded was settled before",
    ("refund", "release"): "a CONFIRMED booking is not released",
    ("refund", "expire"): "a CONFIRMED booking is not due",
    ("refund", "archive"): _TERMINAL,
}
POINTLESS |= {
    tuple("part" if name == "refund" else name for name in pair): why  # what is pointless with a whole refund
    for pair, why in POINTLESS.items()
    if "refund" in pair
}
_OF_SHOWS = {
    "release": "the release comes of a cancel, which is raced",
    "duplicate": "a webhook that repeats another changes nothing, whatever becomes of the show",
    "archive": _TERMINAL,
}
POINTLESS |= {pair: why for name, why in _OF_SHOWS.items() for pair in ((name, "cancel-show"), ("cancel-show", name))}
_OF_SEATS = {
    "release": "the release comes of a cancel, and frees what a lapse frees, which is raced",
    "duplicate": "a webhook that repeats another changes no seat and no price",
    "archive": _TERMINAL,
    "cancel": "what becomes of the seats comes of its release, once it is committed",
}
POINTLESS |= {
    pair: why
    for name, why in _OF_SEATS.items()
    for edit in ("prices", "block", "unblock", "revoke")
    for pair in ((name, edit), (edit, name))
}
PAIRS = [(first, second) for first in NAMES for second in NAMES if (first, second) not in POINTLESS]

INSIDE: dict[str, Where] = {
    "hold": at("inventory", "desk Hold", "commit"),
    "reserve": at("inventory", "desk Reserve", "commit"),
    "extend": at("inventory", "desk Extend", "commit"),
    "confirm": at("inventory", "desk Confirm", "commit"),
    "release": at("inventory", "desk Release", "commit"),
    # Inventory has released the claim, and booking does not know.
    "expire": at("booking", "job expire-bookings", "answered", "BatchReleaseReservations"),
    "cancel": at("booking", "CancelBooking", "commit"),
    "settle": at("booking", "BatchRecordCaptures", "commit"),
    "refund": at("booking", "RefundBooking", "commit"),
    "part": at("booking", "RefundBooking", "commit"),
    "duplicate": at("payment", "desk Settle", "commit"),
    # Inventory has cancelled the show, and booking does not know.
    "cancel-show": at("booking", "CancelShow", "answered", "CancelShows"),
    "prices": at("inventory", "desk SetPrices", "commit"),
    "block": at("inventory", "desk BlockSeats", "commit"),
    "unblock": at("inventory", "desk UnblockSeats", "commit"),
    "revoke": at("inventory", "desk RevokeAccessCode", "commit"),
    # A single statement has no middle: it is done, and nobody has heard.
    "archive": at("booking", "job archive", "committed", "DELETE booking_seats"),
}
OCCURRENCES = {"cancel-show": 2}
"""How often that has been reached then, where it is not once: first inventory is only asked whether it would."""

REFUSALS = {
    "hold": {"SEATS_UNAVAILABLE", "SHOW_CANCELLED", "ACCESS_CODE_NOT_VALID"},
    "reserve": {"SEATS_UNAVAILABLE", "SHOW_CANCELLED", "ACCESS_CODE_NOT_VALID"},
    "cancel": {"BOOKING_NOT_PENDING", "PAYMENT_IN_PROGRESS"},
    "release": {"BOOKING_NOT_PENDING", "PAYMENT_IN_PROGRESS"},
    "refund": {"BOOKING_NOT_CONFIRMED", "CANCELLATION_IN_PROGRESS"},
    "part": {"BOOKING_NOT_CONFIRMED", "SEATS_NOT_LEFT", "CANCELLATION_IN_PROGRESS"},
    "cancel-show": {"CANCELLATION_CHANGED"},
    "prices": {"SHOW_CANCELLED"},
}
"""What may be answered but success."""

JOBS = {"expire": "job expire-bookings", "archive": "job archive"}
TAKERS = {"hold", "reserve"}
REFUNDERS = {"refund", "part"}
PAYERS = {"confirm", "settle"}
TELLERS = PAYERS | {"duplicate"}
ENDERS = {"cancel", "release"}
CODED = {"unblock", "revoke"}
"""Where these are, the seats are blocked, and had by an access code."""
EDITORS = {"prices", "block"} | CODED
OF_BOOKINGS = set(NAMES) - TAKERS - EDITORS - {"cancel-show"}
WAITING = """
    SELECT count(*) FROM pg_stat_activity
    WHERE wait_event_type = 'Lock' AND datname IN ('inventory', 'booking', 'payment')
"""


@dataclass
class Subject:
    """What two actions are about: seats and, mostly, a booking. `gates` hold back what would come by itself."""

    world: World
    names: frozenset[str]
    show: Show
    seats: list[str]
    once: Client
    """Asks once, and takes what it gets."""
    booking: Json = field(default_factory=dict)
    initiated: Json = field(default_factory=dict)
    code: Json = field(default_factory=dict)
    """The access code by which the seats are had, where they are blocked."""
    gates: dict[str, Fault] = field(default_factory=dict)

    @property
    def session(self) -> str:
        return str(self.initiated["sessionId"])


async def race(world: World, first: str, second: str) -> None:
    """Let `second` happen in the middle of `first`; fail unless all is in order afterwards."""
    names = frozenset((first, second))
    again = first == second or names <= PAYERS
    with ExitStack() as held:
        held.callback(world.set_clocks, None)
        subject = await _prepare(world, first, names, held)
        with world.controller.fault(INSIDE[first], HOLD, OCCURRENCES.get(first, 1)) as middle:
            leading = asyncio.ensure_future(_start(subject, first, again=False))
            await middle.reached()
            with world.controller.recording() as trace:
                following = asyncio.ensure_future(_start(subject, second, again=again))

                async def stands() -> bool:
                    return await _stands(subject, middle, second, again, following, trace)

                await eventually(stands)
        answers = await asyncio.gather(leading, following)
    await world.rest(hurry=True)
    for name, answer in zip((first, second), answers, strict=True):
        # What has waited too long may be told to ask again.
        if isinstance(answer, httpx.Response) and answer.status_code not in (200, *TRANSIENT):
            assert refusal(answer).reason in REFUSALS.get(name, ()), f"{name}: {answer.text}"
    violations = await world.violations()
    assert not violations, "\n".join(violations)


async def _stands(
    subject: Subject, middle: Fault, name: str, again: bool, task: asyncio.Future[Any], trace: list[Point]
) -> bool:
    """Tell whether the second action has ended, or waits for the first."""
    world = subject.world
    if value(world.stack.server, "postgres", WAITING):
        return True
    assert middle.point is not None
    in_line = any((point.service, point.kind) == (middle.point.service, "asked") for point in trace)
    if in_line and middle.point.operation.startswith("desk "):
        # The commands for a show queue in the process that has it.
        return True
    if not task.done():
        return False
    if name in subject.gates and name in JOBS and not again:
        return any((point.operation, point.kind) == (JOBS[name], "committed") for point in trace)
    if name in PAYERS or name == "extend":
        query = "SELECT count(*) FROM outbox WHERE topic IN ('captures', 'declines')"
        pending = "SELECT count(*) FROM payments WHERE booking_id = %s AND state = 'PENDING'"
        left = value(world.stack.server, "payment", query)
        return not left and (
            name == "extend" or not value(world.stack.server, "payment", pending, subject.booking["id"])
        )
    return True


# --- What there is before


async def _prepare(world: World, first: str, names: frozenset[str], held: ExitStack) -> Subject:
    """Bring seats and booking to where both actions have a meaning."""
    archived = "archive" in names
    is_due = "expire" in names or bool(names & TAKERS and names & (TELLERS | {"extend"}))
    is_due |= "confirm" in names and bool(names & EDITORS)
    show = await world.client.make_show() if names & ({"archive", "cancel-show", "prices"} | CODED) else None
    if show is None:
        show, seats = await world.some()
    else:
        seats = show.seats[:2]
    subject = Subject(world, names, show, seats, Client(world.client.http))
    if names & CODED:
        path = f"shows/{show.id}"
        ok(await world.client.ask("POST", f"{path}/block-seats", {"showSeatIds": seats, "reason": "Sponsors"}))
        wish = {"reason": "Sponsors", "maxSeats": len(seats)}
        subject.code = ok(await world.client.ask("POST", f"{path}/access-codes", wish))
    if not names & OF_BOOKINGS:
        return subject

    def gate(name: str, where: Where) -> Fault:
        subject.gates[name] = held.enter_context(world.controller.fault(where, HOLD))
        return subject.gates[name]

    if is_due:
        await gate("expire", at("booking", "job expire-bookings", "begin")).reached()
        world.set_clocks(DUE)
    if archived:
        await gate("archive", at("booking", "job archive", "begin")).reached()
        world.set_clocks(LONG_AGO)
    subject.booking = await world.client.booked(show, new_user(), seats, code=subject.code.get("code", ""))
    await _pay(subject, first, gate)
    if archived:
        await _cancel_long_ago(subject, gate)
        world.set_clocks(None)
    if is_due:
        # The bank's session stays open.
        world.set_clocks(None, ["inventory", "booking"])
    return subject


async def _pay(subject: Subject, first: str, gate: Callable[[str, Where], Fault]) -> None:
    """Bring the payment of a booking as far as it has to be before."""
    world, names = subject.world, subject.names
    if "extend" in names:
        subject.initiated = ok(await world.client.initiate(subject.booking))
        declined = gate("extend", at("payment", "relay declines", "call", "BatchRecordDeclines"))
        await world.pay(subject.session, "pm_decline")
        await declined.reached()
    subject.initiated = ok(await world.client.initiate(subject.booking))
    if first in REFUNDERS or (names & REFUNDERS and first in TAKERS | EDITORS | {"duplicate", "cancel-show"}):
        await world.pay(subject.session)
        await world.until_state(subject.booking, "CONFIRMED")
    elif "duplicate" in names or (names & PAYERS and names & (ENDERS | EDITORS | {"archive", "cancel-show"})):
        captured = gate("webhook", at("bank", "Sender.run", "call", "webhook"))
        await world.pay(subject.session)
        await captured.reached()


async def _cancel_long_ago(subject: Subject, gate: Callable[[str, Where], Fault]) -> None:
    told_late = "webhook" in subject.gates
    closing = gate("close", at("booking", "relay closures", "call", "BatchClosePayments")) if told_late else None
    ok(await subject.world.client.cancel(subject.booking))
    if closing is not None:
        await closing.reached()
    else:
        await subject.world.rest(hurry=True)


# --- What is done


async def _start(subject: Subject, name: str, *, again: bool) -> httpx.Response | None:
    """Do an action, or let what is held back do it; `again`: the other one is the same."""
    booking, once = subject.booking, subject.once
    if name == "hold":
        return await once.hold(subject.show, new_user(), subject.seats, code=subject.code.get("code", ""))
    if name == "reserve":
        return await once.book(subject.show, new_user(), subject.seats, code=subject.code.get("code", ""))
    if name in ENDERS:
        return await once.cancel(booking)
    if name == "cancel-show":
        path = f"shows/{subject.show.id}/cancel"
        token = ok(await once.ask("GET", f"{path}/preview"))["token"]
        return await once.ask("POST", path, {"token": token, "reason": "The singer is ill."})
    if name in EDITORS:
        return await _edit(subject, name)
    if name == "refund":
        return await once.refund(booking)
    if name == "part":
        return await once.refund(booking, subject.seats[:1])
    if name == "duplicate":
        return await _repeat_webhook(subject)
    if name == "confirm" and again:
        subject.world.hurry()  # and recovery takes it over
    elif name in ("expire", "archive") and again:
        await _run_here(subject, name)
    elif name in ("expire", "archive", "extend"):
        subject.gates[name].release()
    elif "webhook" in subject.gates and not again:
        subject.gates["webhook"].release()
    else:
        return await once.ask("POST", f"payments/simulate/{subject.session}", {"paymentMethod": "pm_succeed"})
    return None


async def _edit(subject: Subject, name: str) -> httpx.Response:
    """Set the show's prices anew, block or unblock the seats, or revoke the code by which they are had."""
    path = f"shows/{subject.show.id}"
    if name == "block":
        body = {"showSeatIds": subject.seats, "reason": "A camera stands there."}
        return await subject.once.ask("POST", f"{path}/block-seats", body)
    if name == "unblock":
        return await subject.once.ask("POST", f"{path}/unblock-seats", {"showSeatIds": subject.seats})
    if name == "revoke":
        return await subject.once.ask("POST", f"{path}/revoke-access-code", {"accessCodeId": subject.code["id"]})
    prices = [{"tier": tier, "price": price + 1} for tier, price in PRICES.items()]
    return await subject.once.ask("PUT", f"{path}/prices", {"prices": prices})


async def _repeat_webhook(subject: Subject) -> httpx.Response:
    """Tell payment of the capture once more, as the bank would."""
    facts = subject.initiated
    data = {
        "payment_id": facts["paymentId"],
        "session_id": facts["sessionId"],
        "amount": facts["amount"],
        "currency": facts["currency"],
    }
    now, id_ = datetime.now(UTC), f"evt_{uuid4()}"
    body = json.dumps({"type": "payment.captured", "timestamp": now.isoformat(), "data": data})
    secret = load(subject.world.stack.settings.data_dir / "credentials.json")["webhook"]
    headers = {
        "content-type": "application/json",
        "webhook-id": id_,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(id_, now, body),
    }
    return await subject.once.ask("POST", "payments/webhook", content=body.encode(), headers=headers)


async def _run_here(subject: Subject, name: str) -> None:
    """Run a job once in this process, as another replica would."""
    stack = subject.world.stack
    if name == "expire":
        subject.world.hurry()  # so that the lease of the first is over
        await expire_due(stack)
        return
    secret = load(stack.settings.data_dir / "credentials.json")["booking"]
    async with opened(url(stack.settings.postgres_port, "booking", "booking", secret)) as db:
        old = await old_bookings(db, days=30, limit=100)
        await archive(db, [one.id for one in old if one.state == State.CANCELLED])
