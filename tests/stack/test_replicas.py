"""Two replicas of each service: each thing is done once, whoever does it, and a restart of all goes unnoticed.

As in production: callers are known, and services speak TLS. An admin calls, who may act for every user.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.request import urlopen

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from audit import audit
from roster import SERVICES
from services.chassis.store.migrate import migrate
from stack import credentials, services
from stack.callers import over_http
from stack.launcher import Stack
from stack.ports import LOOPBACK
from stack.services import replicas
from tests.patience import eventually, patient
from tests.stack.customers import Customers
from tests.stacks import started
from tests.system.client import Client, new_user, ok
from tests.system.databases import at_rest, later, value

REPLICAS = 2
BOOKINGS = 24
# Payments that nobody makes are asked about at once, and often.
ENVIRONMENTS = {"payment": {"POLL_FIRST_SECONDS": "0.2", "POLL_MAX_SECONDS": "0.4"}}
SHORTEST_SECONDS = 0.75 * 0.4
"""Between two questions about a payment."""

ROLLS = int(os.environ.get("ROLLS", "1"))
PAUSE_SECONDS = 0.25 if ROLLS == 1 else 0.0
"""How long a customer pauses between two stories: `make test-roll` restarts everything under all the load there is."""
STORIES = 2
"""How many stories of each kind have to come to their end before the next is restarted."""

MIGRATION = '''
"""What the next version will want: a column, which the code that runs knows nothing of."""

from alembic import op

revision, down_revision = "{revision}", "{before}"


def upgrade() -> None:
    op.execute("ALTER TABLE {table} ADD COLUMN wanted_next TEXT DEFAULT '' NOT NULL")
'''
BUSIEST = """
    SELECT relname FROM pg_stat_user_tables WHERE schemaname = %s AND relname <> 'alembic_version'
    ORDER BY n_tup_ins + n_tup_upd + n_tup_del DESC LIMIT 1
