"""What clients of the last release use: each way to take it from them is planted, and found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from boxoffice.policy.v1 import policy_pb2
from google.api import annotations_pb2
from google.protobuf.descriptor_pb2 import (
    EnumDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
    MethodDescriptorProto,
)

from gateway.contracts import DESCRIPTOR
from gateway.released import MOVED, broken, contested

NOW = DESCRIPTOR.read_bytes()
RELEASED = Path(__file__).parents[2] / "protos" / "released.binpb"

HOLD = "boxoffice.inventory.v1.InventoryService.HoldSeats"
STATUS = "boxoffice.payment.v1.PaymentService.GetPaymentStatus"
JWKS = "boxoffice.identity.v1.IdentityService.GetJwks"
WATCH = "boxoffice.inventory.v1.InventoryService.WatchSeats"
TIER = "boxoffice.inventory.v1.Seat.Tier"
EVENTS = "boxoffice.inventory.v1.Event.Category"


def files() -> FileDescriptorSet:
    return FileDescriptorSet.FromString(NOW)


def file_of(files: FileDescriptorSet, name: str) -> FileDescriptorProto:
    package = name[: name.index(".v1.") + 3]
    kind = name.split(".")[3]
    return next(
        file
        for file in files.file
        if file.package == package
        and kind in {*(each.name for each in file.service), *(each.name for each in file.message_type)}
    )


def method(files: FileDescriptorSet, name: str) -> MethodDescriptorProto:
    *_, service, rpc = name.split(".")
    found = next(each for each in file_of(files, name).service if each.name == service)
    return next(each for each in found.method if each.name == rpc)


def enum(files: FileDescriptorSet, name: str) -> EnumDescriptorProto:
    *_, message, own = name.split(".")
    found = next(each for each in file_of(files, name).message_type if each.name == message)
    return next(each for each in found.enum_type if each.name == own)


def _remove_method(name: str) -> Callable[[FileDescriptorSet], None]:
    def plant(files: FileDescriptorSet) -> None:
        for service in file_of(files, name).service:
            kept = [each for each in service.method if each.name != name.rpartition(".")[2]]
            del service.method[:]
            service.method.extend(kept)

    return plant


def _remove_service(files: FileDescriptorSet) -> None:
    del file_of(files, HOLD).service[:]


def _http(name: str, **changes: str) -> Callable[[FileDescriptorSet], None]:
    def plant(files: FileDescriptorSet) -> None:
        rule = method(files, name).options.Extensions[annotations_pb2.http]
        for field, value in changes.items():
            setattr(rule, field, value)

    return plant


def _no_http(files: FileDescriptorSet) -> None:
    method(files, HOLD).options.ClearExtension(annotations_pb2.http)


def _allow(name: str, *callers: int, services: tuple[str, ...] = ()) -> Callable[[FileDescriptorSet], None]:
    def plant(files: FileDescriptorSet) -> None:
        policy = method(files, name).options.Extensions[policy_pb2.policy]
        policy.CopyFrom(policy_pb2.Policy(allow=callers, services=services))  # type: ignore[arg-type]

    return plant


def _stream(files: FileDescriptorSet) -> None:
    method(files, WATCH).server_streaming = False


def _input(files: FileDescriptorSet) -> None:
    method(files, HOLD).input_type = ".boxoffice.inventory.v1.ReleaseHoldsRequest"


def _remove_value(files: FileDescriptorSet) -> None:
    del enum(files, TIER).value[-1]


def _rename_value(files: FileDescriptorSet) -> None:
    enum(files, TIER).value[-1].name = "BALCONY"


def _renumber_value(files: FileDescriptorSet) -> None:
    next(value for value in enum(files, EVENTS).value if value.name == "OTHER").number = 99


def _remove_enum(files: FileDescriptorSet) -> None:
    message = next(each for each in file_of(files, TIER).message_type if each.name == "Seat")
    del message.enum_type[:]


Policy = policy_pb2.Policy
PLANTED: dict[str, tuple[Callable[[FileDescriptorSet], None], str]] = {
    "a method": (_remove_method(HOLD), f"{HOLD} is gone"),
    "a service": (_remove_service, f"{HOLD} is gone"),
    "a path": (_http(HOLD, post="/api/v1/holds"), f"{HOLD} is no longer POST /api/v1/bookings/hold-seats body=*"),
    "a verb": (_http(HOLD, put="/api/v1/bookings/hold-seats"), f"{HOLD} is no longer POST /api/v1/bookings/hold-seats"),
    "a path's variable": (
        _http(STATUS, get="/api/v1/payments/status/{user_id}"),
        f"{STATUS} is no longer GET /api/v1/payments/status/{{booking_id}}",
    ),
    "a body": (_http(HOLD, body="show_seat_ids"), f"{HOLD} is no longer POST /api/v1/bookings/hold-seats body=*"),
    "a part of the answer": (_http(STATUS, response_body="payments"), f"{STATUS} is no longer GET"),
    "REST": (_no_http, f"{HOLD} is no longer POST /api/v1/bookings/hold-seats body=*"),
    "a stream": (_stream, f"{WATCH} is no longer from"),
    "a request": (_input, f"{HOLD} is no longer from boxoffice.inventory.v1.HoldSeatsRequest"),
    "an enum's value": (_remove_value, f"{TIER}.VIP is no longer 3"),
    "an enum's word": (_rename_value, f"{TIER}.VIP is no longer 3"),
    "an enum's number": (_renumber_value, f"{EVENTS}.OTHER is no longer 5"),
    "an enum": (_remove_enum, f"{TIER}.VIP is no longer 3"),
    "owners": (_allow(HOLD, Policy.ADMIN), f"{HOLD} shuts OWNER out"),
    "a service of ours": (_allow(STATUS, Policy.OWNER, Policy.ADMIN), f"{STATUS} shuts the service booking out"),
    "everybody": (
        _allow(JWKS, Policy.OWNER, Policy.SERVICE, services=("inventory", "booking", "payment", "bank")),
        f"{JWKS} shuts PUBLIC out",
    ),
}


def test_the_contracts_keep_what_was_released() -> None:
    assert broken(RELEASED.read_bytes(), NOW) == []
    assert contested(NOW) == []


@pytest.mark.parametrize(("plant", "found"), PLANTED.values(), ids=PLANTED.keys())
def test_what_is_taken_from_clients_is_found(plant: Callable[[FileDescriptorSet], None], found: str) -> None:
    changed = files()
    plant(changed)
    assert any(line.startswith(found) for line in broken(NOW, changed.SerializeToString()))


def test_what_is_added_takes_nothing_away() -> None:
    changed = files()
    new = method(changed, HOLD)
    rule = new.options.Extensions[annotations_pb2.http]
    rule.additional_bindings.add(post="/api/v1/holds", body="*")
    new.options.Extensions[policy_pb2.policy].allow.append(Policy.PUBLIC)
    enum(changed, TIER).value.add(name="BALCONY", number=4)
    file_of(changed, HOLD).service[0].method.add(name="New", input_type=".x", output_type=".y")
    assert broken(NOW, changed.SerializeToString()) == []


def test_a_method_that_everybody_may_call_shuts_no_user_out() -> None:
    changed = files()
    _allow(HOLD, Policy.PUBLIC)(changed)
    assert broken(NOW, changed.SerializeToString()) == []


def test_a_path_that_two_methods_claim_is_found_whatever_its_variables_are_called() -> None:
    changed = files()
    _http(HOLD, get="/api/v1/payments/status/{id}")(changed)
    [line] = contested(changed.SerializeToString())
    assert line.startswith("GET /api/v1/payments/status/{} is claimed by ")


def test_a_path_that_has_moved_has_moved_to_a_method_that_there_is() -> None:
    for new in MOVED.values():
        assert method(files(), new).options.HasExtension(annotations_pb2.http)
