"""`python -m bench.quotes`: quotes at random, each computed a second time by PostgreSQL, and how long that takes.

Each has kinds of tickets, a discount, fees and tax. Its seats are given back in parts, which is computed twice, too.

The SQL is an oracle of its own: it rounds with numeric and splits with window functions. What differs by a minor unit
is printed, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
from boxoffice.inventory.v1 import seat_pb2

from services.booking.bookings.domain import (
    ADULT,
    Amounts,
    BookedSeat,
    BookedShow,
    Booking,
    BookingRefund,
    NewBooking,
    ReservedSeats,
)
from services.booking.pricing.domain import (
    MAX_AMOUNT,
    WHOLE,
    Discount,
    Fee,
    Payer,
    Per,
    Quote,
    Rules,
    TaxRate,
    quote,
)
from services.booking.quoting.domain import with_line
from services.booking.refunds.domain import decided, plan_refund
from services.booking.refunds.domain import given_back as refunded
from services.booking.tariffs.domain import KindPrice, ShowKinds, priced_by_kind
from stack.postgres import Server, temporary_server

COUNT, SEED, CHUNK = 1_000_000, 1, 50_000
DIGITS = (0, 2, 3, 4)
TIERS = tuple(seat_pb2.Seat.Tier.keys()[1:])
KINDS = ("CHILD", "STUDENT")
EVER = datetime(2026, 11, 29, tzinfo=UTC)
NOBODY = UUID(int=0)
BOOKING = Booking.created(
    NOBODY,
    "",
    NewBooking(NOBODY, []),
    BookedShow(NOBODY, NOBODY, False, "", "", "", "", EVER, EVER),
    EVER,
    ReservedSeats([], 0, "INR", EVER, EVER),
    Amounts(0, 0, 0, 0, False),
)
"""A booking whose seats are given back: what refunds are a share of."""

TABLE = """
    CREATE UNLOGGED TABLE quotes (
        id int PRIMARY KEY, tiers text[], listed int[], kinds text[],
        kind_names text[], kind_tiers text[], kind_prices int[], kind_points int[],
        discount int, discounted text[],
        per text[], fee_amounts int[], fee_points int[], payers text[], refundable bool[],
        rate_points int[], rates_up_to int[], tax_parts int, include_tax bool,
        parts int[], percentages int[],
        prices int[], discounts int[], fees int[], taxes int[], orders int[], stays int[], organizers int[], final int,
        back int[]
    )
"""


def _split(of: str, by: str, amount: str, weight: str, part: str, then: str = "position") -> str:
    """Return SQL that splits an amount over the rows of each `by`, by weight and largest remainder, `then` in order."""
    return f"""
        SELECT counted.*, base + (row_number() OVER (PARTITION BY {by} ORDER BY remainder DESC, {then})
            <= {amount} - sum(base) OVER (PARTITION BY {by}))::int AS {part}
        FROM (
            SELECT weighed.*, div({amount}::numeric * used, whole) AS base,
                mod({amount}::numeric * used, whole) AS remainder
            FROM (
                SELECT given.*, CASE WHEN sum({weight}) OVER (PARTITION BY {by}) = 0 THEN 1 ELSE {weight} END AS used,
                    CASE WHEN sum({weight}) OVER (PARTITION BY {by}) = 0 THEN count(*) OVER (PARTITION BY {by})
                        ELSE sum({weight}) OVER (PARTITION BY {by}) END AS whole
                FROM ({of}) AS given
            ) AS weighed
        ) AS counted
    """


_SEATS = """
    SELECT id, position, price, eligible, least(discount, sum(eligible) OVER (PARTITION BY id)) AS off
    FROM (
        SELECT q.id, q.discount, seat.position, cost.price,
            CASE WHEN q.discounted IS NULL OR seat.tier = ANY(q.discounted) THEN cost.price ELSE 0 END AS eligible
        FROM quotes q, unnest(q.tiers, q.listed, q.kinds) WITH ORDINALITY AS seat (tier, listed, kind, position)
        CROSS JOIN LATERAL (
            SELECT coalesce((
                SELECT coalesce(one.price::numeric, round(seat.listed::numeric * one.points / 10000))
                FROM unnest(q.kind_names, q.kind_tiers, q.kind_prices, q.kind_points) AS one (kind, tier, price, points)
                WHERE one.kind = seat.kind AND one.tier IN (seat.tier, '') ORDER BY one.tier = '' LIMIT 1
            ), seat.listed::numeric) AS price
        ) AS cost
    ) AS seats
