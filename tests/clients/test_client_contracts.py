"""The Python client has every public method, and a class for every reason."""

from __future__ import annotations

import inspect
import pickle
import subprocess
import sys
from typing import Any

from boxoffice_client import BoxofficeError, errors
from boxoffice_client.methods import Method, Methods, Stream
from services.chassis.errors import PeerFailure
from services.chassis.wire.status import to_status
from stack.settings import ROOT
from tests.cases import all_cases
from tests.clients.service import NOBODY
from tests.reasons import failures
from tests.system.mutations import KEYED

METHODS: dict[str, Method[..., Any] | Stream[..., Any]] = {
    name: method for name, method in vars(Methods).items() if isinstance(method, Method | Stream)
}
FAMILIES = {
    "NOT_FOUND": errors.NotFound,
    "ALREADY_EXISTS": errors.AlreadyExists,
    "ABORTED": errors.Aborted,
    "OUT_OF_RANGE": errors.OutOfRange,
    "FAILED_PRECONDITION": errors.FailedPrecondition,
    "PERMISSION_DENIED": errors.PermissionDenied,
    "UNAUTHENTICATED": errors.Unauthenticated,
    "UNAVAILABLE": errors.Unavailable,
}


def test_a_method_takes_and_gives_what_its_contract_says() -> None:
    with all_cases() as case:
        for name in METHODS:
            with case(name):
                method = METHODS[name]
                request = method._request
                if isinstance(request, type):
                    assert request.DESCRIPTOR is method.descriptor.input_type
                else:
                    signature = inspect.signature(request)
                    assert str(signature.return_annotation).partition(".")[2] == method.descriptor.input_type.name
                    taken = [name.rstrip("_") for name in signature.parameters]
                    assert taken == [field.name for field in method.descriptor.input_type.fields]
                assert method.answer.DESCRIPTOR is method.descriptor.output_type
                assert isinstance(method, Stream) == method.descriptor.server_streaming
                assert method.__doc__


def test_what_may_be_repeated_is_what_reads_removes_or_replaces_or_takes_a_key_or_gives_the_same_again() -> None:
    assert {name for name, method in METHODS.items() if not method.repeatable} == {
        "simulate_payment",
        *(
            "login",
            "logout",
            "update_profile",
            "request_email_verification",
            "request_email_change",
            "verify_email",
            "request_password_reset",
            "reset_password",
            "change_password",
            "delete_account",
        ),
        *("deactivate_coupon", "validate_coupon"),
        *("update_organization", "add_member", "leave_organization"),
        *("block_seats", "revoke_access_code"),
        *("write_review", "report_review", "hide_review", "read_all_notices"),
        *("upload_hall", "upload_image", "rotate_gate"),
        *("create_webhook_endpoint", "rotate_webhook_secret", "enable_webhook_endpoint", "disable_webhook_endpoint"),
        *("resend_webhook_message", "redrive_refunds"),
        *("accept_offer", "decline_offer", "return_ticket", "withdraw_offer"),
    }
    assert {method.descriptor.name for method in METHODS.values() if method.takes_key} == KEYED.keys()


class FailedCall:
    """An error as gRPC gives it."""

    def __init__(self, details: bytes) -> None:
        self._details = details

    def trailing_metadata(self) -> tuple[tuple[str, bytes], ...]:
        return (("grpc-status-details-bin", self._details),)


def test_a_refusal_arrives_as_its_class_and_family() -> None:
    with all_cases() as case:
        for kind in sorted(failures() - {PeerFailure}, key=lambda kind: (kind.__module__, kind.__name__)):
            with case(kind):
                failure = PeerFailure(kind.code, kind.reason, "No.", {"seat_ids": NOBODY}, kind.retry_after_seconds)
                details = to_status(failure).SerializeToString()
                error = errors.read(FailedCall(details), "id")
                assert type(error) is errors.BY_REASON[kind.reason]
                assert (error.reason, error.code.name, error.message) == (kind.reason, kind.code.name, "No.")
                assert error.retry_after_seconds == kind.retry_after_seconds
                if len({each.code for each in failures() if each.reason == kind.reason}) == 1:
                    family = FAMILIES.get(kind.code.name)
                    assert {each for each in FAMILIES.values() if isinstance(error, each)} == (
                        {family} if family else set()
                    )


def test_an_error_survives_being_sent_to_another_process() -> None:
    error = errors.SeatsUnavailable("Taken.", metadata={"seat_ids": NOBODY}, request_id="id")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.seat_ids) == (type(error), str(error), (NOBODY,))
    assert isinstance(again, BoxofficeError)


def test_the_client_stands_on_the_contracts_alone() -> None:
    program = "import sys, boxoffice_client; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    ours = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert {"services", "gateway", "stack"} <= ours
    assert "boxoffice_client" in done.stdout.split()
    assert not ours & set(done.stdout.split())
