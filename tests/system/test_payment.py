"""Money: what is paid, declined, returned, and late."""

from datetime import timedelta

import pytest

from services.booking.bookings.messages import changed_bytes
from services.booking.clients import InventoryClient, PaymentClient
from services.booking.saga import Saga
from services.chassis.wire.calls import channel
from services.chassis.writes.outbox import Outbox
from stack.credentials import load
from stack.launcher import Stack
from stack.postgres import url
from tests.databases import opened
from tests.system.client import PRICES, Client, Show, new_user, ok, refusal
from tests.system.databases import at_rest, later, money, unchanged
from tests.system.inside import within


async def test_what_is_paid_with_is_chosen_kept_and_shown(stack: Stack, client: Client, show: Show) -> None:
    booking = await client.booked(show, new_user(), show.seats[:1])
    chosen = {"bookingId": booking["id"], "userId": booking["userId"], "method": "UPI"}
    initiated = ok(await client.ask("POST", "payments/initiate", chosen))
    assert initiated["method"] == "UPI"
    session = await client.pay(initiated["sessionId"])
    assert session["method"] == "UPI"
    paid = (await client.until(booking["id"], "CONFIRMED"))["payment"]
    assert paid["method"] == "UPI"
    for name in ("gatewayOrderId", "gatewayPaymentId"):
        assert paid[name] == session[name] != ""
    assert await client.payments(booking["id"]) == [paid]
    refused = refusal(await client.ask("POST", "payments/initiate", chosen | {"method": "CASH"}))
    assert (refused.status, refused.reason, refused.fields) == (400, "INVALID_FIELD", ("method",))


async def test_after_a_decline_one_may_pay_again(stack: Stack, client: Client, show: Show) -> None:
    booking = await client.booked(show, new_user(), show.seats[:2])
    first = await client.session(booking)
    assert await client.session(booking) == first
    assert (await client.pay(first, "DECLINE"))["status"] == "DECLINED"
    await client.until_payment(booking["id"], "FAILED")
    await at_rest(stack.server)
    assert (await client.booking(booking["id"]))["status"] == "PENDING"
    assert money(stack.server, booking["id"]) == 0
    # What is over stays over.
    assert (await client.pay(first))["status"] == "DECLINED"

    second = await client.session(booking)
    assert second != first
    await client.pay(second)
    await client.until(booking["id"], "CONFIRMED")
    assert [payment["status"] for payment in await client.payments(booking["id"])] == ["SUCCESS", "FAILED"]
    assert money(stack.server, booking["id"]) == booking["totalAmount"]


@pytest.mark.parametrize(
    ("currency", "written"), [("IDR", "IDR\u00a021,474,836.46"), ("UGX", "UGX\u00a02,147,483,646")]
)
async def test_the_dearest_booking_is_paid_and_given_back(
    stack: Stack, client: Client, currency: str, written: str
) -> None:
    highest = (2**31 - 1) // 6
    show = await client.make_show(currency=currency, prices=dict.fromkeys(PRICES, highest))
    booking = await client.booked(show, new_user(), show.seats[:6])
    assert (booking["totalAmount"], booking["currency"]) == (6 * highest, currency)
    session = await client.session(booking)
    assert written in (await client.ask("GET", f"payments/fake-checkout/{session}")).text
    await client.pay(session)
    await client.until(booking["id"], "CONFIRMED")
    assert ok(await client.refund(booking))["refundAmount"] == 6 * highest
    await client.until(booking["id"], "REFUNDED")
    await at_rest(stack.server)
    assert money(stack.server, booking["id"]) == 0


async def test_a_decline_near_the_end_gives_more_time(stack: Stack, client: Client, show: Show) -> None:
    booking = await client.booked(show, new_user(), show.seats[:1])
    session = await client.session(booking)
    async with later(stack.server, "12 minutes", "inventory", "booking", "payment", "bank"):
        assert (await client.pay(session, "DECLINE"))["status"] == "DECLINED"
        await client.until_payment(booking["id"], "FAILED")
        await at_rest(stack.server)
        extended = await client.booking(booking["id"])
        assert extended["status"] == "PENDING"
        assert extended["expiresAt"] > booking["expiresAt"]
        seats = (await client.seat_map(show.id))["seats"]
        assert seats[0]["expiresAt"] == extended["expiresAt"]
        await client.pay(await client.session(booking))
        await client.until(booking["id"], "CONFIRMED")


