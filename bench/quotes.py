"""`python -m bench.quotes`: quotes at random, each computed a second time by PostgreSQL, and how long that takes.

The SQL is an oracle of its own: it rounds with numeric and splits with window functions. What differs by a minor unit
is printed, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from services.booking.pricing.domain import MAX_AMOUNT, WHOLE, Discount, Fee, Per, Quote, Rules, TaxRate, quote
from stack.postgres import Server, temporary_server

COUNT, SEED, CHUNK = 1_000_000, 1, 50_000
DIGITS = (0, 2, 3, 4)
TIERS = ("REGULAR", "PREMIUM", "VIP")

TABLE = """
    CREATE UNLOGGED TABLE quotes (
        id int PRIMARY KEY, tiers text[], prices int[], discount int, discounted text[],
        per text[], fee_amounts int[], fee_points int[], rate_points int[], rates_up_to int[], tax_parts int,
        include_tax bool, discounts int[], fees int[], taxes int[], final int
    )
"""


def _split(of: str, by: str, amount: str, weight: str, part: str) -> str:
    """Return SQL that splits an amount over the rows of each `by`, by weight and largest remainder."""
    return f"""
        SELECT counted.*, base + (row_number() OVER (PARTITION BY {by} ORDER BY remainder DESC, position)
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
        SELECT q.id, q.discount, seat.position, seat.price::numeric AS price,
            CASE WHEN q.discounted IS NULL OR seat.tier = ANY(q.discounted) THEN seat.price ELSE 0 END AS eligible
        FROM quotes q, unnest(q.tiers, q.prices) WITH ORDINALITY AS seat (tier, price, position)
    ) AS seats
"""
_ORDERS = """
    SELECT s.id, s.position, s.remaining, fee.number,
        fee.amount + round(sum(s.remaining) OVER (PARTITION BY s.id, fee.number) * fee.points / 10000) AS whole_fee
    FROM lefts s JOIN quotes q USING (id),
        unnest(q.per, q.fee_amounts, q.fee_points) WITH ORDINALITY AS fee (per, amount, points, number)
    WHERE fee.per = 'ORDER'
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
DIFFERENT = f"""
    WITH off AS MATERIALIZED ({_split(_SEATS, "id", "off", "eligible", "discount")}),
    lefts AS MATERIALIZED (SELECT id, position, price, discount, price - discount AS remaining FROM off),
    orders AS ({_split(_ORDERS, "id, number", "whole_fee", "remaining", "fee")}),
    tickets AS (
        SELECT s.id, s.position, fee.amount + round(s.remaining * fee.points / 10000) AS fee
        FROM lefts s JOIN quotes q USING (id), unnest(q.per, q.fee_amounts, q.fee_points) AS fee (per, amount, points)
        WHERE fee.per = 'TICKET'
    ),
    all_fees AS MATERIALIZED (
        SELECT id, position, coalesce(sum(fee), 0) AS fee FROM lefts
        LEFT JOIN (SELECT id, position, fee FROM orders UNION ALL SELECT * FROM tickets) AS fees USING (id, position)
        GROUP BY id, position
    ),
    parts AS ({_split(_TAXABLE, "id, number", "tax_part", "taxable", "part")}),
    computed AS (
        SELECT s.id, array_agg(s.discount::int ORDER BY s.position) AS discounts,
            array_agg(f.fee::int ORDER BY s.position) AS fees,
            array_agg(coalesce(p.tax_parts * p.part, 0)::int ORDER BY s.position) AS taxes,
            sum(s.remaining + f.fee + coalesce(p.tax_parts * p.part, 0)) AS with_tax,
            sum(s.remaining + f.fee) AS without
        FROM lefts s JOIN all_fees f USING (id, position) LEFT JOIN parts p USING (id, position) GROUP BY s.id
    )
    SELECT q.*, c.* FROM quotes q LEFT JOIN computed c USING (id)
    WHERE (q.discounts, q.fees, q.taxes, q.final) IS DISTINCT FROM
        (c.discounts, c.fees, c.taxes, CASE WHEN q.include_tax THEN c.without ELSE c.with_tax END::int)
"""
"""The quotes that PostgreSQL computes otherwise."""


@dataclass(frozen=True, slots=True)
class Seat:
    """A seat to quote."""

    tier: str
    price: int


def drawn(chance: random.Random) -> tuple[list[Seat], Rules]:
    """Draw one to six seats, and rules of which all that is paid can be counted."""
    unit = 10 ** chance.choice(DIGITS)

    def amount(most: int) -> int:
        whole = chance.randint(0, most)
        return whole if chance.random() < 0.5 else whole // unit * unit

    dearest = chance.choice((100, 10_000, 1_000_000, MAX_AMOUNT // 64))
    seats = [Seat(chance.choice(TIERS), amount(dearest)) for _ in range(chance.randint(1, 6))]
    discount = Discount(amount(dearest * 3), chance.choice((None, frozenset(chance.sample(TIERS, 2)))))
    fees = [
        Fee(chance.choice(tuple(Per)), amount(dearest // 10), chance.choice((0, 175, 333, chance.randint(0, 2_000))))
        for _ in range(chance.randint(0, 2))
    ]
    rates = [
        TaxRate(chance.choice((500, 1_800, 4_000, chance.randint(0, WHOLE))), chance.choice((None, amount(dearest))))
        for _ in range(chance.randint(0, 2))
    ]
    return seats, Rules(
        discount=discount if chance.random() < 0.6 else None,
        fees=fees,
        tax_rates=rates,
        prices_include_tax=chance.random() < 0.5,
        tax_parts=chance.randint(1, 2),
    )


def _row(number: int, seats: Sequence[Seat], rules: Rules, made: Quote) -> tuple[Any, ...]:
    discount = rules.discount or Discount(0)
    return (
        number,
        [seat.tier for seat in seats],
        [seat.price for seat in seats],
        discount.amount,
        None if discount.tiers is None else sorted(discount.tiers),
        [fee.per.value for fee in rules.fees],
        [fee.amount for fee in rules.fees],
        [fee.basis_points for fee in rules.fees],
        [rate.basis_points for rate in rules.tax_rates],
        [rate.up_to for rate in rules.tax_rates],
        rules.tax_parts,
        rules.prices_include_tax,
        [line.discount for line in made.lines],
        [line.fee for line in made.lines],
        [line.tax for line in made.lines],
        made.final_amount,
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
                    seats, rules = drawn(chance)
                    copy.write_row(_row(number, seats, rules, quote(seats, rules)))
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
