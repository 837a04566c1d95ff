"""What becomes of a request on its way in: bodies, headers, deadlines."""

import json
import re
from typing import Any

import grpc
import httpx
import pytest
from boxoffice.booking.v1 import booking_pb2
from boxoffice.inventory.v1 import catalog_pb2
from google.api import httpbody_pb2
from google.protobuf import json_format
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from tests.gateway.fakes import PUBLIC, Gateway, Services, call
from tests.gateway.requests import GET_SHOW, reason
from tests.patience import eventually

SEAT_MAP = "/boxoffice.inventory.v1.InventoryService/RenderSeatMap"
RETURN = "/boxoffice.payment.v1.PaymentService/ReturnFromRazorpay"
PAYMENT = "0198c2a0-0000-7000-8000-000000000008"
CHECKOUT = "/boxoffice.bank.v1.BankService/GetCheckoutPage"


def filled(message: Message) -> Message:
    """Fill every field of a message, and of what is in it."""
    for field in message.DESCRIPTOR.fields:
        value: Any
        if field.message_type is not None:
            inner = getattr(message, field.name)
            inner = inner.add() if field.is_repeated else inner
            if isinstance(inner, Timestamp):
                inner.FromJsonString("2026-11-21T18:00:00.25Z")
            else:
                filled(inner)
            continue
        value = {field.CPPTYPE_STRING: "text", field.CPPTYPE_INT32: 7, field.CPPTYPE_ENUM: 1}.get(field.cpp_type, True)
        if field.type == field.TYPE_BYTES:
            value = b"text"
        if field.is_repeated:
            getattr(message, field.name).append(value)
        else:
            setattr(message, field.name, value)
    return message


def snake(name: str) -> str:
    return re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", name)


async def test_json_comes_and_goes_in_camel_case(rest: httpx.AsyncClient, services: Services) -> None:
    async def booking(request: Any, _: object) -> Message:
        return booking_pb2.Booking(user_id=request.user_id, status=booking_pb2.Booking.PENDING, total_amount=45000)

    services["booking"].answers["/boxoffice.booking.v1.BookingService/CreateBooking"] = booking
    answer = await rest.post(
        "/api/v1/bookings", json={"userId": "u", "showId": "s", "showSeatIds": ["a", "b"], "idempotencyKey": "k"}
    )
    (arrived,) = services.calls
    assert arrived.request == booking_pb2.CreateBookingRequest(
        user_id="u", show_id="s", show_seat_ids=["a", "b"], idempotency_key="k"
    )
    body = answer.json()
    assert (body["userId"], body["status"], body["totalAmount"]) == ("u", "PENDING", 45000)
    # Fields that are empty are there, things that are absent are not.
    assert (body["id"], body["seats"]) == ("", [])
    assert "payment" not in body


async def test_query_parameters_become_fields(rest: httpx.AsyncClient, services: Services) -> None:
    await rest.get("/api/v1/shows?movieId=m&from=2026-11-21T18:00:00Z&pageSize=7&pageToken=a%2Bb")
    (arrived,) = services.calls
    assert arrived.request.movie_id == "m"
    assert getattr(arrived.request, "from").ToJsonString() == "2026-11-21T18:00:00Z"
    assert (arrived.request.page_size, arrived.request.page_token) == (7, "a+b")


async def test_a_path_value_of_any_kind_is_for_the_service_to_judge(
    rest: httpx.AsyncClient, services: Services
) -> None:
    assert (await rest.get("/api/v1/shows/not%20a%2Fuuid%00")).status_code == 400
    assert (await rest.get("/api/v1/shows/not%20a%2Fuuid")).status_code == 200
    (arrived,) = services.calls
    assert arrived.request.show_id == "not a/uuid"


async def test_a_webhook_arrives_byte_for_byte_with_its_signature(rest: httpx.AsyncClient, services: Services) -> None:
    body = bytes(range(256)) + b' {"a":  1.0, "\xc3\xa9": null}\r\n\0'
    signed = {"webhook-id": "msg_1", "webhook-timestamp": "1700000000", "webhook-signature": "v1,K5oZ/+= v1,xyz="}
    answer = await rest.post(
        "/api/v1/payments/webhook", content=body, headers={**signed, "content-type": "application/json"}
    )
    assert answer.status_code == 200
    (arrived,) = services.calls
    assert arrived.request == httpbody_pb2.HttpBody(content_type="application/json", data=body)
    assert {name: arrived.metadata[name] for name in signed} == signed


async def test_the_checkout_page_is_html(rest: httpx.AsyncClient, services: Services) -> None:
    page = "<!doctype html><p>₹ 450".encode() + b"\xff"

    async def checkout(request: object, _: object) -> Message:
        return httpbody_pb2.HttpBody(content_type="text/html; charset=utf-8", data=page)

    services["bank"].answers[CHECKOUT] = checkout
    answer = await rest.get("/api/v1/payments/fake-checkout/sess_x")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.content == page