"""
_FEES = """
    unnest(q.per, q.fee_amounts, q.fee_points, q.payers, q.refundable) WITH ORDINALITY
        AS fee (per, amount, points, payer, refundable, number)
"""
_ORDERS = f"""
    SELECT s.id, s.position, s.remaining, fee.number, fee.payer, fee.refundable,
        fee.amount + round(sum(s.remaining) OVER (PARTITION BY s.id, fee.number) * fee.points / 10000) AS whole_fee
    FROM lefts s JOIN quotes q USING (id), {_FEES} WHERE fee.per = 'ORDER'
"""
_TAXABLE = """
    SELECT s.id, s.position, s.remaining + f.fee AS taxable, rate.number, q.tax_parts,
        round(sum(s.remaining + f.fee) OVER (PARTITION BY s.id, rate.number) * rate.points
            / ((10000 + CASE WHEN q.include_tax THEN rate.points ELSE 0 END) * q.tax_parts)) AS tax_part
    FROM lefts s JOIN all_fees f USING (id, position) JOIN quotes q USING (id)
    CROSS JOIN LATERAL (
        SELECT number, points FROM unnest(q.rate_points, q.rates_up_to) WITH ORDINALITY AS one (points, up_to, number)
        WHERE up_to IS NULL OR s.remaining - CASE WHEN q.include_tax
            THEN q.tax_parts * round(s.remaining * points / ((10000 + points) * q.tax_parts)) ELSE 0 END <= up_to
        ORDER BY number LIMIT 1
    ) AS rate
"""
_OF_SEATS = """
    SELECT l.id, l.position, part.name, part.weight, l.added
    FROM lines l CROSS JOIN LATERAL (
        VALUES (1, remaining + fee - of_order - stays), (2, of_order), (3, stays)
    ) AS part (name, weight)
    WHERE l.of_order + l.stays > 0
"""
DIFFERENT = f"""
    WITH off AS MATERIALIZED ({_split(_SEATS, "id", "off", "eligible", "discount")}),
    lefts AS MATERIALIZED (SELECT id, position, price, discount, price - discount AS remaining FROM off),
    orders AS ({_split(_ORDERS, "id, number", "whole_fee", "remaining", "fee")}),
    tickets AS (
        SELECT s.id, s.position, fee.payer, fee.refundable,
            fee.amount + round(s.remaining * fee.points / 10000) AS fee
        FROM lefts s JOIN quotes q USING (id), {_FEES} WHERE fee.per = 'TICKET'
    ),
    all_fees AS MATERIALIZED (
        SELECT id, position, coalesce(sum(fee) FILTER (WHERE payer = 'BUYER'), 0) AS fee,
            coalesce(sum(fee) FILTER (WHERE payer = 'BUYER' AND refundable AND per = 'ORDER'), 0) AS of_order,
            coalesce(sum(fee) FILTER (WHERE payer = 'BUYER' AND NOT refundable), 0) AS stays,
            coalesce(sum(fee) FILTER (WHERE payer = 'ORGANIZER'), 0) AS organizer
        FROM lefts LEFT JOIN (
            SELECT id, position, 'ORDER' AS per, payer, refundable, fee FROM orders
            UNION ALL SELECT id, position, 'TICKET', payer, refundable, fee FROM tickets
        ) AS fees USING (id, position)
        GROUP BY id, position
    ),
    taxed AS ({_split(_TAXABLE, "id, number", "tax_part", "taxable", "part")}),
    lines AS MATERIALIZED (
        SELECT id, position, s.price, s.discount, s.remaining, f.fee, f.of_order, f.stays, f.organizer,
            coalesce(p.tax_parts * p.part, 0) AS tax,
            CASE WHEN q.include_tax THEN 0 ELSE coalesce(p.tax_parts * p.part, 0) END AS added
        FROM lefts s JOIN all_fees f USING (id, position) JOIN quotes q USING (id)
        LEFT JOIN taxed p USING (id, position)
    ),
    on_fees AS (
        SELECT id, position, sum(tax) FILTER (WHERE name = 2) AS on_order, sum(tax) FILTER (WHERE name = 3) AS on_stays
        FROM ({_split(_OF_SEATS, "id, position", "added", "weight", "tax", "name")}) AS split GROUP BY id, position
    ),
    whole AS MATERIALIZED (
        SELECT l.*, l.of_order + coalesce(o.on_order, 0) AS comes_last, l.stays + coalesce(o.on_stays, 0) AS never,
            q.parts[l.position] AS part, q.percentages[q.parts[l.position]] AS percentage
        FROM lines l JOIN quotes q USING (id) LEFT JOIN on_fees o USING (id, position)
    ),
    items AS (
        SELECT id, position, part, percentage, remaining + fee + added - comes_last - never AS paid FROM whole
        UNION ALL
        SELECT id, 1000, max(part), max(q.percentages[cardinality(q.percentages)]), sum(comes_last)
        FROM whole JOIN quotes q USING (id) GROUP BY id
    ),
    returned AS (
        SELECT id, position, div(upto * percentage, 100) - div((upto - paid) * percentage, 100) AS back
        FROM (
            SELECT *, sum(paid) OVER (PARTITION BY id, percentage ORDER BY part, position) AS upto FROM items
        ) AS summed
    ),
    computed AS (
        SELECT id, array_agg(price::int ORDER BY position) AS prices,
            array_agg(discount::int ORDER BY position) AS discounts, array_agg(fee::int ORDER BY position) AS fees,
            array_agg(tax::int ORDER BY position) AS taxes, array_agg(comes_last::int ORDER BY position) AS orders,
            array_agg(never::int ORDER BY position) AS stays,
            array_agg(organizer::int ORDER BY position) AS organizers, sum(remaining + fee + added)::int AS final
        FROM whole GROUP BY id
    ),
    refunded AS (SELECT id, array_agg(back::int ORDER BY position) AS back FROM returned GROUP BY id)
    SELECT q.*, c.*, r.back FROM quotes q LEFT JOIN computed c USING (id) LEFT JOIN refunded r USING (id)
    WHERE (q.prices, q.discounts, q.fees, q.taxes, q.orders, q.stays, q.organizers, q.final, q.back) IS DISTINCT FROM
        (c.prices, c.discounts, c.fees, c.taxes, c.orders, c.stays, c.organizers, c.final, r.back)
