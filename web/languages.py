"""The languages of the shop: which one a visitor reads, and sentences, times and money in it.

Sentences are written in English where they are used, as `_("…")`; `N_("…")` marks one that is said later. The
catalogues are files of gettext (`web/locale/*/LC_MESSAGES/web.po`), which are read as they are when the shop starts.
`make texts` brings them up to date. Times and money are written as the reader's locale writes them (Babel, CLDR).
"""

from __future__ import annotations

import re
from contextvars import ContextVar
from copy import copy
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale, localedata
from babel.dates import format_skeleton, format_time, get_timezone_name
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, get_currency_symbol
from babel.support import NullTranslations, Translations
from google.protobuf.timestamp_pb2 import Timestamp

from services.chassis.values.currencies import DIGITS
from services.chassis.values.currencies import money as plain_money
from services.chassis.values.spoken import chosen

FOLDER = Path(__file__).parent / "locale"

NAMES = {"en": "English", "hi": "हिन्दी"}
"""The languages that there are pages in, each as itself calls it; the first is that of the source."""

COOKIE = "language"
"""What a visitor chose; empty or another: what the browser asks for."""

_LARGEST_HEADER = 500
_REGIONAL = re.compile(r"[a-z]{2}-[a-z]{2}", re.IGNORECASE)


def _home(language: str) -> Locale:
    """Return the locale of who says a language and no region."""
    return Locale(language, "IN")


_reader: ContextVar[Locale] = ContextVar("reader")


def reader(cookie: str, header: str) -> Locale:
    """Return the locale of a visitor: by the choice that the cookie holds, else by the header Accept-Language.

    The region is that of the header's first tag of the language, else India.
    """
    language = cookie if cookie in NAMES else chosen(header, tuple(NAMES))
    tags = (part.partition(";")[0].strip() for part in header[:_LARGEST_HEADER].split(","))
    regional = (tag for tag in tags if _REGIONAL.fullmatch(tag) and tag[:2].lower() == language)
    return _regional(next(regional, "")) or _home(language)


@lru_cache(maxsize=200)
def _regional(tag: str) -> Locale | None:
    """Return the locale of a tag with a region; None: there is none."""
    language, _, region = tag.partition("-")
    return Locale(language.lower(), region.upper()) if localedata.exists(tag.replace("-", "_")) else None


def use(locale: Locale) -> None:
    """Answer the request at hand in this locale."""
    _reader.set(locale)


def current() -> Locale:
    """Return the locale of the request at hand."""
    return _reader.get(_home("en"))


def language() -> str:
    """Return the language of the request at hand, a key of NAMES."""
    return str(current().language)


@cache
def _catalogue(language: str) -> NullTranslations:
    """Return the sentences of a language; those of the source are their own."""
    file = FOLDER / language / "LC_MESSAGES" / "web.po"
    if not file.exists():
        return NullTranslations()
    compiled = BytesIO()
    with file.open("rb") as text:
        write_mo(compiled, read_po(text, locale=language, abort_invalid=True))
    compiled.seek(0)
    return Translations(compiled)


def load() -> None:
    """Read each catalogue, so that one that cannot be read keeps the shop from starting."""
    for each in NAMES:
        _catalogue(each)


def _(sentence: str) -> str:
    """Return a sentence in the visitor's language."""
    return str(_catalogue(language()).gettext(sentence)) if sentence else ""


def ngettext(one: str, many: str, number: int) -> str:
    """Return a sentence in the visitor's language, as it is for so many."""
    return str(_catalogue(language()).ngettext(one, many, number))


def N_(sentence: str) -> str:
    """Mark a sentence that is said later, by `_`."""
    return sentence


def local(time: Timestamp, zone: str) -> datetime:
    """Return a time as the clocks of a zone show it; where none is given, in UTC."""
    return time.ToDatetime(tzinfo=UTC).astimezone(ZoneInfo(zone or "UTC"))


def day(time: Timestamp, zone: str) -> str:
    """Write a day, such as Sat, 5 Dec 2026."""
    return format_skeleton("yMMMEd", local(time, zone), locale=current())


def short_day(value: date) -> str:
    """Write a day of these weeks, such as 5 Dec."""
    return format_skeleton("MMMd", datetime.combine(value, datetime.min.time()), locale=current())


def clock(time: Timestamp, zone: str) -> str:
    """Write a time of day and the zone it is in, such as 7:30 PM (India Standard Time)."""
    at = local(time, zone)
    return f"{format_time(at, 'short', locale=current())} ({get_timezone_name(at, 'long', locale=current())})"


def money(amount: int, currency: str) -> str:
    """Write an amount of minor units, such as ₹12,34,500.00.

    The digits behind the point are those that ISO 4217 gives a currency: Babel's own are others (IQD 0, ISO 3).
    """
    return _money(amount, currency, current())


@lru_cache(maxsize=5_000)
def _money(amount: int, currency: str, locale: Locale) -> str:
    digits = DIGITS.get(currency)
    if digits is None:
        return plain_money(amount, currency)
    pattern = copy(locale.currency_formats["standard"])
    pattern.frac_prec = (digits, digits)
    if get_currency_symbol(currency, locale)[-1].isalpha():
        # As CLDR has it for signs that are letters, which Babel leaves out: CHF 12.00.
        pattern.prefix = tuple(part.replace("¤", "¤\u00a0") for part in pattern.prefix)
    return str(pattern.apply(Decimal(amount).scaleb(-digits), locale, currency=currency, currency_digits=False))


def number(value: float | Decimal) -> str:
    """Write a number, such as 12,34,500 or 4.5."""
    return format_decimal(value, locale=current())


def tongue(tag: str) -> str:
    """Write the language that a tag (BCP 47) names; the tag itself where it has no name."""
    name = current().languages.get(tag.partition("-")[0].lower())
    return str(name) if name else tag
