"""What a refusal carries is bounded: with the largest that any part can be, it arrives as what it is, every time."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import Any
from uuid import uuid4

import grpc
import pytest
from boxoffice.inventory.v1 import catalog_pb2 as pb

import services
from services.chassis.errors import Failure, InvalidField, PeerFailure
from services.chassis.wire.status import from_status, to_status
from services.inventory.errors import SeatNotFound, SeatsUnavailable
from tests.cases import all_cases
from tests.chassis.catalog import EVENT, catalog, details, raising, refused

MOST_SEATS = 100
"""In one request, by the contracts."""

TIMES = 40
"""What is too large fails now and then."""
LARGEST = 5
"""How many of the largest are tried so often: whether one fails is a matter of its size alone."""


def kinds() -> list[type[Failure]]:
    for module in pkgutil.walk_packages(services.__path__, "services."):
        if {"errors", "domain"} & set(module.name.split(".")):
            import_module(module.name)
    found: set[type[Failure]] = {Failure}
    while more := {sub for kind in found for sub in kind.__subclasses__()} - found:
        found |= more
    ours = (kind for kind in found if kind.__module__.startswith("services."))
    return sorted(ours, key=lambda kind: (kind.__module__, kind.__name__))


def largest(kind: type[Failure], letter: str) -> Failure:
    """Return one of a kind, all that it carries as large as somebody may send it to us, and larger."""
    failure = kind.__new__(kind)
    long = letter * 5_000
    if kind is PeerFailure:
        PeerFailure.__init__(failure, Failure.code, "TAKEN", long, {}, 2.5)  # type: ignore[arg-type]
    else:
        Failure.__init__(failure, long)
    failure.metadata = {"seat_ids": ids(1_000), "name": long, "limit": "6"}
    if isinstance(failure, InvalidField):
        failure.violations = [(f"{long}[{number}]", long) for number in range(10)]
    return failure


def ids(count: int) -> str:
    return ",".join(str(uuid4()) for _ in range(count))


@pytest.mark.parametrize("letter", ["x", "é", "座", "\U0001f39f"])
async def test_the_largest_refusal_of_each_kind_arrives_as_what_it_is(letter: str) -> None:
    failures = [largest(kind, letter) for kind in kinds()]
    failures.sort(key=lambda failure: to_status(failure).ByteSize())
    times = [1] * (len(failures) - LARGEST) + [TIMES] * LARGEST
    to_raise = iter([failure for failure, count in zip(failures, times, strict=True) for _ in range(count)])

    async def refuse(request: Any, context: Any) -> Any:
        raise next(to_raise)

    async with catalog(refuse) as (stub, _):
        with all_cases() as case:
            for failure, count in zip(failures, times, strict=True):
                answers = [await refused(stub.GetEvent(pb.GetEventRequest(event_id=EVENT))) for _ in range(count)]
                with case(type(failure)):
                    for error, status in answers:
                        arrives_as(failure, error, status)


def arrives_as(failure: Failure, error: grpc.aio.AioRpcError, status: Any) -> None:
    assert error.code().value[0] == failure.code, error.details()
    info, bad = details(status)
    assert info.reason == failure.reason
    assert failure.message.startswith((error.details() or "").removesuffix("…"))
    assert all(len(one) == 36 for one in info.metadata["seat_ids"].split(",") if one)
    if isinstance(failure, InvalidField):
        assert [it.field[:30] for it in bad.field_violations] == [field[:30] for field, _ in failure.violations]


@pytest.mark.parametrize("kind", [SeatNotFound, SeatsUnavailable])
async def test_all_seats_that_one_may_ask_for_are_named(kind: type[SeatsUnavailable]) -> None:
    failure = kind(uuid4() for _ in range(MOST_SEATS))
    async with catalog(raising(failure)) as (stub, _):
        for _ in range(TIMES):
            error, status = await refused(stub.GetEvent(pb.GetEventRequest(event_id=EVENT)))
            assert error.code().value[0] == failure.code, error.details()
            assert dict(details(status)[0].metadata) == failure.metadata


def test_what_fits_is_told_whole_and_what_is_cut_says_so() -> None:
    failure = InvalidField(("a" * 150, "é" * 100), ("b" * 151, "é" * 101))
    whole, cut = details(to_status(failure))[1].field_violations
    assert (whole.field, whole.description) == failure.violations[0]
    assert (cut.field, cut.description) == ("b" * 147 + "…", "é" * 98 + "…")
    assert from_status(to_status(Failure(name="座" * 2_000))).metadata == {"name": "座" * 1_265}
    assert from_status(to_status(Failure(one="1" * 3_797, two="2"))).metadata == {"one": "1" * 3_797}
