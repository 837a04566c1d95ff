"""The story of a booking, from the hold to the refund: as it is printed for people, and over native gRPC."""

import os
import re
import shlex
import subprocess
import time
from collections import Counter
from typing import Any

import grpc
from boxoffice.bank.v1 import bank_pb2, bank_pb2_grpc
from boxoffice.booking.v1 import booking_pb2, booking_pb2_grpc
from boxoffice.inventory.v1 import catalog_pb2, catalog_pb2_grpc, inventory_pb2, inventory_pb2_grpc, seat_pb2
from boxoffice.payment.v1 import payment_pb2, payment_pb2_grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from stack import tokens
from stack.launcher import Stack
from stack.walk import walk
from tests.gateway.fakes import call_web
from tests.patience import eventually, patient
from tests.system.client import Client, Json, Show, new_user, ok, refusal
from tests.system.conftest import walk_timings
from tests.system.databases import money

SEAT_MAP = "/boxoffice.inventory.v1.InventoryService/GetSeatMap"
HELD_BY_ME = seat_pb2.ShowSeat.HELD_BY_ME


def test_the_printed_walk_works_as_it_is_printed(stack: Stack) -> None:
    auth = stack.settings.auth == "on"
    steps = walk(stack.public_url, stack.demo.shows[0].id, takes_token=auth)
    token = tokens.opened(stack.settings).token_for(tokens.ADMIN, "ADMIN")
    script = "\n".join(f"echo {shlex.quote('### ' + step.title)}\n{step.command}\necho" for step in steps)
    began = time.monotonic()
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", script],
        env=os.environ | {"TOKEN": token},
        capture_output=True,
        text=True,
        timeout=patient(60),
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    print(f"the printed walk took {time.monotonic() - began:.1f} s, with the start of its programs")
    sections = dict(re.findall(r"^### (.+)\n((?:(?!###).*\n)*)", done.stdout, re.MULTILINE))
    assert set(sections) == {step.title for step in steps}

    assert sections["Alice holds them"].count('"status": "HELD_BY_ME"') == 2
    assert '"expiresIn": 300' in sections["Alice holds them"] or '"expiresIn": 299' in sections["Alice holds them"]
    assert "SEATS_UNAVAILABLE" in sections["Bob is refused: 409"]
    assert "HTTP 409" in sections["Bob is refused: 409"]
    assert re.fullmatch(r"[0-9a-f-]{36}", sections["Alice books them"].strip())
    assert sections["She begins to pay"].startswith("sess_")
    assert '"status": "CAPTURED"' in sections["The bank takes the money"]
    assert sections["Her booking is confirmed"].strip().endswith("CONFIRMED")
    assert '"status": "CONFIRMED"' in sections["Her ticket"]
    assert '"refundPercentage": 100' in sections["She gives it back"]
    assert sections["Her money is back"].strip().endswith("REFUNDED")
    assert sections["The seats are on sale again"] == sections["The show's seats, counted"]


async def test_the_walk_over_rest_and_how_long_its_requests_take(stack: Stack, client: Client, show: Show) -> None:
    client.timings.clear()
    alice, bob, seats = new_user(), new_user(), show.seats[:2]
    before = (await client.seat_map(show.id, alice))["summary"]

    held = ok(await client.hold(show, alice, seats))
    assert [seat["id"] for seat in held["seats"]] == seats
    assert held["totalAmount"] == show.price(seats)
    refused = refusal(await client.hold(show, bob, seats))
    assert (refused.status, refused.reason) == (409, "SEATS_UNAVAILABLE")

    booking = await client.booked(show, alice, seats)
    assert (booking["status"], booking["totalAmount"], booking["currency"]) == ("PENDING", show.price(seats), "INR")
    initiated = ok(await client.initiate(booking))
    assert (initiated["amount"], initiated["currency"]) == (show.price(seats), "INR")
    assert (await client.pay(initiated["sessionId"]))["status"] == "CAPTURED"
    paid = time.monotonic()
    confirmed = await client.until(booking["id"], "CONFIRMED")
    settled_ms = (time.monotonic() - paid) * 1000
    seen = confirmed["payment"]
    assert (seen["status"], seen["gatewayOrderId"]) == ("SUCCESS", initiated["gatewayOrderId"])
    assert seen["gatewayPaymentId"].startswith("pay_")
    assert "method" not in seen and "method" not in initiated  # nothing was chosen
    assert [seen] == await client.payments(booking["id"])
    assert [seat["id"] for seat in confirmed["seats"]] == seats
    assert (confirmed["show"]["id"], confirmed["show"]["movieId"]) == (show.id, show.movie_id)
    assert money(stack.server, booking["id"]) == show.price(seats)
    assert await client.statuses(show.id, seats) == ["BOOKED", "BOOKED"]

    refund = ok(await client.refund(booking))
    assert (refund["refundAmount"], refund["refundPercentage"]) == (show.price(seats), 100)
    await client.until(booking["id"], "REFUNDED")
    await client.until_payment(booking["id"], "REFUNDED")
    assert money(stack.server, booking["id"]) == 0
    assert (await client.seat_map(show.id, alice))["summary"] == before

    walk_timings.extend(client.timings)
    walk_timings.append((settled_ms, "(paid until seen CONFIRMED)"))


