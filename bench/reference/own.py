"""Our own statements, without us: what booking and inventory send for a batch of bookings, from pgbench.

The text is that of the services' queries, so that it cannot drift. What is missing is everything but SQL: gRPC,
parsing, deciding, two of three processes. So this is what the services cannot exceed on this server.
"""

from __future__ import annotations

import base64
import os
import re
import secrets
import subprocess
import sys
from functools import partial
from pathlib import Path
from string import Template
from urllib.parse import quote

from psycopg import sql as composed

from bench.cases import Case
from bench.measure import Result
from bench.reference import pgbench
from bench.world import World
from services.booking.creating.statements import BEGIN_BOOKINGS, FINISH_BOOKINGS
from services.booking.quoting.statements import TERMS
from services.chassis.store import connections, marks
from services.chassis.writes import answers
from services.inventory.seats import statements as seats
from stack.settings import ROOT

DATA = Path(__file__).with_name("own.sql")
SIZES = {1: 8, 64: 2}
"""Bookings in a batch, and how many pgbench clients run batches: as many as the desk has lanes."""
SHOWS = 1_000
LEASE_SECONDS = 8

INTENTS = {
    "lease_seconds": "lease",
    "id": "bookings",
    "booking_number": "booking_numbers",
    "user_id": "users",
    "idempotency_key": "keys",
    "request_hash": "hashes",
    "booked_show_id": "shows",
    "show_id": "shows_once",
    "event_id": "shows_once",
    "is_movie": "movies",
    "title": "titles",
    "theatre": "theatres",
    "city": "cities",
    "screen": "screens",
    "starts_at": "starts",
    "organization_id": "organizations",
    "time_zone": "zones",
    "show_revision": "revisions",
}
PRICES = {
    "id": "bookings",
    "total_amount": "totals",
    "discount_amount": "nothings",
    "fee_amount": "nothings",
    "tax_amount": "nothings",
    "final_amount": "totals",
    "prices_include_tax": "added",
    "seller_id": "sellers",
    "place_of_supply": "places_of_supply",
    "currency": "currencies",
    "expires_at": "untils",
    "sales_end_at": "untils",
    "starts_at": "untils",
    "screen": "own_screens",
    "show_revision": "own_revisions",
    "labels": "labels",
    "seat_of": "seat_bookings",
    "position": "places",
    "seat_id": "seats",
    "section": "sections",
    "row": "rows",
    "number": "numbers",
    "tier": "tiers",
    "price": "prices",
    "discount": "defaults",
    "fee": "defaults",
    "tax": "defaults",
    "tax_basis_points": "defaults",
    "sac_code": "defaults",
    "order_amount": "defaults",
    "unrefundable_amount": "defaults",
    "organizer_fee": "defaults",
    "kind": "defaults",
    "label": "defaults",
    "features": "defaults",
    "answer_of": "bookings",
    "user_id": "users",
    "method": "methods",
    "key": "keys",
    "request_hash": "hashes",
    "answer": "answers",
    "topic": "topic",
    "keys": "bookings",
    "versions": "versions",
    "kinds": "event_kinds",
    "payloads": "payloads",
}
"""Parameters of booking's two statements, and the variables that have them."""


def cases() -> list[Case]:
    """Return a case for each size of batch."""
    return [Case(f"reference.own.{size}", "bookings", partial(run, size=size)) for size in SIZES]


_NAME = re.compile(r"%\((\w+)\)s")


def run(world: World, size: int) -> Result:
    """Book seats that are all free when it begins, in batches of a size."""
    clients = SIZES[size]
    batches = int(world.seconds * (200 if size > 1 else 500))
    name = f"reference_own_{size}"
    _load(world, name, size, batches)
    return pgbench.run(
        world,
        script(),
        name,
        clients=clients,
        transactions=batches,
        each=size,
        variables={"i": -1, "clients": clients, "lease": LEASE_SECONDS},
        options=connections.options(connections.BY_INDEX),
    )


def script() -> str:
    """Return what one batch sends, in the pipelines in which the services send it."""
    return "\n".join(
        [
            r"\set i :i + 1",
            *(rf"\set {name} 100" for name in seats.LIMITS),
            r"\set batch :i * :clients + :client_id",
            "SELECT *, clock_timestamp()::text AS now, gen_random_uuid() AS mark_1, gen_random_uuid() AS mark_2,"
            " gen_random_uuid() AS mark_3 FROM batches JOIN batch_seats USING (batch) WHERE batch = :batch \\gset",
            *_intent_of_booking(),
            *_claim_of_inventory(),
            *_price_of_booking(),
        ]
    )