async def test_a_webhook_of_razorpay_arrives_byte_for_byte_with_its_signature(
    rest: httpx.AsyncClient, services: Services
) -> None:
    body = b'{ "event" : "payment_link.paid", "payload": {} }\n'
    headers = {"x-razorpay-signature": "ab" * 32, "x-razorpay-event-id": "ev_1", "content-type": "application/json"}
    await rest.post("/api/v1/payments/webhooks/razorpay", content=body, headers=headers)
    [arrived] = services["payment"].calls
    assert arrived.request == httpbody_pb2.HttpBody(content_type="application/json", data=body)
    assert arrived.metadata["x-razorpay-signature"] == "ab" * 32


async def test_a_customer_who_returns_is_sent_on_by_303(rest: httpx.AsyncClient, services: Services) -> None:
    async def send_on(request: object, context: grpc.aio.ServicerContext[Any, Any]) -> Message:
        await context.send_initial_metadata((("location", "https://shop.example/api/v1/payments/result/x"),))
        return httpbody_pb2.HttpBody(content_type="text/html; charset=utf-8", data=b"\n")

    services["payment"].answers[RETURN] = send_on
    query = {"razorpay_payment_id": "pay_1", "razorpay_payment_link_status": "paid", "razorpay_signature": "ab"}
    answer = await rest.get(f"/api/v1/payments/return/{PAYMENT}", params=query)
    assert (answer.status_code, answer.headers["location"]) == (303, "https://shop.example/api/v1/payments/result/x")
    [arrived] = services["payment"].calls
    assert arrived.request.razorpay_payment_id == "pay_1"
    assert arrived.request.payment_id == PAYMENT


async def test_the_seat_map_of_a_stadium_fits(rest: httpx.AsyncClient, services: Services) -> None:
    seats = [
        {"id": f"019aa4c8-5d5c-7b1e-9f6e-{number:012}", "section": "East", "row": f"R{number // 100}", "number": number}
        for number in range(50_000)
    ]

    async def seat_map(request: object, _: object) -> Message:
        return httpbody_pb2.HttpBody(content_type="application/json", data=json.dumps({"seats": seats}).encode())

    services["inventory"].answers[SEAT_MAP] = seat_map
    answer = await rest.get("/api/v1/seats/shows/x")
    assert answer.status_code == 200
    assert len(answer.json()["seats"]) == 50_000


async def test_headers_pass_but_for_forged_ones(rest: httpx.AsyncClient, services: Services) -> None:
    kept = {"idempotency-key": "order-1", "authorization": "Bearer x"}
    forged = {
        "x-user-id": "root",
        "X-User-Roles": "admin",
        "x-boxoffice-service": "booking",
        "x-envoy-max-retries": "9",
        "x-envoy-decorator": "a",
        "x-forwarded-client-cert": "Subject=CN=booking",
    }
    await rest.get("/api/v1/shows/x", headers={**kept, **forged})
    (arrived,) = services.calls
    assert {name: arrived.metadata[name] for name in kept} == kept
    assert not {name.lower() for name in forged} & set(arrived.metadata)


async def test_forged_headers_are_stripped_from_grpc_too(channel: grpc.aio.Channel, services: Services) -> None:
    method = channel.unary_unary(GET_SHOW, request_serializer=catalog_pb2.GetShowRequest.SerializeToString)
    await method(catalog_pb2.GetShowRequest(), metadata=(("x-user-id", "root"), ("x-trace", "kept")))
    (arrived,) = services.calls
    assert "x-user-id" not in arrived.metadata
    assert arrived.metadata["x-trace"] == "kept"


async def test_a_header_with_an_underscore_is_refused(rest: httpx.AsyncClient, services: Services) -> None:
    answer = await rest.get("/api/v1/shows/x", headers={"x_user_id": "root"})
    assert (answer.status_code, reason(answer)) == (400, "INVALID_FIELD")
    assert services.calls == []


@pytest.mark.parametrize("given", ["a", "Order_7.try-2", "x" * 100])
async def test_a_callers_request_id_is_kept(given: str, rest: httpx.AsyncClient, services: Services) -> None:
    answer = await rest.get("/api/v1/shows/x", headers={"x-request-id": given})
    assert answer.headers["x-request-id"] == given
    assert services.calls[0].metadata["x-request-id"] == given


@pytest.mark.parametrize("given", [None, b"", b"two words", b'"quoted"', b"x" * 101, b"\xff\xfe"])
async def test_a_request_id_is_made_where_there_is_no_sane_one(
    given: bytes | None, rest: httpx.AsyncClient, services: Services
) -> None:
    headers = [] if given is None else [(b"x-request-id", given)]
    answer = await rest.get("/api/v1/shows/x", headers=headers)
    made = answer.headers["x-request-id"]
    assert len(made) == 36
    assert services.calls[0].metadata["x-request-id"] == made


