"""Quotes: lines add up to the minor unit in every currency, whatever the rules; nothing is below nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor

from services.booking.pricing.domain import (
    NO_RULES,
    WHOLE,
    Discount,
    Fee,
    Line,
    Payer,
    Per,
    Quote,
    Rules,
    TaxRate,
    quote,
    share,
    split,
)
from tests.booking.drawn import Drawn, holds_for

INT32_MAX = 2**31 - 1
SEATS = 100
DIGITS = (0, 2, 3, 4)
"""Of a currency's minor unit: JPY, INR, KWD, CLF."""


@dataclass(frozen=True)
class Seat:
    tier: str
    price: int


def whole_units(drawn: Drawn, digits: int, most: int) -> int:
    """Return an amount of a currency up to `most`: often a round one, as people set them."""
    unit = 10**digits
    return drawn.integer(0, most // unit) * unit if drawn.boolean() else drawn.integer(0, most)


def priced(drawn: Drawn) -> tuple[list[Seat], Rules]:
    """Return seats, up to five or many times five, and rules of which all that is paid fits."""
    digits, times = drawn.one_of(DIGITS), drawn.one_of((1, 1, 1, SEATS // 5))
    most = INT32_MAX // 8 // (5 * times)

    def fee() -> Fee:
        amount = whole_units(drawn, digits, most // 4)
        return Fee(
            drawn.one_of(list(Per)), amount, drawn.integer(0, WHOLE // 4), drawn.one_of(list(Payer)), drawn.boolean()
        )

    def discount() -> Discount:
        tiers = drawn.maybe(lambda: frozenset(drawn.several(lambda: drawn.one_of(["REGULAR", "VIP", "PREMIUM"]), 0, 3)))
        return Discount(whole_units(drawn, digits, INT32_MAX), tiers)

    def rate() -> TaxRate:
        points = drawn.integer(0, WHOLE) if drawn.boolean() else drawn.one_of([0, 500, 1_800, 2_800, 3_333])
        return TaxRate(points, drawn.maybe(lambda: whole_units(drawn, digits, most)))

    seats = drawn.several(lambda: Seat(drawn.one_of(["REGULAR", "VIP"]), whole_units(drawn, digits, most)), 1, 5)
    rules = Rules(drawn.maybe(discount), drawn.several(fee, 0, 3), drawn.several(rate, 0, 2), drawn.boolean())
    return seats * times, rules


@holds_for(10_000, priced)
def test_lines_add_up_to_what_is_paid_and_nothing_is_below_nothing(example: tuple[list[Seat], Rules]) -> None:
    seats, rules = example
    made = quote(seats, rules)
    assert [line.price for line in made.lines] == [seat.price for seat in seats]
    of_lines = [
        line.price - line.discount + line.fee + (0 if rules.prices_include_tax else line.tax) for line in made.lines
    ]
    assert sum(of_lines) == made.final_amount
    assert 0 <= made.final_amount <= INT32_MAX
    for line in made.lines:
        assert 0 <= line.discount <= line.price
        assert min(line.fee, line.tax) >= 0
        if rules.prices_include_tax:
            assert line.tax <= line.price - line.discount + line.fee, "it is in what is paid"
    assert_discount(seats, rules, made)
    assert_fees(rules, made)
    assert_taxes(rules, made)


def assert_discount(seats: Sequence[Seat], rules: Rules, made: Quote) -> None:
    """The discount is what the rule says, as far as the seats that it is for cost so much."""
    if rules.discount is None:
        assert made.discount_amount == 0
        return
    eligible = [rules.discount.tiers is None or seat.tier in rules.discount.tiers for seat in seats]
    cost = sum(seat.price for seat, may in zip(seats, eligible, strict=True) if may)
    assert made.discount_amount == min(rules.discount.amount, cost)
    assert all(may or line.discount == 0 for line, may in zip(made.lines, eligible, strict=True))


def assert_fees(rules: Rules, made: Quote) -> None:
    """No fee is further from its exact share than half a minor unit for each time that it is rounded.

    What comes back with the last seat and what stays are such fees with the tax on them, to a minor unit for each seat.
    """
    left = [line.price - line.discount for line in made.lines]

    def exact(*fees: Fee) -> tuple[Fraction, Fraction]:
        """Return what fees come to, and how far that may be from what they are rounded to."""
        times = [len(left) if fee.per == Per.TICKET else 1 for fee in fees]
        shares = [Fraction(sum(left) * fee.basis_points, WHOLE) for fee in fees]
        amounts = [fee.amount * of for fee, of in zip(fees, times, strict=True)]
        return sum(amounts) + sum(shares, Fraction(0)), Fraction(sum(times), 2)

    of_buyer = [fee for fee in rules.fees if fee.payer == Payer.BUYER]
    of_organizer = [fee for fee in rules.fees if fee.payer == Payer.ORGANIZER]
    for amount, fees in ((made.fee_amount, of_buyer), (made.organizer_fee_amount, of_organizer)):
        fee_amount, rounding = exact(*fees)
        assert abs(amount - fee_amount) <= rounding
    of_order = exact(*(fee for fee in of_buyer if fee.refundable and fee.per == Per.ORDER))
    unrefundable = exact(*(fee for fee in of_buyer if not fee.refundable))
    for name, (fee_amount, rounding) in (("order_amount", of_order), ("unrefundable_amount", unrefundable)):
        amounts = [getattr(line, name) for line in made.lines]
        assert all(0 <= amount <= line.fee + line.tax for amount, line in zip(amounts, made.lines, strict=True))
        if rules.prices_include_tax or not made.tax_amount:
            assert abs(sum(amounts) - fee_amount) <= rounding
        assert (sum(amounts) > 0) >= (fee_amount - rounding > 0), "what is not nothing is not forgotten"
    for line in made.lines:
        own = line.price - line.discount + line.fee + (0 if rules.prices_include_tax else line.tax)
        assert line.order_amount + line.unrefundable_amount <= own - (line.price - line.discount)


def assert_taxes(rules: Rules, made: Quote) -> None:
    """The tax of each rate is rounded once for all its seats."""
    exact, rates = Fraction(0), set()
    for line in made.lines:
        left = line.price - line.discount
        fits = [rate for rate in rules.tax_rates if rate.up_to is None or without_tax(left, rate, rules) <= rate.up_to]
        rate = line.tax_rate
        assert rate == (fits[0] if fits else None)
        if rate is None:
            assert line.tax == 0
            continue
        rates.add(rate)
        of = WHOLE + rate.basis_points * rules.prices_include_tax
        exact += Fraction((left + line.fee) * rate.basis_points, of)
    assert abs(made.tax_amount - exact) <= Fraction(len(rates), 2)


def without_tax(amount: int, rate: TaxRate, rules: Rules) -> int:
    """Return what is left of an amount, half a minor unit up, if its tax is in it."""
    if not rules.prices_include_tax:
        return amount
    in_it = Fraction(amount * rate.basis_points, WHOLE + rate.basis_points)
    return amount - floor(in_it + Fraction(1, 2))


@holds_for(2_000, lambda drawn: drawn, size=5 * (SEATS + 2))
def test_parts_add_up_and_are_nearest_to_their_shares(drawn: Drawn) -> None:
    amount = drawn.integer(0, INT32_MAX)
    weights = drawn.several(lambda: drawn.integer(0, INT32_MAX), 1, SEATS)
    parts = split(amount, weights)
    whole = sum(weights) or len(weights)
    exact = [Fraction(amount * (weight if sum(weights) else 1), whole) for weight in weights]
    assert sum(parts) == amount
    assert all(abs(part - share_) < 1 for part, share_ in zip(parts, exact, strict=True))
    up = [(share_ % 1, -at) for at, (part, share_) in enumerate(zip(parts, exact, strict=True)) if part > share_]
    down = [(share_ % 1, -at) for at, (part, share_) in enumerate(zip(parts, exact, strict=True)) if part < share_]
    assert not up or not down or min(up) > max(down), "the largest remainders are rounded up, the earlier first"


def test_what_is_left_over_goes_to_the_largest_remainder_and_then_to_the_earlier_seat() -> None:
    assert split(100, [1, 1, 1]) == [34, 33, 33]
    assert split(10, [1, 5, 4]) == [1, 5, 4]
    assert split(5, [3, 3, 4]) == [2, 1, 2]
    assert split(7, [0, 0]) == [4, 3]


def test_half_a_minor_unit_is_rounded_up() -> None:
    assert [share(25, 200), share(24, 200), share(76, 200)] == [1, 0, 2]
    assert share(11_800, 1_800, WHOLE + 1_800) == 1_800


def test_without_rules_the_seats_prices_are_paid() -> None:
    assert quote([Seat("VIP", 30_000), Seat("REGULAR", 20_000)], NO_RULES) == Quote([Line(30_000), Line(20_000)], False)


def test_a_discount_comes_before_fees_and_taxes_are_on_both() -> None:
    rules = Rules(
        discount=Discount(5_000, frozenset({"VIP"})),
        fees=[Fee(Per.TICKET, basis_points=1_000), Fee(Per.ORDER, amount=100)],
        tax_rates=[TaxRate(500, up_to=20_000), TaxRate(1_800)],
    )
    made = quote([Seat("VIP", 30_000), Seat("REGULAR", 20_000)], rules)
    low, high = rules.tax_rates
    # Of the fee of 1.00, which has 55.6 % and 44.4 % of what is left, the first has 18 % tax on it, the second 5 %.
    of_order = [56 + 10, 44 + 2]
    assert made.lines == [
        Line(30_000, 5_000, 2_556, 4_960, high, of_order[0]),
        Line(20_000, 0, 2_044, 1_102, low, of_order[1]),
    ]
    assert made.final_amount == 50_000 - 5_000 + 4_600 + 6_062
