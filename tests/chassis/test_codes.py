"""Codes of requests are those that somebody keeps a list of: countries, currencies and languages."""

import re
from collections.abc import Iterator
from importlib.resources import files

import pytest
from boxoffice.bank.v1 import bank_pb2
from boxoffice.booking.v1 import taxes_pb2
from boxoffice.inventory.v1 import catalog_pb2
from boxoffice.text.v1 import text_pb2
from google.protobuf.message import Message

from services.chassis.errors import InvalidField
from services.chassis.values.countries import COUNTRIES
from services.chassis.values.currencies import DIGITS, SOLD, money
from services.chassis.values.texts import settle
from services.chassis.wire.rules import check
from tests.test_contracts import FIELDS

NO_MONEY = ["XXX", "XTS", "XAU", "XAG", "XPT", "XPD", "XDR", "XUA", "XSU", "XBA", "XBB", "XBC", "XBD"]
FUNDS = ["BOV", "CHE", "CHW", "CLF", "COU", "MXV", "USN", "UYI", "UYW", "XAD"]
WITHDRAWN = ["DEM", "HRK", "BGN", "CUC", "ZWL", "SLL", "ANG"]
NO_CODES = ["ZZZ", "AAA", "QQQ", "inr", "Inr", "IN", "INRR", "1NR", "₹", "INR "]

NO_COUNTRIES = ["ZZ", "AA", "XX", "QQ", "UK", "EU", "UN", "AC", "SU", "YU", "AN", "BU", "in", "I", "IND", "419", "I\0"]


def refusal(message: Message) -> dict[str, str]:
    """Return how the texts of a message are refused, by field."""
    with pytest.raises(InvalidField) as refused:
        check(message)
    violations = dict(refused.value.violations)
    return {field: words for field, words in violations.items() if field in ("country", "currency", "language")}


@pytest.mark.parametrize("code", [*NO_MONEY, *FUNDS, *WITHDRAWN, *NO_CODES])
def test_a_show_is_not_sold_for_what_nobody_pays_with(code: str) -> None:
    violations = refusal(catalog_pb2.CreateShowRequest(currency=code))
    assert violations == {"currency": "must be the ISO 4217 code of a currency that people pay with, such as INR"}


@pytest.mark.parametrize("code", [*NO_MONEY, *WITHDRAWN, *NO_CODES])
def test_the_bank_opens_no_session_over_what_has_no_minor_units(code: str) -> None:
    violations = refusal(bank_pb2.CreateSessionRequest(currency=code))
    assert violations == {"currency": "must be an ISO 4217 code that has minor units, such as INR"}


def test_every_currency_that_a_country_uses_is_sold_and_is_known_to_the_bank() -> None:
    assert len(SOLD) > 150
    assert SOLD.isdisjoint([*NO_MONEY, *FUNDS, *WITHDRAWN])
    for code in SOLD:
        assert not list(settle(catalog_pb2.CreateShowRequest(currency=code)))
        assert not list(settle(bank_pb2.CreateSessionRequest(currency=code)))
    assert not list(settle(catalog_pb2.CreateShowRequest()))


def listed() -> Iterator[tuple[str, str]]:
    """Yield the codes and minor units of ISO's list, read anew."""
    table = files("iso4217").joinpath("table.xml").read_text(encoding="utf-8")
    yield from set(re.findall(r"<Ccy>(\w+)</Ccy>\s*<CcyNbr>\d+</CcyNbr>\s*<CcyMnrUnts>([^<]+)<", table))


def test_amounts_are_written_with_the_digits_of_the_list() -> None:
    codes = dict(listed())
    assert len(codes) > 170
    for code, digits in codes.items():
        if digits == "N.A.":
            assert code not in DIGITS
            continue
        written = re.sub(r"[^\d.]", "", money(10_500_005, code))
        assert float(written) == 10_500_005 / 10 ** int(digits), code
        assert len(written.partition(".")[2]) == int(digits), code


