"""What a booking costs in statements, round trips and bytes, and that a batch shares them. Counts, not times: a change
that makes one of these worse is seen on any machine."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from boxoffice.booking.v1 import booking_pb2
from boxoffice.inventory.v1 import catalog_pb2, inventory_pb2

from services.bank.sessions.create import CreateSession, CreateSessions
from services.bank.sessions.pay import Pay, PaySessions
from services.bank.webhooks.deliveries import Deliveries
from services.booking.bookings import messages
from services.booking.bookings.domain import BookedShow, Booking, Changed, NewBooking
from services.booking.cancelling.operation import Cancel, CancelBookings
from services.booking.captures.domain import Capture
from services.booking.captures.operation import Confirmation, FinishConfirming, RecordCaptures
from services.booking.creating.operation import Create
from services.booking.refunds.operation import BeginRefunds, RefundSeats
from services.chassis.ids import new_id
from services.chassis.store.database import Database
from services.chassis.store.pipeline import Pipeline
from services.chassis.writes import idempotency
from services.chassis.writes.outbox import Outbox
from services.inventory.viewing.availability import Availability
from services.payment.checkout.begin import Begin, BeginPayments
from services.payment.checkout.record import Record, RecordReports
from services.payment.domain.payments import BankEvent, Outcome, Payable, Payment, SessionReport, State
from tests.booking.conftest import closes as closes  # a fixture
from tests.booking.conftest import free_per_day as free_per_day  # a fixture
from tests.booking.conftest import free_takes_email as free_takes_email  # a fixture
from tests.booking.conftest import house as house  # a fixture
from tests.booking.conftest import starts_in as starts_in  # a fixture
from tests.booking.house import House
from tests.booking.wiring import POLICY
from tests.inventory.catalogue_client import HALL, Catalogue
from tests.inventory.conftest import catalogue as catalogue  # a fixture
from tests.inventory.sale import put_on_sale

BATCH = 64

CHANGE_ROUND_TRIPS = 2
"""Of a change of bookings that is decided under their locks, its key included."""

# What payment and its bank send for a batch, however many there are: (statements, round trips).
BEGIN_PAYMENTS = (8, 2)
RECORD_PAYMENTS = (8, 2)
CREATE_SESSIONS = (1, 1)
PAY_SESSIONS = (8, 2)

# What a call sends that creates a thing of the catalogue under a key: (statements, round trips). Of them, the index of
# events takes three of a movie's (its venues' locks, its row, its words), four of a venue's (its row, the locks and the
# rows of its events, its words) and two of a show's (the venues' locks, the event's row).
CREATE_MOVIE = (10, 2)
CREATE_VENUE = (11, 2)
CREATE_SCREEN = (9, 2)
CREATE_SHOW = (20, 2)

# What a batch of bookings costs, however many there are: booking's intent with how the shows are taxed and how
# many tickets its users have from others, under a lock; inventory's claim, booking's price.
STATEMENTS = 20
ROUND_TRIPS = 4
SEAT_MAP_BYTES_EACH = 68

END_OTHERS = """
    SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
READ_SO_FAR = """
    SELECT relname, seq_tup_read, idx_tup_fetch FROM pg_stat_user_tables WHERE n_live_tup > 100
"""
FETCHED_EACH = 10
"""Rows of one table that are read for a booking of two seats, and some."""


@dataclass
class Count:
    """What was sent to databases."""

    statements: int = 0
    round_trips: int = 0


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Count]:
    """Count what this process sends to its databases."""
    count = Count()
    add, send = Pipeline.add, Pipeline.send

    def counting_add(pipeline: Pipeline, *args: Any) -> None:
        count.statements += 1
        add(pipeline, *args)

    async def counting_send(pipeline: Pipeline) -> None:
        count.round_trips += 1
        await send(pipeline)

    with monkeypatch.context() as patched:
        patched.setattr(Pipeline, "add", counting_add)
        patched.setattr(Pipeline, "send", counting_send)
        yield count


