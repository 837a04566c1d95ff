"""The shop in the visitor's language."""

from __future__ import annotations

from typing import Any

import pytest
from babel import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from google.protobuf.timestamp_pb2 import Timestamp

from stack.launcher import Stack
from tests.web.conftest import PASSWORD, Visitor, visiting
from tests.web.test_shop import session_of
from tests.web.texts import untranslated
from web import languages
from web.languages import FOLDER, NAMES, clock, day, money, ngettext, reader, tongue
from web.pages import Pages

WEB = FOLDER.parent
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]


@pytest.fixture
def reads() -> Any:
    """Read in a language, for this test alone."""
    before = languages.current()
    yield lambda tag: languages.use(Locale.parse(tag))
    languages.use(before)


def said() -> set[str]:
    """Return each sentence that the shop's code and templates say, as `make texts` finds them."""
    found = extract_from_dir(WEB, METHODS, {"templates/**.html": {"trimmed": "true"}})
    return {name[0] if isinstance(name, tuple) else name for _, _, name, _, _ in found}


def written(language: str) -> tuple[Catalog, dict[str, Message]]:
    """Return the catalogue of a language, and its sentences by what they are in English."""
    with (FOLDER / language / "LC_MESSAGES" / "web.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    return catalogue, {str(one.id[0] if isinstance(one.id, tuple) else one.id): one for one in catalogue if one.id}


@pytest.mark.parametrize("language", [name for name in NAMES if name != "en"])
def test_every_sentence_of_the_shop_is_translated(language: str) -> None:
    catalogue, sentences = written(language)
    assert sorted(said() - sentences.keys()) == [], "run `make texts`, then translate what is new"
    assert sorted(sentences.keys() - said()) == [], "run `make texts`: nobody says this any more"
    for name, sentence in sentences.items():
        parts = sentence.string if isinstance(sentence.string, tuple) else (sentence.string,)
        assert all(parts) and len(parts) == (catalogue.num_plurals if sentence.pluralizable else 1), name
        assert list(sentence.check(catalogue)) == [], f"its blanks differ: {name}"


def test_no_template_says_what_is_not_translated() -> None:
    files = sorted((WEB / "templates").rglob("*.html"))
    pages = {str(file): untranslated(file.read_text()) for file in files}
    assert {name: texts for name, texts in pages.items() if texts} == {}


@pytest.mark.parametrize(
    "template",
    [
        "<p>Sold out</p>",
        '<p>{{ _("Sold") }} out</p>',
        '<img alt="A picture">',
        '<button title="{{ price }} each">{{ price }}</button>',
        '<p>{{ number }} event{{ "" if number == 1 else "es" }}</p>',
        "<p>{% trans %}Total{% endtrans %}: all</p>",
    ],
)
def test_texts_that_are_not_translated_are_found(template: str) -> None:
    assert untranslated(template) != []
    assert untranslated('<p title="{{ _("Total") }}" class="wrong">{% trans %}Total{% endtrans %}</p>') == []


@pytest.mark.parametrize(
    ("cookie", "header", "locale"),
    [
        *(
            ("", "", "en_IN"),
            ("", "hi", "hi_IN"),
            ("", "en-US,en;q=0.9", "en_US"),
            ("", "ta,hi;q=0.5,en;q=0.2", "hi_IN"),
        ),
        *(("hi", "en-GB", "hi_IN"), ("en", "hi-IN,en-GB;q=0.4", "en_GB"), ("xx", "hi", "hi_IN")),
        *(("", "en-ZZ", "en_IN"), ("", "en-" + 100 * "x", "en_IN"), ("", "en-\u0000", "en_IN"), ("", "fr", "en_IN")),
    ],
)
def test_a_visitor_reads_what_they_chose_or_what_the_browser_asks_for(cookie: str, header: str, locale: str) -> None:
    assert str(reader(cookie, header)) == locale


def test_money_and_times_are_written_as_the_reader_does(reads: Any) -> None:
    # 5 December 2026, 14:00 UTC.
    evening = Timestamp(seconds=1_796_479_200)
    reads("en_IN")
    assert money(123_450_000, "INR") == "₹12,34,500.00"
    # ISO 4217 gives dinars of Iraq three digits, and yen none, whatever people do.
    assert [money(1_234, code).strip() for code in ("IQD", "JPY")] == ["IQD\u00a01.234", "JP¥1,234"]
    assert money(5, "XXX") == "XXX\u00a05 minor units"
    assert (day(evening, "Asia/Kolkata"), clock(evening, "Asia/Kolkata")) == (
        "Sat, 5 Dec 2026",
        "7:30\u202fPM (India Standard Time)",
    )
    reads("en_US")
    assert money(123_450_000, "INR") == "₹1,234,500.00"
    assert (day(evening, ""), tongue("hi-IN"), tongue("x-none")) == ("Sat, Dec 5, 2026", "Hindi", "x-none")
    reads("hi_IN")
    assert (day(evening, "Asia/Kolkata"), tongue("ta")) == ("शनि, 5 दिस॰ 2026", "तमिल")
    assert "भारतीय मानक समय" in clock(evening, "Asia/Kolkata")
    assert ngettext("%(number)s event", "%(number)s events", 2) == "%(number)s कार्यक्रम"


def test_what_fills_a_sentence_is_escaped(reads: Any) -> None:
    reads("hi_IN")
    environment = Pages("http://shop.example", most_seats=6)._environment
    page = environment.from_string("{% trans host=host %}Pay at {{ host }}{% endtrans %}").render(host="<b>")
    assert page == "&lt;b&gt; पर भुगतान करें"


def test_the_choice_in_the_footer_holds_on_every_page(stack: Stack, visitor: Visitor) -> None:
    english = visitor.http.get("/login?next=/events")
    assert '<html lang="en"' in english.text and english.headers["content-language"] == "en"
    assert "Accept-Language" in english.headers["vary"] and "Cookie" in english.headers["vary"]
    assert 'href="/language/hi?next=/login%3Fnext%3D/events"' in english.text
    chosen = visitor.http.get("/language/hi", params={"next": "/login?next=/events"})
    assert (chosen.status_code, chosen.headers["location"]) == (303, "/login?next=/events")
    page = visitor.get("/login?next=/events")
    assert '<html lang="hi"' in page and "पासवर्ड" in page and 'href="/language/en?' in page
    refused = visitor.send("/login", page, email="somebody@example.com", password="wrong")
    assert refused.status_code == 401 and "इस ईमेल पते और पासवर्ड का कोई खाता नहीं है" in refused.text
    wrong = visitor.send("/register", visitor.get("/register"), name="", email="no address", password="short")
    assert "ईमेल पता: 3 से 254 अक्षरों का ईमेल पता दें" in wrong.text
    assert "ऐसा कोई पेज नहीं है" in visitor.get("/nowhere", 404)
    visitor.register()
    kept = visitor.send("/profile/delete", visitor.get("/profile/delete"), password=PASSWORD + "!")
    assert "यह आपका पासवर्ड नहीं है" in kept.text
    assert visitor.http.get("/language/xx").status_code == 404
    assert visitor.http.get("/language/hi?next=//example.com").headers["location"] == "/"
    # Mails are written in the language that an account was made in, and in the one that its user changes to.
    session = session_of(stack, visitor)
    asked = {"params": {"userId": session.user_id}, "headers": {"authorization": f"Bearer {session.access_token}"}}
    assert visitor.http.get("/api/v1/preferences", **asked).json() == {"language": "hi", "reminders": True}
    visitor.http.get("/language/en")
    assert visitor.http.get("/api/v1/preferences", **asked).json() == {"language": "en", "reminders": True}
    with visiting(stack) as another:
        another.http.headers["accept-language"] = "hi-IN,hi;q=0.9,en;q=0.5"
        assert "इन दिनों क्या है" in another.get("/")
