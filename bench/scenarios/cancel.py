"""A cancelled show of 50,000 bookings, all paid: how fast the money is back, while other shows go on selling.

They are planted in all databases as the services would have left them. Beside the sweep's rate stand the flow's of the
same run, and the goodput of other shows at half of that rate, without the sweep and during it.
"""

from __future__ import annotations

import time
from itertools import chain, islice
from math import ceil
from pathlib import Path
from string import Template

from boxoffice.booking.v1 import cancellations_pb2 as cancellations
from boxoffice.booking.v1.cancellations_pb2_grpc import CancellationServiceStub
from psycopg import Connection

from bench.cases import Case
from bench.load import Generator, Load
from bench.measure import OK, Result
from bench.stories import buy
from bench.waiting import until
from bench.world import CALL_SECONDS, PRICE, World, purchases

PLANT = Path(__file__).with_name("cancel.sql")
SEATS, QUICK_SEATS = 50_000, 2_000
CLIENTS = 64
MOST_SECONDS, QUICK_MOST_SECONDS = 1_200, 150
OTHERS_SEATS = 20_000
"""Of each of the shows that go on selling: two for a purchase, and as many shows as the whole time needs."""

COLUMNS = """
    show_id, event_id, is_movie, title, theatre, city, screen, starts_at, currency, booking_id, user_id, payment_id,
    seat_id, section, row, number, tier, since
"""
TAKE_ALONG = f"COPY (SELECT {COLUMNS} FROM sold) TO STDOUT"
RECEIVE = """
    CREATE TEMPORARY TABLE sold (
        show_id uuid, event_id uuid, is_movie bool, title text, theatre text, city text, screen text,
        starts_at timestamptz, currency text, booking_id uuid, user_id uuid, payment_id uuid, seat_id uuid,
        section text, row text, number int, tier text, since timestamptz
    ) ON COMMIT DROP
"""
IN_BOOKING = (
    f"""
    INSERT INTO bookings (id, user_id, state, version, total_amount, final_amount, currency, expires_at, created_at,
        updated_at, confirmed_at, payment_id, show_id, event_id, is_movie, title, theatre, city, screen, starts_at,
        seat_labels)
    SELECT booking_id, user_id, 'CONFIRMED', 4, {PRICE}, {PRICE}, currency, since, since, since, since, payment_id,
        show_id, event_id, is_movie, title, theatre, city, screen, starts_at, ARRAY[section || ' ' || row || number]
    FROM sold
    """,
    f"""
    INSERT INTO booking_seats (booking_id, position, seat_id, section, row, number, tier, price)
    SELECT booking_id, 0, seat_id, section, row, number, tier, {PRICE} FROM sold
    """,
    f"""
    INSERT INTO captures (payment_id, booking_id, session_id, amount, currency, settlement, recorded_at)
    SELECT payment_id, booking_id, 'sess_' || payment_id, {PRICE}, currency, 'KEPT', since FROM sold
    """,
)
IN_PAYMENT = (
    "INSERT INTO booking_accounts (booking_id) SELECT booking_id FROM sold",
    f"""
    INSERT INTO payments (id, booking_id, user_id, session_id, amount, currency, state, expires_at, created_at,
        updated_at)
    SELECT payment_id, booking_id, user_id, 'sess_' || payment_id, {PRICE}, currency, 'SUCCESS', since, since, since
    FROM sold
    """,
    f"""
    INSERT INTO bank.sessions (id, payment_id, amount, currency, description, items, status, expires_at, created_at,
        ended_at, order_id)
    SELECT 'sess_' || payment_id, payment_id, {PRICE}, currency, 'Bench', '{{}}', 'CAPTURED', since, since, since,
        booking_id::text
    FROM sold
    """,
    f"""
    INSERT INTO bank.ledger (session_id, kind, amount, currency)
    SELECT 'sess_' || payment_id, 'CAPTURE', {PRICE}, currency FROM sold
    """,
)
LEFT = "SELECT count(*) FROM bookings WHERE show_id = %s AND state = 'CONFIRMED'"


def cases() -> list[Case]:
    """Return the one case."""
    return [Case("cancel", "bookings", run, once=True, in_quick=False)]


def run(world: World) -> Result:
    """Cancel a show. `sweep_by_flow` compares the rates, `goodput` what other shows keep of theirs."""
    seats, most = (QUICK_SEATS, QUICK_MOST_SECONDS) if world.quick else (SEATS, MOST_SECONDS)
    [flow], _ = world.run(Load(buy, purchases(world.show(20_000)), world.target, CLIENTS, seconds=world.seconds * 2))
    flow_rate = len(flow.latencies[OK]) / flow.seconds
    rate = flow_rate / 2
    alone_seconds = world.seconds * 2
    shows = world.shows(ceil(rate * (alone_seconds + most) * 2 / OTHERS_SEATS), OTHERS_SEATS)
    others = chain.from_iterable(map(purchases, shows))
    before = list(islice(others, ceil(rate * alone_seconds)))
    [alone], _ = world.run(Load(buy, before, world.target, rate=rate, seconds=alone_seconds))
    show = world.show(seats)
    planted = _plant(world, show.id)
    world.settle()
    generator = Generator(Load(buy, list(others), world.target, rate=rate, seconds=most))
    try:
        generator.wait_ready()
        world.meter.start()
        generator.go()
        seconds = _cancel(world, show.id, most)
        generator.stop()
        tally = generator.tally()
        usage = world.meter.stop()
    finally:
        generator.end()
    goodput = (len(tally.latencies[OK]) / tally.seconds) / (len(alone.latencies[OK]) / alone.seconds)
    return tally.result(
        usage,
        swept=planted,
        sweep_seconds=seconds,
        sweep_per_second=planted / seconds,
        flow_per_second=flow_rate,
        sweep_by_flow=planted / seconds / flow_rate,
        goodput=goodput,
    )


def _cancel(world: World, show_id: str, most_seconds: float) -> float:
    """Cancel a show; return how long it took until the last booking had come to its end."""
    with world.channel("booking") as channel, world.stack.server.connect("booking") as booking:
        stub = CancellationServiceStub(world.signed(channel))
        asked = cancellations.PreviewShowCancellationRequest(show_id=show_id)
        token = stub.PreviewShowCancellation(asked, timeout=CALL_SECONDS).token
        began = time.monotonic()
        request = cancellations.CancelShowRequest(show_id=show_id, token=token, reason="Bench")
        stub.CancelShow(request, timeout=CALL_SECONDS)
        until(booking, LEFT, 0, most_seconds, [show_id])
        return time.monotonic() - began


def _plant(world: World, show_id: str) -> int:
    """Write a ticket for each seat of a show, with its payment; return how many there are."""
    server = world.stack.server
    with server.connect("inventory") as inventory, inventory.transaction():
        for statement in Template(PLANT.read_text()).substitute(shows=f"{{{show_id}}}", price=PRICE).split(";\n"):
            if statement.strip():
                inventory.execute(statement.encode())
        for database, statements in (("booking", IN_BOOKING), ("payment", IN_PAYMENT)):
            with server.connect(database) as connection, connection.transaction():
                connection.execute(RECEIVE)
                _copy(inventory, connection)
                planted = [connection.execute(statement.encode()).rowcount for statement in statements]
    return planted[0]


def _copy(source: Connection, target: Connection) -> None:
    with (
        source.cursor() as here,
        target.cursor() as there,
        here.copy(TAKE_ALONG) as out,
        there.copy("COPY sold FROM STDIN") as into,
    ):
        for rows in out:
            into.write(rows)