"""
"""The quotes, and the refunds of their seats in parts, that PostgreSQL computes otherwise."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """Seats of kinds, rules, and how the seats are given back."""

    seats: Sequence[BookedSeat]
    kinds: ShowKinds
    rules: Rules
    parts: Sequence[int]
    """By which refund each seat is given back, from 1."""
    percentages: Sequence[int]
    """That of each refund."""


def drawn(chance: random.Random) -> Drawn:
    """Draw one to six seats, and rules of which all that is paid can be counted."""
    unit = 10 ** chance.choice(DIGITS)

    def amount(most: int) -> int:
        whole = chance.randint(0, most)
        return whole if chance.random() < 0.5 else whole // unit * unit

    dearest = chance.choice((100, 10_000, 1_000_000, MAX_AMOUNT // 64))
    offered = [kind for kind in KINDS if chance.random() < 0.5]
    prices = [
        KindPrice(kind, tier, price, None if price is not None else chance.randint(0, WHOLE), None)
        for kind in offered
        for tier in (None, *(tier for tier in TIERS if chance.random() < 0.2))
        for price in (chance.choice((None, amount(dearest))),)
    ]
    seats = [
        BookedSeat(NOBODY, "", "", 1, chance.choice(TIERS), amount(dearest), kind=chance.choice((ADULT, *offered)))
        for _ in range(chance.randint(1, 6))
    ]
    discount = Discount(amount(dearest * 3), chance.choice((None, frozenset(chance.sample(TIERS, 2)))))
    fees = [
        Fee(
            chance.choice(tuple(Per)),
            amount(dearest // 10),
            chance.choice((0, 175, 333, chance.randint(0, 2_000))),
            Payer.ORGANIZER if chance.random() < 0.2 else Payer.BUYER,
            chance.random() < 0.7,
        )
        for _ in range(chance.randint(0, 2))
    ]
    rates = [
        TaxRate(chance.choice((500, 1_800, 4_000, chance.randint(0, WHOLE))), chance.choice((None, amount(dearest))))
        for _ in range(chance.randint(0, 2))
    ]
    rules = Rules(
        discount=discount if chance.random() < 0.6 else None,
        fees=fees,
        tax_rates=rates,
        prices_include_tax=chance.random() < 0.5,
        tax_parts=chance.randint(1, 2),
    )
    parts = [chance.randint(1, len(seats)) for _ in seats]
    numbers = {part: number for number, part in enumerate(sorted(set(parts)), 1)}
    at = (100, chance.randint(1, 99))
    percentages = [chance.choice(at) for _ in numbers]
    return Drawn(seats, ShowKinds(EVER, prices), rules, [numbers[part] for part in parts], percentages)


def given_back(drawn: Drawn, seats: Sequence[BookedSeat], made: Quote) -> list[int]:
    """Return what comes back of each seat where they are given back in parts, and of the order's fees."""
    amounts = Amounts(
        made.discount_amount, made.fee_amount, made.tax_amount, made.final_amount, made.prices_include_tax
    )
    booking = replace(BOOKING, amounts=amounts)
    left = [replace(seat, id=UUID(int=number)) for number, seat in enumerate(seats)]
    refunds: list[BookingRefund] = []
    for number, percentage in enumerate(drawn.percentages, 1):
        wanted = [seat.id for seat, part in zip(left, drawn.parts, strict=True) if part == number]
        plan = plan_refund(booking, left, refunds, wanted, percentage)
        refund = decided(booking, plan, UUID(int=1_000 + number), None, "", EVER)
        refunds.append(refund)
        left = refunded(left, plan, refund.id)
    return [*(seat.refund_amount or 0 for seat in left), refunds[-1].order_amount]