async def test_nobody_pays_another_amount_than_was_shown(client: Client, show: Show) -> None:
    body = {"userId": new_user(), "showId": show.id, "showSeatIds": show.seats[:2]}
    quoted = ok(await client.ask("POST", "bookings/quote", body))
    assert [seat["id"] for seat in quoted["seats"]] == show.seats[:2]
    assert (quoted["finalAmount"], quoted["totalAmount"]) == (
        show.price(show.seats[:2]),
        sum(map(price, quoted["seats"])),
    )
    for path, amount in (("bookings/hold-seats", "total_amount"), ("bookings", "final_amount")):
        refused = refusal(await client.ask("POST", path, body | {"expectedTotal": 1}))
        assert (refused.status, refused.reason) == (409, "PRICE_CHANGED")
        assert refused.metadata == {"expected_total": "1", amount: str(quoted["finalAmount"])}
        assert set(await client.statuses(show.id, show.seats[:2])) == {"AVAILABLE"}
    expected = {"expectedTotal": quoted["finalAmount"]}
    assert ok(await client.ask("POST", "bookings/hold-seats", body | expected))["totalAmount"] == quoted["totalAmount"]
    assert ok(await client.ask("POST", "bookings", body | expected))["finalAmount"] == quoted["finalAmount"]


def price(seat: Json) -> int:
    return int(seat["price"])


async def test_the_walk_over_grpc(channel: grpc.aio.Channel, show: Show) -> None:
    catalogue = catalog_pb2_grpc.CatalogServiceStub(channel)
    inventory = inventory_pb2_grpc.InventoryServiceStub(channel)
    bookings = booking_pb2_grpc.BookingServiceStub(channel)
    payments = payment_pb2_grpc.PaymentServiceStub(channel)
    bank = bank_pb2_grpc.BankServiceStub(channel)
    alice, bob, seats = new_user(), new_user(), show.seats[:2]

    shows = await catalogue.ListShows(catalog_pb2.ListShowsRequest(movie_id=show.movie_id))
    assert [listed.id for listed in shows.shows] == [show.id]
    seat_map = inventory_pb2.GetSeatMapRequest(show_id=show.id, user_id=alice)
    before = (await inventory.GetSeatMap(seat_map)).summary

    held = await inventory.HoldSeats(
        inventory_pb2.HoldSeatsRequest(show_id=show.id, user_id=alice, show_seat_ids=seats)
    )
    assert [(seat.id, seat.status) for seat in held.seats] == [(seat, HELD_BY_ME) for seat in seats]
    code, info = await refused(
        inventory.HoldSeats(inventory_pb2.HoldSeatsRequest(show_id=show.id, user_id=bob, show_seat_ids=seats))
    )
    assert (code, info.reason) == (grpc.StatusCode.ABORTED, "SEATS_UNAVAILABLE")
    assert set(info.metadata["seat_ids"].split(",")) == set(seats)

    booking = await bookings.CreateBooking(
        booking_pb2.CreateBookingRequest(show_id=show.id, user_id=alice, show_seat_ids=seats)
    )
    assert (booking.status, booking.total_amount) == (booking_pb2.Booking.PENDING, show.price(seats))
    initiated = await payments.InitiatePayment(payment_pb2.InitiatePaymentRequest(booking_id=booking.id, user_id=alice))
    session = await bank.SimulatePayment(
        bank_pb2.SimulatePaymentRequest(session_id=initiated.session_id, result=bank_pb2.SimulatePaymentRequest.SUCCESS)
    )
    assert session.status == bank_pb2.Session.CAPTURED

    async def until(status: "booking_pb2.Booking.Status.ValueType") -> None:
        async def look() -> bool:
            found = await bookings.GetBooking(booking_pb2.GetBookingRequest(booking_id=booking.id))
            return found.status == status

        await eventually(look)

    await until(booking_pb2.Booking.CONFIRMED)
    refund = await bookings.RefundBooking(booking_pb2.RefundBookingRequest(booking_id=booking.id, user_id=alice))
    assert (refund.refund_amount, refund.refund_percentage) == (show.price(seats), 100)
    await until(booking_pb2.Booking.REFUNDED)
    assert (await inventory.GetSeatMap(seat_map)).summary == before