@pytest.mark.parametrize(
    "tag", ["hi", "en-IN", "ta", "mni-Mtei", "zh-Hant-TW", "sr-Latn", "es-419", "de-1996", "hi-Deva-IN", "mul", "zxx"]
)
def test_a_language_tag_is_kept_with_its_letters_as_usual(tag: str) -> None:
    for text in (tag, tag.lower(), tag.upper()):
        request = catalog_pb2.CreateEventRequest(language=text)
        assert not list(settle(request))
        assert request.language == tag


@pytest.mark.parametrize("kind", [catalog_pb2.CreateEventRequest, catalog_pb2.CreateMovieRequest])
@pytest.mark.parametrize(
    "tag",
    [
        *("zz", "xx", "xx-YY", "jp", "en-UK", "en-XX", "en-ZZ", "en-AA", "qaa", "hi-Qaaa", "eng", "hindi", "hi_IN"),
        *("US", "en-US-IN", "en-US-Latn", "de-9999", "sl-rozaj-rozaj", "en-hi", "x-mine", "english please", "en\0"),
        *("en-", "-", "en--IN", "en-u-xx", "en-x-mine"),
    ],
)
def test_a_language_tag_that_stands_for_nothing_is_refused(kind: type[Message], tag: str) -> None:
    violations = refusal(kind(language=tag))
    assert violations == {"language": "must be a language tag with parts that IANA's registry has, such as hi or en-IN"}


@pytest.mark.parametrize(("tag", "better"), [("iw", "he"), ("in", "id"), ("zh-cmn", "cmn"), ("en-BU", "MM")])
def test_who_uses_an_old_code_is_told_the_new_one(tag: str, better: str) -> None:
    assert refusal(catalog_pb2.CreateMovieRequest(language=tag))["language"].endswith(f" is out of use: say {better}")


@pytest.mark.parametrize("kind", [taxes_pb2.SetSellerRequest, taxes_pb2.SetTaxRuleRequest])
def test_a_country_is_one_that_there_is(kind: type[Message]) -> None:
    assert len(COUNTRIES) == 249, "of ISO's list"
    for code in COUNTRIES:
        assert not list(settle(kind(country=code)))
    assert not list(settle(kind()))
    for code in NO_COUNTRIES:
        refused = {"country": "must be the ISO 3166 code of a country in two capital letters, such as IN"}
        assert refusal(kind(country=code)) == refused, code


def test_every_code_that_can_be_sent_says_of_what_list_it_is() -> None:
    codes = {
        field.full_name: field.GetOptions().Extensions[text_pb2.text]
        for field in FIELDS
        if re.search(r"currency|language|locale|country|region|zone", field.name)
    }
    assert {name.removeprefix("boxoffice."): text_pb2.Text.Kind.Name(kind) for name, kind in codes.items()} == {
        "inventory.v1.CreateEventRequest.language": "LANGUAGE",
        "inventory.v1.CreateMovieRequest.language": "LANGUAGE",
        "inventory.v1.CreateShowRequest.currency": "CURRENCY",
        "bank.v1.CreateSessionRequest.currency": "LISTED_CURRENCY",
        # Money that was taken is settled whatever it is called: a code may leave the list meanwhile.
        "booking.v1.BatchRecordCapturesRequest.Capture.currency": "KIND_UNSPECIFIED",
        "booking.v1.CouponTerms.currency": "CURRENCY",
        "booking.v1.SetTaxRuleRequest.currency": "CURRENCY",
        "booking.v1.SetSellerRequest.country": "COUNTRY",
        "inventory.v1.UpdateEventRequest.language": "LANGUAGE",
        # Services look these up.
        "booking.v1.SetSellerRequest.time_zone": "KIND_UNSPECIFIED",
        "inventory.v1.CreateVenueRequest.time_zone": "KIND_UNSPECIFIED",
        "inventory.v1.UpdateVenueRequest.time_zone": "KIND_UNSPECIFIED",
        "booking.v1.SetTaxRuleRequest.country": "COUNTRY",
        # Not any language, but those of papers and mails.
        "booking.v1.RenderCalendarRequest.language": "KIND_UNSPECIFIED",
        "booking.v1.RenderInvoiceRequest.language": "KIND_UNSPECIFIED",
        "booking.v1.RenderTicketsRequest.language": "KIND_UNSPECIFIED",
        "notifications.v1.SetPreferencesRequest.language": "KIND_UNSPECIFIED",
    }