def _row(number: int, drawn: Drawn) -> tuple[Any, ...]:
    rules, kinds = drawn.rules, drawn.kinds.kinds
    seats = priced_by_kind(drawn.seats, [drawn.kinds], EVER)
    made = quote(seats, rules)
    booked = [with_line(seat, line) for seat, line in zip(seats, made.lines, strict=True)]
    discount = rules.discount or Discount(0)
    return (
        number,
        [seat.tier for seat in drawn.seats],
        [seat.price for seat in drawn.seats],
        [seat.kind for seat in drawn.seats],
        [one.kind for one in kinds],
        [one.tier or "" for one in kinds],
        [one.price for one in kinds],
        [one.basis_points for one in kinds],
        discount.amount,
        None if discount.tiers is None else sorted(discount.tiers),
        [fee.per.value for fee in rules.fees],
        [fee.amount for fee in rules.fees],
        [fee.basis_points for fee in rules.fees],
        [fee.payer.value for fee in rules.fees],
        [fee.refundable for fee in rules.fees],
        [rate.basis_points for rate in rules.tax_rates],
        [rate.up_to for rate in rules.tax_rates],
        rules.tax_parts,
        rules.prices_include_tax,
        drawn.parts,
        drawn.percentages,
        [line.price for line in made.lines],
        [line.discount for line in made.lines],
        [line.fee for line in made.lines],
        [line.tax for line in made.lines],
        [line.order_amount for line in made.lines],
        [line.unrefundable_amount for line in made.lines],
        [line.organizer_fee for line in made.lines],
        made.final_amount,
        given_back(drawn, booked, made),
    )


def differing(server: Server, count: int, seed: int) -> Iterator[tuple[Any, ...]]:
    """Compute so many quotes in Python and in PostgreSQL, chunk by chunk; yield those that differ."""
    chance = random.Random(seed)
    with psycopg.connect(server.create_database("quotes"), autocommit=True) as connection:
        connection.execute(TABLE)
        for first in range(0, count, CHUNK):
            connection.execute("TRUNCATE quotes")
            with connection.cursor().copy("COPY quotes FROM STDIN") as copy:
                for number in range(first, min(first + CHUNK, count)):
                    copy.write_row(_row(number, drawn(chance)))
            connection.execute("ANALYZE quotes")
            yield from connection.execute(DIFFERENT.encode())


def main() -> int:
    """Compare, and tell."""
    parser = argparse.ArgumentParser(prog="python -m bench.quotes", description=__doc__)
    parser.add_argument("--count", type=int, default=COUNT, help="how many quotes")
    parser.add_argument("--seed", type=int, default=SEED, help="of what is drawn")
    options = parser.parse_args()
    began = time.monotonic()
    with temporary_server() as server:
        wrong = list(differing(server, options.count, options.seed))
    for row in wrong[:10]:
        print(row)
    seconds = time.monotonic() - began
    print(f"{options.count:,} quotes of seed {options.seed}: {len(wrong)} differ from PostgreSQL's; {seconds:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