async def test_a_cancelled_booking_cannot_be_paid(stack: Stack, client: Client, show: Show) -> None:
    booking = await client.booked(show, new_user(), show.seats[:2])
    session = await client.session(booking)
    assert ok(await client.cancel(booking))["status"] == "CANCELLED"
    assert refusal(await client.initiate(booking)).reason == "BOOKING_NOT_PENDING"
    await at_rest(stack.server)
    assert await client.statuses(show.id, show.seats[:2]) == ["AVAILABLE", "AVAILABLE"]
    assert (await client.pay(session))["status"] == "CLOSED"
    refused = refusal(await client.cancel(booking))
    assert (refused.status, refused.reason, refused.metadata) == (400, "BOOKING_NOT_PENDING", {"status": "CANCELLED"})
    assert money(stack.server, booking["id"]) == 0


async def test_money_that_crosses_a_cancellation_is_returned(stack: Stack, client: Client, show: Show) -> None:
    booking = await client.booked(show, new_user(), show.seats[:2])
    session = await client.session(booking)
    # The bank takes the money, but payment is away: booking hears of it only after the user has cancelled.
    stack.stop_one("payment")
    try:
        assert (await client.pay(session))["status"] == "CAPTURED"
        assert money(stack.server, booking["id"]) == booking["totalAmount"]
        assert ok(await client.cancel(booking))["status"] == "CANCELLED"
    finally:
        stack.start_one("payment")
    await client.healthy()
    client.patient = True
    payment = await client.until_payment(booking["id"], "REFUNDED")
    assert payment["refundedAmount"] == booking["totalAmount"]
    assert money(stack.server, booking["id"]) == 0
    assert (await client.booking(booking["id"]))["status"] == "CANCELLED"


@pytest.mark.parametrize("tidied", [False, True], ids=["lapsed", "expired by the job"])
async def test_a_late_payment_gets_its_seats_if_they_are_free(
    stack: Stack, client: Client, show: Show, tidied: bool
) -> None:
    booking = await client.booked(show, new_user(), show.seats[:2])
    session = await client.session(booking)
    async with later(stack.server, "16 minutes", "inventory", "booking"):
        assert (await client.booking(booking["id"]))["status"] == "EXPIRED"
        if tidied:
            await expire_due(stack)
            await at_rest(stack.server)
        await client.pay(session)
        await client.until(booking["id"], "CONFIRMED")
        assert await client.statuses(show.id, show.seats[:2]) == ["BOOKED", "BOOKED"]
    assert money(stack.server, booking["id"]) == booking["totalAmount"]


@pytest.mark.parametrize("tidied", [False, True], ids=["lapsed", "expired by the job"])
async def test_a_late_payment_is_returned_if_a_seat_is_gone(
    stack: Stack, client: Client, show: Show, tidied: bool
) -> None:
    alice, bob = new_user(), new_user()
    booking = await client.booked(show, alice, show.seats[:2])
    session = await client.session(booking)
    async with later(stack.server, "16 minutes", "inventory", "booking"):
        if tidied:
            await expire_due(stack)
        others = await client.confirmed(show, bob, show.seats[1:2])
        await client.pay(session)
        payment = await client.until_payment(booking["id"], "REFUNDED")
        assert payment["refundedAmount"] == booking["totalAmount"]
        assert (await client.booking(booking["id"]))["status"] == "EXPIRED"
        assert await client.statuses(show.id, show.seats[:2]) == ["AVAILABLE", "BOOKED"]
    assert money(stack.server, booking["id"]) == 0
    assert money(stack.server, others["id"]) == others["totalAmount"]


@pytest.mark.parametrize(
    "instead",
    ["the show has begun", "sales have ended", "sales ended before it lapsed", "the user has six other seats"],
)
async def test_a_late_payment_is_returned_and_told_if_its_seats_may_not_be_had_any_more(
    stack: Stack, client: Client, instead: str
) -> None:
    ends = {"sales have ended": 17, "sales ended before it lapsed": 10}.get(instead, 40)
    show = await client.make_show(starts_in=timedelta(minutes=40), sales_end_in=timedelta(minutes=ends))
    user = new_user()
    booking = await client.booked(show, user, show.seats[:2])
    session = await client.session(booking)
    over = instead != "the user has six other seats"
    async with later(stack.server, f"{ends + 1} minutes" if over else "16 minutes", "inventory", "booking"):
        if not over:
            ok(await client.hold(show, user, show.seats[10:16]))
        await client.pay(session)
        payment = await client.until_payment(booking["id"], "REFUNDED")
        assert payment["refundedAmount"] == booking["totalAmount"]
        seen = await client.booking(booking["id"])
        assert (seen["status"], seen["payment"]["status"]) == ("EXPIRED", "REFUNDED")
        assert await client.statuses(show.id, show.seats[:2]) == ["AVAILABLE", "AVAILABLE"]
    assert money(stack.server, booking["id"]) == 0