def orders(show_id: UUID, seats: Sequence[UUID]) -> list[Create]:
    """Order two seats for each of many users, each under a key."""
    show = BookedShow(
        show_id=show_id,
        event_id=new_id(),
        is_movie=True,
        title="Monsoon Letters",
        theatre="Regal",
        city="Pune",
        screen="Screen 1",
        starts_at=datetime.now(UTC) + timedelta(days=3),
        sales_end_at=datetime.now(UTC) + timedelta(days=3),
        show_revision=1,
    )
    users = [uuid4() for _ in seats[::2]]
    return [
        Create(new_id(), NewBooking(user, pair), show, idempotency.Key(user, "CreateBooking", str(uuid4()), b"hash"))
        for user, pair in zip(users, zip(seats[::2], seats[1::2], strict=True), strict=True)
    ]


async def book(house: House, batch: Sequence[Create]) -> None:
    outcomes = await house.saga.create(batch, wait=False)
    assert all(isinstance(outcome, bytes) for outcome in outcomes), outcomes


async def test_a_batch_of_bookings_costs_no_more_statements_and_round_trips_than_one(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *others = orders(*await put_on_sale(house.inventory_db, seats=2 + 2 * BATCH))
    with counted(monkeypatch) as alone:
        await book(house, [first])
    with counted(monkeypatch) as together:
        await book(house, others)
    assert (together.statements, together.round_trips) == (alone.statements, alone.round_trips)
    assert (alone.statements, alone.round_trips) == (STATEMENTS, ROUND_TRIPS)


async def test_a_batch_of_captures_costs_no_more_than_one_and_a_cancel_and_a_refund_two_round_trips(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    record, finish = (
        RecordCaptures(house.db, house.outbox),
        FinishConfirming(house.db, house.outbox, messages.changed_bytes),
    )
    costs: list[tuple[int, int]] = []
    booked = [await house.book(uuid4(), number) for number in range(5)]
    for some in (booked[:1], booked[1:4]):
        captures = [Capture(uuid4(), UUID(one.id), f"sess_{one.id}", one.total_amount, one.currency) for one in some]
        with counted(monkeypatch) as recorded:
            confirming = [one for one in await record(captures, wait=True) if isinstance(one, Booking)]
        assert len(confirming) == len(some)
        with counted(monkeypatch) as finished:
            await finish([Confirmation(one, has_seats=True) for one in confirming], wait=True)
        assert [await house.status(one.id) for one in some] == ["CONFIRMED"] * len(some)
        costs.append((recorded.statements, finished.statements))
        assert (recorded.round_trips, finished.round_trips) == (CHANGE_ROUND_TRIPS, CHANGE_ROUND_TRIPS)
    assert costs[0] == costs[1]
    cancels, refunds = CancelBookings(house.db, house.outbox), BeginRefunds(house.db, POLICY)
    kept, given_back = booked[0], booked[4]
    once: idempotency.Once[Changed, Any] = idempotency.Once(key_for(given_back), booking_pb2.Booking, messages.changed)
    with counted(monkeypatch) as cancelled:
        await cancels.alone(Cancel(UUID(given_back.id), UUID(given_back.user_id), once))
    with counted(monkeypatch) as refunded:
        await refunds.alone(RefundSeats(UUID(kept.id), UUID(kept.user_id), (), None, key_for(kept)))
    assert (cancelled.round_trips, refunded.round_trips) == (CHANGE_ROUND_TRIPS, CHANGE_ROUND_TRIPS)


def key_for(booking: booking_pb2.Booking) -> idempotency.Key:
    return idempotency.Key(UUID(booking.user_id), "Change", booking.id, b"hash")


async def test_bookings_read_no_table_that_grows_from_front_to_back(house: House) -> None:
    # What plans are made for small tables, and nobody counts the rows before they have grown.
    few, many = 16, 8 * BATCH
    placed = orders(*await put_on_sale(house.inventory_db, seats=2 * (few + many + few)))
    for order in placed[:few]:
        await book(house, [order])
    for at in range(few, few + many, BATCH):
        await book(house, placed[at : at + BATCH])
    for order in placed[-few:]:
        await book(house, [order])
    read: dict[str, Any] = {}
    for db in (house.db, house.inventory_db):
        # What a backend has read is known when it ends.
        await db.execute(END_OTHERS)
        await db.fetch("SELECT pg_stat_force_next_flush()")
        read |= {row.relname: row for row in await db.fetch(READ_SO_FAR)}
    assert {"bookings", "idempotency_keys", "reservations", "show_seats"} <= read.keys()
    assert [row for row in read.values() if row.seq_tup_read or row.idx_tup_fetch > FETCHED_EACH * len(placed)] == []


@pytest.mark.parametrize("seats", [100, 500])
async def test_a_seat_map_takes_few_bytes_for_each_seat(house: House, seats: int) -> None:
    show_id, _ = await put_on_sale(house.inventory_db, seats=seats)
    answer = await house.seats.GetSeatMap(inventory_pb2.GetSeatMapRequest(show_id=str(show_id)))
    assert len(answer.seats) == seats
    assert answer.ByteSize() <= seats * SEAT_MAP_BYTES_EACH


async def test_seat_maps_that_many_ask_for_at_once_take_one_round_trip(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    availability, show_id = Availability(house.inventory_db), UUID(house.show_id)
    await availability.get(show_id)
    with counted(monkeypatch) as count:
        await asyncio.gather(*(availability.get(show_id) for _ in range(50)))
    assert (count.statements, count.round_trips) == (1, 1)


async def test_a_batch_of_payments_costs_no_more_than_one(
    payment_db: Database, bank_db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    until, deliveries = datetime.now(UTC) + timedelta(minutes=15), Deliveries(bank_db)
    begins = BeginPayments(payment_db, margin=timedelta(seconds=30), poll_seconds=60, gateway="bank")
    records, creates = RecordReports(payment_db, Outbox(payment_db)), CreateSessions(bank_db)
    pays = PaySessions(bank_db, deliveries, timedelta())
    costs: list[list[tuple[int, int]]] = []
    for size in (1, BATCH):
        wishes = [Begin(Payable(new_id(), new_id(), 500, "INR", until, "a show", ["A-1"], until)) for _ in range(size)]
        with counted(monkeypatch) as begin:
            begun = [one for one in await begins(wishes, wait=False) if isinstance(one, Payment)]
        sessions = [
            CreateSession(
                one.session_id, one.id, one.amount, one.currency, until, "a show", ["A-1"], str(one.booking_id)
            )
            for one in begun
        ]
        with counted(monkeypatch) as create:
            await creates(sessions, wait=False)
        with counted(monkeypatch) as pay:
            await pays([Pay(one.session_id, "pm_succeed") for one in begun], wait=False)
        words = [SessionReport(one.id, one.session_id, one.amount, one.currency, Outcome.CAPTURED) for one in begun]
        events = [BankEvent(f"evt_{one.id}", "payment.captured") for one in begun]
        with counted(monkeypatch) as record:
            states = await records([Record(*report) for report in zip(words, events, strict=True)], wait=False)
        assert states == [State.SUCCESS] * size
        costs.append([(count.statements, count.round_trips) for count in (begin, create, pay, record)])
    assert costs == [[BEGIN_PAYMENTS, CREATE_SESSIONS, PAY_SESSIONS, RECORD_PAYMENTS]] * 2


async def test_what_is_created_in_the_catalogue_is_read_and_written_in_a_round_trip_each(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    venue, show = await catalogue.venue(), await catalogue.show_request(idempotency_key="k")
    screen = catalog_pb2.CreateScreenRequest(venue_id=venue.id, name="Screen 1", sections=HALL, idempotency_key="k")
    rpc = catalogue.rpc
    costs: list[tuple[int, int]] = []
    for create, request in (
        (rpc.CreateMovie, catalog_pb2.CreateMovieRequest(title="One", duration_minutes=60, idempotency_key="k")),
        (rpc.CreateVenue, catalog_pb2.CreateVenueRequest(name="Regal", city="Pune", idempotency_key="k")),
        (rpc.CreateScreen, screen),
        (rpc.CreateShow, show),
    ):
        with counted(monkeypatch) as count:
            await create(request)
        costs.append((count.statements, count.round_trips))
    assert costs == [CREATE_MOVIE, CREATE_VENUE, CREATE_SCREEN, CREATE_SHOW]
