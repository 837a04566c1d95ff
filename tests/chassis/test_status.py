"""Failures as google.rpc.Status, and back again."""

import pytest
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2

from services.chassis.errors import (
    Aborted,
    Code,
    DeadlineExceeded,
    Failure,
    IdempotencyKeyReused,
    Interrupted,
    InvalidArgument,
    InvalidField,
    NotFound,
    PeerFailure,
    PermissionDenied,
    ResourceExhausted,
    Unauthenticated,
    Unavailable,
    is_transient,
)
from services.chassis.wire.status import from_status, to_status

FAILURES = [
    Failure(),
    InvalidArgument("No."),
    InvalidField(("a.b[2]", "is wrong"), ("c", "is missing")),
    Unauthenticated(),
    PermissionDenied(),
    NotFound("There is no such show.", show_id="1"),
    IdempotencyKeyReused(),
    Aborted(seat_ids="1,2", state="HELD"),
    ResourceExhausted(),
    Unavailable(),
    Interrupted(),
    DeadlineExceeded(),
    PeerFailure(Code.ABORTED, "TAKEN", "Gone.", {"who": "ann"}, 2.5),
    PeerFailure(Code.UNIMPLEMENTED, "ODD", "", {}),
]


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
def test_a_failure_survives_the_wire(failure: Failure) -> None:
    wire = to_status(failure).SerializeToString()
    back = from_status(status_pb2.Status.FromString(wire))
    assert (back.code, back.reason, back.message) == (failure.code, failure.reason, failure.message)
    assert back.metadata == failure.metadata
    assert back.retry_after_seconds == failure.retry_after_seconds
    assert is_transient(back) == is_transient(failure)


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
def test_it_survives_being_passed_on(failure: Failure) -> None:
    once = from_status(to_status(failure))
    twice = from_status(to_status(once))
    assert vars(twice) == vars(once)


def test_every_failure_has_a_message_in_one_line_and_a_reason() -> None:
    for failure in FAILURES[:-1]:
        assert failure.message and "\n" not in failure.message
        assert failure.reason.isupper()


def test_more_than_ten_violations_are_cut() -> None:
    failure = InvalidField(*((f"f{n}", "is wrong") for n in range(20)))
    assert len(failure.violations) == 10
    assert failure.message.count("is wrong") == 10


def test_a_failure_of_another_kind_of_peer_is_understood() -> None:
    bare = from_status(status_pb2.Status(code=5, message="no such thing"))
    assert (bare.code, bare.reason, bare.message, bare.metadata) == (Code.NOT_FOUND, "NOT_FOUND", "no such thing", {})
    odd = from_status(status_pb2.Status(code=15, message="data loss"))
    assert (odd.code, odd.reason) == (Code.UNKNOWN, "UNKNOWN")


def test_details_that_are_not_known_are_passed_over() -> None:
    status = to_status(NotFound())
    status.details.insert(0, any_pb2.Any(type_url="type.googleapis.com/what.Ever", value=b"\xff"))
    packed = any_pb2.Any()
    packed.Pack(error_details_pb2.Help())
    status.details.append(packed)
    assert from_status(status).reason == "NOT_FOUND"


def test_what_may_fare_better_later() -> None:
    definite = {Code.INVALID_ARGUMENT, Code.NOT_FOUND, Code.ALREADY_EXISTS, Code.PERMISSION_DENIED}
    definite |= {Code.FAILED_PRECONDITION, Code.OUT_OF_RANGE, Code.ABORTED, Code.UNIMPLEMENTED, Code.UNAUTHENTICATED}
    for code in Code:
        assert is_transient(PeerFailure(code, "X", "", {})) == (code not in definite)
