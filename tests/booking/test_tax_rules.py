"""Tax by rules that are data: which rule counts, whose the parts of a tax are, and that lines add up."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from string import ascii_uppercase, digits
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.booking.pricing.domain import Discount, Fee, Per, Quote, Rules, TaxRate, quote
from services.booking.taxes import gstin
from services.booking.taxes.domain import Seller, ShowTax, TaxKind, TaxRule, TaxTerms, rules_at
from services.chassis.values.currencies import DIGITS
from tests.booking.drawn import Drawn, holds_for
from tests.cases import all_cases

NOW = datetime(2026, 11, 29, tzinfo=UTC)
DAY = timedelta(days=1)
CINEMA = (TaxRate(500, 100_00, "999614"), TaxRate(1800, None, "999614"))
INT32 = 2**31 - 1


@dataclass(frozen=True)
class Seat:
    price: int
    tier: str = "REGULAR"


def rule(
    basis_points: int,
    *,
    up_to: int | None = None,
    begins: datetime = NOW - DAY,
    ends: datetime | None = None,
    currency: str = "INR",
) -> TaxRule:
    return TaxRule(uuid4(), "IN", currency, "CINEMA", up_to, basis_points, "999614", begins, ends)


def terms(*rules: TaxRule, place: str = "27", tax_number: str = "27AAPFU0939F1ZV", country: str = "IN") -> TaxTerms:
    seller = Seller(uuid4(), "Regal", "Pune", country, "27", tax_number, "Asia/Kolkata")
    return TaxTerms(NOW, ShowTax(uuid4(), seller.id, place, "CINEMA", False), seller, rules)


def tax_on(price: int, rates: tuple[TaxRate, ...] = CINEMA, *, parts: int = 2, included: bool = False) -> int:
    return quote([Seat(price)], Rules(tax_rates=rates, tax_parts=parts, prices_include_tax=included)).tax_amount


def test_in_the_venues_own_state_the_tax_has_two_kinds_elsewhere_in_india_one_and_abroad_another() -> None:
    one = terms()
    assert one.seller.kinds("27") == (TaxKind.CGST, TaxKind.SGST)
    assert one.seller.kinds("29") == (TaxKind.IGST,)
    assert terms(country="SG").seller.kinds("") == (TaxKind.TAX,)
    assert [terms(place=place).tax_parts for place in ("27", "29")] == [2, 1]


def test_cgst_and_sgst_are_rounded_apart_and_may_differ_from_igst_by_a_paisa() -> None:
    # 18 % of 100.05: 9.0045 twice, or 18.009.
    assert (tax_on(100_05, parts=2), tax_on(100_05, parts=1)) == (18_00, 18_01)


def test_a_ticket_of_a_hundred_rupees_is_taxed_less_whether_the_tax_is_added_or_in_it() -> None:
    assert (tax_on(100_00), tax_on(100_01)) == (5_00, 18_00)
    # 105.00 with 5 % in it is 100.00 without.
    assert (tax_on(105_00, included=True), tax_on(105_02, included=True)) == (5_00, 16_02)


def test_the_fee_is_taxed_as_its_ticket_and_does_not_choose_the_rule() -> None:
    fee = Fee(Per.TICKET, amount=20_00)
    quoted = quote([Seat(100_00)], Rules(fees=[fee], tax_rates=CINEMA, tax_parts=2))
    assert (quoted.tax_amount, quoted.lines[0].tax_rate) == (6_00, CINEMA[0])
    cheaper = quote([Seat(110_00)], Rules(Discount(10_00), tax_rates=CINEMA, tax_parts=2))
    assert (cheaper.tax_amount, cheaper.final_amount) == (5_00, 105_00)


def test_the_rule_that_began_last_counts_from_its_first_instant_until_its_end() -> None:
    old, new = rule(2800, begins=NOW - 9 * DAY), rule(1800, begins=NOW, ends=NOW + DAY)
    found = [rules_at([new, old], at) for at in (NOW - timedelta.resolution, NOW, NOW + DAY, NOW - 10 * DAY)]
    assert found == [[old], [new], [old], []]


def test_of_each_bound_one_rule_counts_and_the_lowest_bound_comes_first() -> None:
    any_, low, lower = rule(1800), rule(1200, up_to=250_00), rule(500, up_to=100_00)
    assert rules_at([any_, low, lower, rule(4000, up_to=250_00, begins=NOW - 2 * DAY)], NOW) == [lower, low, any_]
    taxed = terms(any_, low, rule(900, currency="USD"))
    assert taxed.rates("INR", NOW) == (TaxRate(1200, 250_00, "999614"), TaxRate(1800, None, "999614"))


def test_a_seller_without_a_number_takes_no_tax() -> None:
    assert terms(rule(1800), tax_number="").rates("INR", NOW) == ()


BY_DIGITS = {places: sorted(code for code, found in DIGITS.items() if found == places)[0] for places in (0, 2, 3, 4)}
"""A currency of each number of digits. Amounts are minor units, so a quote needs no more than the largest of them."""


def check(quoted: Quote, rules: Rules) -> None:
    added = 0 if rules.prices_include_tax else 1
    for line in quoted.lines:
        net = line.price - line.discount + line.fee
        assert line.tax % rules.tax_parts == 0, "the parts of a line's tax are equal"
        assert 0 <= line.tax <= net + rules.tax_parts
        assert (line.tax_rate is not None) or line.tax == 0
    lines = quoted.lines
    assert quoted.tax_amount == sum(line.tax for line in lines)
    assert quoted.final_amount == sum(line.price - line.discount + line.fee + added * line.tax for line in lines)
    for rate in {line.tax_rate for line in lines if line.tax_rate}:
        of_rate = [line for line in lines if line.tax_rate == rate]
        taxable = sum(line.price - line.discount + line.fee for line in of_rate)
        whole = 10_000 + (rate.basis_points if rules.prices_include_tax else 0)
        exact = taxable * rate.basis_points
        tax = sum(line.tax for line in of_rate)
        assert abs(tax * whole - exact) * 2 <= rules.tax_parts * whole, "half a minor unit of each part at most"


@pytest.mark.timeout(300)  # ten thousand of them, also where bugs are planted beside other work
@holds_for(10_000, lambda drawn: drawn)
def test_lines_add_up_and_the_parts_of_every_tax_are_equal(drawn: Drawn) -> None:
    largest = min(1_000 * 10 ** drawn.one_of(sorted(BY_DIGITS)), INT32 // 12)
    seats = [Seat(price) for price in drawn.several(lambda: drawn.integer(1, largest), 1, 6)]
    discount = drawn.maybe(lambda: Discount(drawn.integer(0, largest)))
    fees = drawn.several(lambda: Fee(drawn.one_of(list(Per)), drawn.integer(0, 5_000), drawn.integer(0, 500)), 0, 2)
    rates = drawn.several(
        lambda: TaxRate(drawn.integer(0, 10_000), drawn.maybe(lambda: drawn.integer(0, 50_000))), 1, 3
    )
    rules = Rules(
        discount=discount,
        fees=fees,
        tax_rates=tuple(sorted(rates, key=lambda rate: (rate.up_to is None, rate.up_to or 0))),
        tax_parts=drawn.integer(1, 2),
        prices_include_tax=drawn.boolean(),
    )
    check(quote(seats, rules), rules)


def numbered(first: str) -> str:
    return first + gstin.check_digit(first)


def test_numbers_of_every_state_and_of_every_kind_that_sells_are_taken() -> None:
    with all_cases() as case:
        for state in sorted(gstin.REGISTERED_IN):
            for name, rest in (
                ("regular", "AAPFU0939F1Z"),
                ("tenth of its PAN", "AAPFU0939FAZ"),
                ("reserved sign", "AAPFU0939F11"),
                ("collects tax at source", "AAPFU0939F1C"),
                ("non-resident", "17SGP29001NR"),
            ):
                with case(f"{state}, {name}"):
                    assert gstin.refusal(numbered(state + rest)) is None
    # Published ones.
    assert [gstin.refusal(number) for number in ("27AAPFU0939F1ZV", "29AAGCB7383J1Z4")] == [None, None]


def test_numbers_that_nobody_sells_under_are_refused_in_plain_words() -> None:
    good = "27AAPFU0939F1ZV"
    with all_cases() as case:
        for number, words in (
            (good[:-1] + "W", "check digit"),
            ("27AAPFU0939F1Z", "15 capital letters"),
            (good.lower(), "15 capital letters"),
            (good + "\n", "15 capital letters"),
            ("27AAPFU093९F1ZV", "15 capital letters"),
            (numbered("40AAPFU0939F1Z"), "no state's code"),
            (numbered("00AAPFU0939F1Z"), "no state's code"),
            (numbered("27AAPF0093921D"[:14]), "15 capital letters"),
            (numbered("27MUMA12345A1D"), "sells no tickets"),
            (numbered("0717USA00123UN"), "sells no tickets"),
            (numbered("9917SGP29001OS"), "sells no tickets"),
        ):
            with case(number):
                assert words in (gstin.refusal(number) or "")


@settings(max_examples=2_000, deadline=None, database=None)
@given(st.sampled_from(sorted(gstin.STATES)), st.integers(0, 14), st.sampled_from(ascii_uppercase + digits))
def test_a_slip_in_one_character_is_found(state: str, position: int, other: str) -> None:
    number = numbered(f"{state}AAPFU0939F1Z")
    slipped = number[:position] + other + number[position + 1 :]
    assert (gstin.refusal(slipped) is None) == (slipped == number)