async def test_refusals_carry_the_request_id_too(rest: httpx.AsyncClient) -> None:
    answer = await rest.get("/nope", headers={"x-request-id": "mine"})
    assert answer.headers["x-request-id"] == "mine"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x'y", "1"),
        ("a|b^c", "1"),
        ("x-a-bin", "%"),
        ("grpc-trace-bin", "%"),
        ("lb-cost-bin", ""),
        ("grpc-encoding", "brotli"),
        ("grpc-previous-rpc-attempts", "x"),
        ("grpc-retry-pushback-ms", "x"),
        ("grpc-internal-encoding-request", "x"),
    ],
)
async def test_a_header_that_http_allows_and_grpc_does_not_does_no_harm(
    name: str, value: str, rest: httpx.AsyncClient, services: Services
) -> None:
    answer = await rest.get("/api/v1/shows/x", headers={name: value, "x-other": "kept"})
    assert answer.status_code == 200, answer.text
    (arrived,) = services.calls
    assert name not in arrived.metadata
    assert arrived.metadata["x-other"] == "kept"


async def test_a_grpc_client_may_compress(gateway: Gateway, services: Services) -> None:
    async with grpc.aio.insecure_channel(gateway.address, compression=grpc.Compression.Gzip) as channel:
        request = catalog_pb2.GetShowRequest(show_id="x" * 10_000)
        await call(channel, GET_SHOW, request)
    assert [arrived.request for arrived in services.calls] == [request]


async def test_every_call_has_a_deadline(
    rest: httpx.AsyncClient, channel: grpc.aio.Channel, services: Services
) -> None:
    await rest.get("/api/v1/shows/x")
    await rest.get("/api/v1/shows/x", headers={"grpc-timeout": "1500m"})
    await rest.get("/api/v1/shows/x", headers={"grpc-timeout": "soon"})
    method = channel.unary_unary(GET_SHOW, request_serializer=catalog_pb2.GetShowRequest.SerializeToString)
    await method(catalog_pb2.GetShowRequest())
    usual, shorter, *others = [arrived.seconds_left for arrived in services.calls]
    assert 0 < shorter < 1.9 < min(usual, *others) <= max(usual, *others) < 5.4


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("movies", ' {\n"durationMinutes" : "90" , "title":"A \\" {b} [\\\\", "language":null}\r\n'),
        ("movies", '{"duration_minutes":9e1,"title":"\\u0041 \\" {b} [\\\\"}'),
        ("shows", '{"startTime":"2030-01-01T00:00:00.5+05:30","prices":[{"tier":3,"price":1},{"tier":"VIP"}]}'),
        ("bookings", '{"showSeatIds":[],"userId":""}'),
        ("bookings", '{"showSeatIds":null}'),
        ("bookings", "{}"),
        ("venues/x%2Fy/screens", '{"venueId":"x/y","sections":[{"rows":[]},{}]}'),
    ],
)
async def test_json_in_any_way_that_it_may_be_written_is_taken(
    path: str, body: str, rest: httpx.AsyncClient, services: Services
) -> None:
    answer = await rest.post(f"/api/v1/{path}", content=body)
    assert answer.status_code == 200, answer.text
    request = services.calls[0].request
    if path == "movies":
        assert (request.duration_minutes, request.title) == (90, 'A " {b} [\\')


async def test_every_sample_of_the_contracts_fields_passes_the_check(
    rest: httpx.AsyncClient, services: Services
) -> None:
    # What protobuf itself writes as JSON, in either spelling, with every field of every request filled.
    for method in PUBLIC:
        if method.takes_bytes:
            continue
        for verb, path in method.bindings:
            message = filled(method.request())
            variables = re.findall(r"{(\w+)}", path)
            url = re.sub(r"{(\w+)}", "text", path)
            for spelled in (False, True):
                body = json_format.MessageToDict(message, preserving_proto_field_name=spelled)
                if verb in ("POST", "PUT", "PATCH"):
                    answer = await rest.request(verb, url, json=body)
                else:
                    names = {name: value for name, value in body.items() if snake(name) not in variables}
                    answer = await rest.request(verb, url, params=names)
                assert answer.status_code == 200, f"{verb} {path} {body}: {answer.text}"
    assert len(services.calls) > 50


async def test_what_is_logged(gateway: Gateway, rest: httpx.AsyncClient, channel: grpc.aio.Channel) -> None:
    await rest.get("/api/v1/shows/x?nope=1", headers={"x-request-id": "log-bad"})
    await rest.get("/api/v1/shows/x", headers={"x-request-id": "log-rest"})
    await rest.get("/healthz", headers={"x-request-id": "log-quiet"})
    await call(channel, GET_SHOW, catalog_pb2.GetShowRequest())

    def lines() -> dict[str, Any] | None:
        by_id = {line["request_id"]: line for line in gateway.access_log}
        return by_id if {"log-bad", "log-rest"} <= set(by_id) else None

    logged = await eventually(lines)
    line = logged["log-rest"]
    assert (line["method"], line["path"], line["rpc"]) == ("GET", "/api/v1/shows/x", GET_SHOW)
    assert (line["status"], line["grpc_status"], line["flags"]) == (200, "OK", "-")
    assert line["duration_ms"] >= 0
    assert logged["log-bad"]["status"] == 400
    assert "log-quiet" not in logged
