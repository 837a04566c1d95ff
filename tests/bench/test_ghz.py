"""The configurations of ghz are right, whether or not ghz is here to run them."""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import uuid4

import protovalidate
import pytest
from boxoffice.booking.v1.booking_pb2 import Booking
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

from bench import ghz
from bench.ghz.data import CALLS, FOLDER, SEATS_PER_CALL, Things, rows
from gateway.contracts import DESCRIPTOR
from stack.settings import ROOT

CONFIGURATIONS = sorted(path.name for path in ghz.HERE.glob("*.json"))
FIELDS = {
    *("call", "host", "protoset", "data", "data-file"),
    *("total", "concurrency", "connections", "timeout", "insecure"),
}
"""What our configurations say, of what ghz knows; it passes over in silence what it does not know."""
TEMPLATES = {"newUUID": lambda: str(uuid4()), ".Timestamp": lambda: "2030-01-01T00:00:00Z"}
"""What ghz fills in, of what it can."""


def configuration(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ghz.HERE / name).read_text())
    return found


def sample_rows() -> dict[str, list[dict[str, object]]]:
    """Return data for two calls of each method."""
    bookings = [Booking(id=str(uuid4()), user_id=str(uuid4())) for _ in range(4)]
    return rows(
        Things(
            show_id=str(uuid4()),
            seat_ids=[str(uuid4()) for _ in range(8)],
            unpaid=bookings[:2],
            opened=bookings[2:],
            session_ids=[f"sess_{uuid4()}" for _ in range(2)],
        )
    )


def filled(template: str) -> str:
    return re.sub(r"{{\s*(.*?)\s*}}", lambda match: TEMPLATES[match[1]](), template)


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_a_configuration_says_what_ghz_knows(name: str) -> None:
    configured = configuration(name)
    assert set(configured) <= FIELDS
    assert {"call", "host", "protoset", "timeout", "insecure"} <= set(configured)
    assert ("data" in configured) != ("data-file" in configured)
    assert (ROOT / configured["protoset"]).samefile(DESCRIPTOR)
    assert configured["connections"] <= configured["concurrency"] <= configured["total"] == CALLS


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_a_configuration_sends_what_its_method_takes(name: str) -> None:
    configured = configuration(name)
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(DESCRIPTOR.read_bytes()).file:
        pool.Add(file)
    service, _, rpc = configured["call"].rpartition(".")
    request = message_factory.GetMessageClass(pool.FindServiceByName(service).methods_by_name[rpc].input_type)
    if "data" in configured:
        requests = [configured["data"]]
    else:
        assert configured["data-file"] == f"{FOLDER}/{name}"
        requests = sample_rows()[name.removesuffix(".json")]
    for each in requests:
        protovalidate.validate(json_format.Parse(filled(json.dumps(each)), request()))


def test_data_is_made_for_the_configurations_that_ask_for_it_and_no_others() -> None:
    asking = {name.removesuffix(".json") for name in CONFIGURATIONS if "data-file" in configuration(name)}
    assert set(sample_rows()) == asking


def test_no_two_calls_meet_the_same_seat_or_booking() -> None:
    data = sample_rows()
    claimed = [seat for name in ("hold-seats", "create-booking") for row in data[name] for seat in row["show_seat_ids"]]
    assert len(claimed) == len(set(claimed)) == (SEATS_PER_CALL - 2) * 2
    for name in ("initiate-payment", "simulate-payment"):
        named = [row.get("booking_id", row.get("session_id")) for row in data[name]]
        assert len(named) == len(set(named)) == 2
    assert not {row["booking_id"] for row in data["initiate-payment"]} & {
        row["booking_id"] for row in data["get-booking"]
    }