async def refused(call: Any) -> tuple[grpc.StatusCode, error_details_pb2.ErrorInfo]:
    """Await a call that must be refused; tell its code and reason."""
    try:
        await call
    except grpc.aio.AioRpcError as error:
        status, info = rpc_status.from_call(error), error_details_pb2.ErrorInfo()
        assert status is not None, error
        assert status.details[0].Unpack(info)
        return error.code(), info
    raise AssertionError("the call succeeded")


async def test_a_seat_map_over_grpc_web(client: Client, show: Show) -> None:
    request = inventory_pb2.GetSeatMapRequest(show_id=show.id)
    message, trailers = await call_web(client.http, SEAT_MAP, request)
    assert trailers["grpc-status"] == "0"
    assert [seat.id for seat in inventory_pb2.SeatMap.FromString(message).seats] == show.seats


async def test_a_seat_map_adds_up_and_tells_a_claim_to_its_user_only(client: Client, show: Show) -> None:
    alice, bob = new_user(), new_user()
    ok(await client.hold(show, alice, show.seats[:3]))
    await client.booked(show, bob, show.seats[3:5])

    for user, held, held_by_me, reserved_by_me in ((alice, 0, 3, 0), (bob, 3, 0, 2), (None, 3, 0, 0)):
        seats = await client.seat_map(show.id, user)
        listed = [seat["id"] for seat in seats["seats"]]
        assert listed == show.seats
        assert len(set(listed)) == 30
        summary = dict(seats["summary"])
        assert summary == {
            "total": 30,
            "available": 25,
            "booked": 2 - reserved_by_me,
            "held": held,
            "heldByMe": held_by_me,
            "blocked": 0,
            "reservedByMe": reserved_by_me,
        }
        assert summary.pop("total") == sum(summary.values())
        counted = Counter(seat["status"] for seat in seats["seats"])
        mine = Counter(HELD_BY_ME=held_by_me, RESERVED_BY_ME=reserved_by_me)
        assert counted == mine + Counter(AVAILABLE=25, BOOKED=2 - reserved_by_me, HELD=held)
        # Whoever holds a seat, everybody may know until when.
        assert all("expiresAt" in seat for seat in seats["seats"] if seat["status"] != "AVAILABLE")

    free = ok(await client.ask("GET", f"seats/shows/{show.id}/available"))
    assert [seat["id"] for seat in free["seats"]] == show.seats[5:]


async def test_over_rest_a_user_is_sent_to_the_own_booking_that_has_the_seats(client: Client, show: Show) -> None:
    alice, bob = new_user(), new_user()
    booking = await client.booked(show, alice, show.seats[:3])
    assert booking["seatLabels"] == ["Stalls R1", "Stalls R2", "Stalls R3"]
    for ask in (client.hold, client.book):
        refused = refusal(await ask(show, alice, show.seats[:2]))
        assert (refused.status, refused.reason, refused.metadata["booking_id"]) == (
            409,
            "SEATS_UNAVAILABLE",
            booking["id"],
        )
        assert "booking_id" not in refusal(await ask(show, bob, show.seats[:2])).metadata
    asked = {"showId": show.id, "status": "PENDING"}
    listed = ok(await client.ask("GET", f"bookings/user/{alice}", params=asked))["bookings"]
    assert [one["id"] for one in listed] == [booking["id"]]
    assert ok(await client.ask("GET", f"bookings/user/{alice}", params=asked | {"status": "EXPIRED"}))["bookings"] == []
    for name, value in (("showId", "x"), ("status", "PAID")):
        refused = refusal(await client.ask("GET", f"bookings/user/{alice}", params={name: value}))
        assert (refused.status, refused.fields) == (400, (name,))