"""


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with started(replicas=REPLICAS, environments=ENVIRONMENTS, auth="on") as stack:
        yield stack
        audit.rest(stack.server.url, audit.REST_SECONDS)
        assert audit.look(stack.server.url).broken == []


@pytest.fixture
async def client(stack: Stack) -> AsyncIterator[Client]:
    auth = over_http(stack.settings)
    async with httpx.AsyncClient(base_url=stack.public_url, auth=auth, timeout=patient(15), trust_env=False) as http:
        yield Client(http)


def counted(stack: Stack, service: str, sample: str, **labels: str) -> list[float]:
    """Return what each replica of a service has counted."""
    counts = []
    for one in replicas(stack.settings):
        if one.service.name != service:
            continue
        page = f"http://{LOOPBACK}:{one.port(stack.settings, 'METRICS_PORT')}/metrics"
        with urlopen(page, timeout=patient(5)) as answer:
            families = list(text_string_to_metric_families(answer.read().decode()))
        counts.append(
            sum(
                found.value
                for family in families
                for found in family.samples
                if found.name == sample and labels.items() <= found.labels.items()
            )
        )
    return counts


async def test_both_replicas_take_calls_from_the_gateway_and_from_their_peers(stack: Stack, client: Client) -> None:
    show = await client.make_show()
    await asyncio.gather(*(client.confirmed(show, new_user(), [seat]) for seat in show.seats[:BOOKINGS]))
    for service, method in [
        ("inventory", "/boxoffice.inventory.v1.InventoryService/RenderSeatMap"),  # from the gateway
        ("inventory", "/boxoffice.inventory.v1.InventoryService/BatchReserveSeats"),  # from booking
        ("booking", "/boxoffice.booking.v1.BookingService/CreateBooking"),
        ("booking", "/boxoffice.booking.v1.BookingService/BatchRecordCaptures"),  # from payment
        ("payment", "/boxoffice.payment.v1.PaymentService/ReceiveWebhook"),
        ("bank", "/boxoffice.bank.v1.BankService/CreateSession"),  # from payment
    ]:

        async def all_called(service: str = service, method: str = method) -> bool:
            await client.seat_map(show.id)
            return min(counted(stack, service, "boxoffice_call_seconds_count", method=method)) > 0

        await eventually(all_called)


async def test_a_replica_that_stops_answers_those_who_wait_there_and_the_other_tells_the_rest(
    stack: Stack, client: Client
) -> None:
    show, user = await client.make_show(), new_user()
    booking = await client.booked(show, user, show.seats[:1])
    path = f"bookings/{booking['id']}?waitSeconds=25"
    waits = [asyncio.create_task(client.ask("GET", path, timeout=patient(40))) for _ in range(8)]

    async def wait_at_both() -> bool:
        waiting = counted(stack, "booking", "boxoffice_booking_watchers")
        return sum(waiting) == len(waits) and min(waiting) > 0

    await eventually(wait_at_both)
    stack.restart("booking")
    await client.pay(await client.session(booking))
    assert {ok(answer)["status"] for answer in await asyncio.gather(*waits)} == {"PENDING", "CONFIRMED"}


async def test_bookings_that_are_due_are_expired_once_though_both_replicas_look_at_once(
    stack: Stack, client: Client
) -> None:
    show, user = await client.make_show(), new_user()
    bookings = [await client.booked(show, new_user(), [seat]) for seat in show.seats[:BOOKINGS]]
    due = "SELECT count(*) FROM bookings WHERE state = 'PENDING' AND expires_at <= boxoffice_clock()"
    async with later(stack.server, "16 minutes", "inventory", "booking"):
        # The job runs every minute, and when a process starts: so both begin at the same instant.
        stack.kill("booking")
        stack.kill("booking-2")

        async def none_is_due() -> bool:
            return not value(stack.server, "booking", due)

        await eventually(none_is_due)
        stack.wait_ready()
        assert {(await client.booking(one["id"]))["status"] for one in bookings} == {"EXPIRED"}
        done = counted(stack, "booking", "boxoffice_job_done_total", job="expire-bookings")
        assert sum(done) == BOOKINGS, done
        ok(await client.hold(show, user, show.seats[:1]))


async def test_messages_are_delivered_once_though_both_replicas_relay(stack: Stack, client: Client) -> None:
    show = await client.make_show()
    bookings = [await client.booked(show, new_user(), [seat]) for seat in show.seats[:BOOKINGS]]
    sample, labels = "boxoffice_outbox_messages_total", {"topic": "releases", "outcome": "taken"}
    before = sum(counted(stack, "booking", sample, **labels))
    for answer in await asyncio.gather(*map(client.cancel, bookings)):
        ok(answer)
    await at_rest(stack.server)
    assert sum(counted(stack, "booking", sample, **labels)) - before == BOOKINGS


async def test_the_bank_is_asked_about_a_payment_by_its_schedule_however_many_look(
    stack: Stack, client: Client
) -> None:
    show = await client.make_show()
    asked = "SELECT coalesce(sum(polls), 0)::int FROM payments WHERE booking_id = ANY(%s::uuid[])"
    began = time.monotonic()
    bookings = [await client.booked(show, new_user(), [seat]) for seat in show.seats[:BOOKINGS]]
    for booking in bookings:
        await client.session(booking)
    ids = [booking["id"] for booking in bookings]

    async def several_times() -> bool:
        return bool(value(stack.server, "payment", asked, ids) >= 3 * BOOKINGS)

    await eventually(several_times)
    times = value(stack.server, "payment", asked, ids)
    assert times <= BOOKINGS * (1 + (time.monotonic() - began) / SHORTEST_SECONDS)
    for answer in await asyncio.gather(*map(client.cancel, bookings)):
        ok(answer)


def migrate_all(stack: Stack, folder: Path) -> None:
    """Give the busiest table of each service a column more, as its next version would, while all of it runs."""
    secrets = credentials.load(stack.settings.data_dir / credentials.FILE)
    for service in SERVICES:
        wider = folder / service.name
        shutil.copytree(service.migrations.parent, wider)
        last = max(path.name.partition("_")[0] for path in service.migrations.glob("[0-9]*.py"))
        busiest = value(stack.server, service.database, BUSIEST, service.schema)
        text = MIGRATION.format(revision="9999", before=last, table=busiest)
        (wider / "versions" / "9999_wanted_next.py").write_text(text)
        migrate(service.name, wider, services.database_url(stack.settings, secrets, service.owner))


@pytest.mark.timeout(120 * ROLLS)
def test_everything_is_migrated_and_restarted_under_load_and_no_request_fails(stack: Stack, tmp_path: Path) -> None:
    before = {name: stack.pid(name) for name in stack.names}
    with Customers(stack, pause_seconds=PAUSE_SECONDS) as customers:
        migrate_all(stack, tmp_path)
        customers.wait_for_more(STORIES)
        for _ in range(ROLLS):
            stack.roll_fork_server()
            for number in range(REPLICAS):
                stack.roll_replicas(number)
                customers.wait_for_more(STORIES)
            stack.roll_gateway()
            customers.wait_for_more(STORIES)
    assert customers.failures == [], "\n".join(customers.failures)
    stayed = {name for name, pid in before.items() if stack.pid(name) == pid}
    assert stayed == {"postgres", "mail-sink"}