def _intent_of_booking() -> list[str]:
    return _pipeline(
        bind(marks.MARK, id="mark_1"),
        bind(answers.FIND, user_id="users", method="methods", key="keys"),
        bind(TERMS, show_ids="shows_once"),
        bind(BEGIN_BOOKINGS, **INTENTS),
    )


def _claim_of_inventory() -> list[str]:
    seat_columns = {"show_id": "seat_shows", "id": "seats", "status": "statuses", "expires_at": "seat_untils"}
    return [
        *_pipeline(
            "BEGIN",
            bind(marks.MARK, id="mark_2"),
            bind(seats.LOCK_SHOWS, show_ids="shows"),
            bind(seats.LIST_PRICES_AND_CLOCK, show_ids="shows"),
            bind(seats.SEATS_BY_ID, show_id="seat_shows", id="seats"),
            bind(seats.SEATS_OF_USERS, show_id="shows", user_id="users"),
            bind(seats.RESERVATIONS, show_id="shows", booking_id="bookings"),
        ),
        *_pipeline(
            bind(
                seats.WRITE_SEATS,
                holder_id="holders",
                booking_id="seat_bookings",
                price="prices",
                held_at="seat_helds",
                blocked_for="seat_blocks",
                right_id="seat_rights",
                **seat_columns,
            ),
            bind(seats.TAKE_NUMBERS, show_ids="shows", **{name: name for name in seats.LIMITS}),
            bind(
                seats.WRITE_CHANGES,
                now="now",
                costs="prices",
                blocked="seat_blocked",
                area_id="seat_rights",  # no rights and no areas: as many nulls
                **seat_columns,
            ),
            bind(
                seats.WRITE_RESERVATIONS,
                now="now",
                show_id="shows",
                booking_id="bookings",
                user_id="users",
                state="reserved",
                seat_ids="claims",
                prices="claim_prices",
                right_ids="claim_rights",
                reserved_at="reserved_at",
                expires_at="untils",
            ),
            "COMMIT",
        ),
    ]


def _price_of_booking() -> list[str]:
    return _pipeline(bind(marks.MARK, id="mark_3"), bind(FINISH_BOOKINGS, **PRICES))


def bind(statement: str, *places: str, **names: str) -> str:
    """Put pgbench's variables into a statement of the services, by place or by name.

    Raises ValueError unless these are just its parameters.
    """
    taken = set(_NAME.findall(statement))
    first, *rest = statement.split("%s")
    if len(rest) != len(places) or taken != names.keys():
        raise ValueError(f"{len(places)} places, names {sorted(names)} for {len(rest)}, {sorted(taken)}: {statement}")
    filled = first + "".join(f":{name}{text}" for name, text in zip(places, rest, strict=True))
    return _NAME.sub(lambda found: f":{names[found[1]]}", filled)


def _pipeline(*statements: str) -> list[str]:
    return [r"\startpipeline", *(f"{statement.strip()};" for statement in statements), r"\endpipeline"]


def _load(world: World, name: str, size: int, batches: int) -> None:
    """Make a database with both services' schemas, as their migrations make them, and all that the script needs."""
    server = world.stack.server
    server.create_database(name)
    with server.connect(name) as connection:
        for schema in ("inventory", "booking"):
            connection.execute(composed.SQL("CREATE SCHEMA {}").format(composed.Identifier(schema)))
    secret = base64.b64encode(secrets.token_bytes(24)).decode()
    for schema in ("inventory", "booking"):
        url = f"{server.url(name)}?options={quote(f'-csearch_path={schema}')}"
        subprocess.run(
            [sys.executable, "-m", f"services.{schema}", "migrate"],
            cwd=ROOT,
            env={**os.environ, "DATABASE_URL": url, "TICKET_KEY_SECRET": secret},
            check=True,
        )
    with server.connect(name) as connection:
        # The chassis' tables are in both; inventory's serve.
        database_name = composed.Identifier(name)
        connection.execute(composed.SQL("ALTER DATABASE {} SET search_path = inventory, booking").format(database_name))
    seats_each = max(2, -(-2 * size * batches // SHOWS) // 2 * 2 + 2)
    numbers = {"shows": SHOWS, "seats": seats_each, "size": size, "batches": batches}
    pgbench.execute(server, name, Template(DATA.read_text()).substitute(numbers))