async def expire_due(stack: Stack) -> None:
    """Run the job that expires bookings once, here and now, as any replica might."""
    secrets = load(stack.settings.data_dir / "credentials.json")
    database = url(stack.settings.postgres_port, "booking", "booking", secrets["booking"])
    with within(stack, "booking"):
        async with (
            opened(database) as db,
            channel(stack.address("inventory"), "inventory") as to_inventory,
            channel(stack.address("payment"), "payment") as to_payment,
        ):
            saga = Saga(
                db,
                Outbox(db),
                InventoryClient(to_inventory),
                PaymentClient(to_payment),
                render=changed_bytes,
                expiry=timedelta(minutes=15),
                extension=timedelta(minutes=5),
            )
            assert await saga.expiry.expire_due() > 0


@pytest.mark.parametrize(("hours", "percentage"), [(25, 100), (23, 50), (3, 50)])
async def test_how_much_comes_back_depends_on_the_time_left(
    stack: Stack, client: Client, hours: int, percentage: int
) -> None:
    show = await client.make_show(starts_in=timedelta(hours=hours))
    seats = show.seats[:1]  # of an odd price
    booking = await client.confirmed(show, new_user(), seats)
    refund = ok(await client.refund(booking))
    returned = show.price(seats) * percentage // 100
    assert (refund["refundAmount"], refund["refundPercentage"], refund["currency"]) == (returned, percentage, "INR")
    refunded = await client.until(booking["id"], "REFUNDED")
    assert refunded["refund"] == {"amount": returned, "percentage": percentage, "completed": True}
    await client.until_payment(booking["id"], "REFUNDED" if percentage == 100 else "PARTIALLY_REFUNDED")
    assert money(stack.server, booking["id"]) == show.price(seats) - returned
    assert refusal(await client.refund(booking)).reason == "BOOKING_NOT_CONFIRMED"


async def test_nothing_comes_back_right_before_the_show(stack: Stack, client: Client) -> None:
    show = await client.make_show(starts_in=timedelta(minutes=110))
    booking = await client.confirmed(show, new_user(), show.seats[:2])
    async with unchanged(stack.server):
        refused = refusal(await client.refund(booking))
        assert (refused.status, refused.reason) == (400, "REFUND_NOT_ALLOWED")


async def test_another_user_sees_and_changes_nothing(stack: Stack, client: Client, show: Show) -> None:
    booking = await client.confirmed(show, new_user(), show.seats[:1])
    pending = await client.booked(show, new_user(), show.seats[1:2])
    await client.session(pending)
    async with unchanged(stack.server):
        stranger = new_user()
        for answer in (
            await client.ask("GET", f"bookings/{booking['id']}", params={"userId": stranger}),
            await client.cancel(pending | {"userId": stranger}),
            await client.refund(booking | {"userId": stranger}),
            await client.initiate(pending | {"userId": stranger}),
        ):
            assert (refusal(answer).status, refusal(answer).reason) == (404, "BOOKING_NOT_FOUND")
        hidden = await client.ask("GET", f"payments/status/{booking['id']}", params={"userId": stranger})
        assert (refusal(hidden).status, refusal(hidden).reason) == (404, "PAYMENT_NOT_FOUND")


async def test_what_is_in_the_wrong_state_is_refused_with_the_state(client: Client, show: Show) -> None:
    pending = await client.booked(show, new_user(), show.seats[:1])
    refused = refusal(await client.refund(pending))
    assert (refused.status, refused.reason, refused.metadata) == (400, "BOOKING_NOT_CONFIRMED", {"status": "PENDING"})
    assert refusal(await client.ask("GET", f"payments/status/{pending['id']}")).reason == "PAYMENT_NOT_FOUND"
    confirmed = await client.confirmed(show, new_user(), show.seats[1:2])
    refused = refusal(await client.cancel(confirmed))
    assert (refused.status, refused.reason, refused.metadata) == (400, "BOOKING_NOT_PENDING", {"status": "CONFIRMED"})
