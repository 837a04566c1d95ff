"""What a request caused can be seen in one trace, from the gateway to the statements, and in every log by its ids."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from stack.launcher import Stack
from stack.processes import wait_until
from stack.services import API
from tests.operations.collector import Collector, Span
from tests.patience import patient

SAMPLED = "01"


def seats(stack: Stack, count: int) -> list[str]:
    [show] = stack.demo.shows[-1:]
    found = httpx.get(f"{stack.public_url}{API}/seats/shows/{show.id}/available", trust_env=False).json()["seats"]
    return [seat["id"] for seat in found[:count]]


def wanted(stack: Stack, seat: str) -> dict[str, Any]:
    return {"userId": str(uuid4()), "showId": stack.demo.shows[-1].id, "showSeatIds": [seat]}


def traceparent(trace: str) -> dict[str, str]:
    return {"traceparent": f"00-{trace}-{uuid4().hex[:16]}-{SAMPLED}"}


def by_id(spans: Sequence[Span]) -> dict[bytes, Span]:
    return {span.proto.span_id: span for span in spans}


def way_to(span: Span, spans: Sequence[Span]) -> list[tuple[str, str]]:
    """Return service and name of each span from the first to this one."""
    known = by_id(spans)
    way = [span]
    while above := known.get(way[-1].proto.parent_span_id):
        way.append(above)
    return [(each.service, each.name) for each in reversed(way)]


def writes_seats(spans: Sequence[Span]) -> list[Span]:
    return [span for span in spans if span.service == "inventory" and "UPDATE show_seats" in span.statements]


def logged(log: Path, key: str, value: str) -> list[dict[str, Any]]:
    lines = (json.loads(line) for line in log.read_text().splitlines() if line.startswith("{"))
    return [line for line in lines if line.get(key) == value]


def test_one_booking_is_one_trace_from_the_gateway_to_the_seats(stack: Stack, collector: Collector) -> None:
    trace, request_id = uuid4().hex, f"traced-{uuid4()}"
    answer = httpx.post(
        f"{stack.public_url}{API}/bookings",
        json=wanted(stack, seats(stack, 1)[0]),
        headers=traceparent(trace) | {"x-request-id": request_id},
        trust_env=False,
    )
    assert answer.status_code == 200, answer.text
    spans = collector.trace(
        trace, lambda some: {"gateway", "booking"} <= {s.service for s in some} and any(writes_seats(some))
    )

    [write] = writes_seats(spans)
    way = way_to(write, spans)
    assert [step for step in way if step[0] != "gateway"] == [
        ("booking", "boxoffice.booking.v1.BookingService/CreateBooking"),
        ("booking", "batch create-bookings"),
        ("booking", "BatchReserveSeats"),
        ("inventory", "boxoffice.inventory.v1.InventoryService/BatchReserveSeats"),
        ("inventory", "batch seats"),
        ("inventory", "SQL"),
    ]
    assert way[0][0] == "gateway"
    assert write.statements[:3] == ["BEGIN", "INSERT show_markers", "SELECT show_counters"]
    assert write.statements[-1] == "COMMIT"
    assert write.attributes["boxoffice.outcome"] == "OK"
    texts = [pair.value.string_value for span in spans for event in span.proto.events for pair in event.attributes]
    assert texts and not any(str(answer.json()["id"]) in text for text in texts), "statements carry no values"
    [call] = [span for span in spans if span.name.endswith("/CreateBooking")]
    assert call.attributes["boxoffice.request_id"] == request_id

    # Both ids lead to the lines that tell of it.
    assert wait_until(lambda: bool(logged(stack.logs / "gateway.log", "trace_id", trace)), patient(10))
    assert {line["request_id"] for line in logged(stack.logs / "gateway.log", "trace_id", trace)} == {request_id}
    [line] = logged(stack.logs / "booking.log", "request_id", request_id)
    assert (line["trace_id"], line["outcome"]) == (trace, "OK")
    assert logged(stack.logs / "inventory.log", "trace_id", trace)


async def test_a_batch_is_linked_to_all_whose_commands_it_carries_out(stack: Stack, collector: Collector) -> None:
    traces = [uuid4().hex for _ in range(12)]
    free = await asyncio.to_thread(seats, stack, len(traces))
    async with httpx.AsyncClient(trust_env=False, timeout=patient(15)) as http:
        answers = await asyncio.gather(
            *(
                http.post(f"{stack.public_url}{API}/bookings", json=wanted(stack, seat), headers=traceparent(trace))
                for seat, trace in zip(free, traces, strict=True)
            )
        )
    assert {answer.status_code for answer in answers} == {200}

    def batches(spans: Sequence[Span]) -> list[Span]:
        return [span for span in spans if span.service == "booking" and span.name == "batch create-bookings"]

    # Whoever has no batch in their trace is linked to from that of somebody who came in the same one.
    found: set[str] = set()
    for trace in traces:
        for span in await asyncio.to_thread(
            collector.trace, trace, lambda some: any(s.service == "booking" for s in some)
        ):
            found |= {span.trace, *(link.trace_id.hex() for link in span.proto.links)} if batches([span]) else set()
    assert found == set(traces)


def test_a_refusal_is_no_error_but_is_told(stack: Stack, collector: Collector) -> None:
    trace = uuid4().hex
    nobody = str(uuid4())
    answer = httpx.get(f"{stack.public_url}{API}/bookings/{nobody}", headers=traceparent(trace), trust_env=False)
    assert answer.status_code == 404
    [call] = [
        span
        for span in collector.trace(
            trace, lambda some: any(span.service == "booking" and span.name.endswith("/GetBooking") for span in some)
        )
        if span.service == "booking" and span.name.endswith("/GetBooking")
    ]
    assert call.attributes["boxoffice.outcome"] == "BOOKING_NOT_FOUND"
    assert call.proto.status.code == call.proto.status.STATUS_CODE_UNSET


def test_the_banks_webhook_is_one_trace_with_what_it_caused(stack: Stack, collector: Collector) -> None:
    """The bank is a caller like any other: its trace goes through the gateway to payment."""
    api = f"{stack.public_url}{API}"
    with httpx.Client(trust_env=False, timeout=patient(15)) as http:
        asked = wanted(stack, seats(stack, 1)[0])
        booking = http.post(f"{api}/bookings", json=asked).json()["id"]
        session = http.post(f"{api}/payments/initiate", json={"bookingId": booking, "userId": asked["userId"]}).json()
        http.post(f"{api}/payments/simulate/{session['sessionId']}", json={"result": "SUCCESS"})
        assert wait_until(lambda: http.get(f"{api}/bookings/{booking}").json()["status"] == "CONFIRMED", patient(20))

    def webhook(spans: Sequence[Span]) -> bool:
        return {("bank", "webhook"), ("payment", "boxoffice.payment.v1.PaymentService/ReceiveWebhook")} <= {
            (span.service, span.name) for span in spans
        }

    assert collector.any(webhook)
