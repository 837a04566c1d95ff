"""What people write has one form, and what looks alike has one key."""

import unicodedata

import pytest
from boxoffice.inventory.v1 import catalog_pb2
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.errors import InvalidField
from services.chassis.values.writing import key, line, paragraphs
from services.chassis.wire.rules import check

FORMS = {
    " A ": "A",
    "\u00a0A\u3000": "A",
    "Screen   1": "Screen 1",
    "Screen\u2009\u00a01": "Screen 1",
    "Zoe\u0308": "Zoë",
    "\u0915\u093c": "\u0915\u093c",
    "\u0958": "\u0915\u093c",
    "   ": "",
    "\u2003\u00a0": "",
}
NEEDED = (
    "क्\u200dष",  # a half form, in Hindi
    "র\u200d্য",  # in Bengali the joiner comes before the sign
    "ශ්\u200dරී",
    "ക്\u200d",
    "می\u200cخواهم",  # between words, in Persian
    "👩\u200d❤️\u200d👨",
    "🏳️\u200d🌈",
    "👨🏽\u200d⚕️",
    "🙂\u200d↔️",
    "葛\U000e0100",
    "#️⃣",
    "🇮🇳",
)
UNSEEN = {
    "controls": ["a\x07", "a\tb", "a\nb", "a\rb", "\x7f", "a\x85b", "\0"],
    "directions": ["\u202eabc", "\u2066a", "a\u200e", "a\u061c"],
    "of no width": ["a\u200bb", "\ufeffa", "a\u2060b", "a\u00adb", "\U000e0041"],
    "joiners where they do nothing": [
        "a\u200db",
        "a\u200cb",
        "क\u200dx",
        "\u200d",
        "👩\u200d",
        "👩\u200d\u200d👨",
        "A\u200d1",
    ],
    "fillers": ["\u3164", "\u115f", "\uffa0", "\u2800", "a\u034f", "\u17b4"],
    "selectors and marks without a letter": ["\ufe0f", "a \ufe0f", "a\ufe0f\ufe0f", "\u0301", "a \u0301b", "\u093e"],
    "private, unassigned, none": ["\ue000", "\U000f0000", "\U0001fae8", "\u0378", "a\ufffe", "\U0010ffff", "\ud800"],
    "ends of lines": ["a\u2028b", "a\u2029b"],
}


@pytest.mark.parametrize(("text", "form"), FORMS.items())
def test_blanks_and_accents_have_one_form(text: str, form: str) -> None:
    assert line(text) == paragraphs(text).replace("   ", " ") == form or line(text) == form


@pytest.mark.parametrize("text", NEEDED)
def test_joiners_and_selectors_are_kept_where_scripts_and_emoji_need_them(text: str) -> None:
    assert line(text) == paragraphs(text) == text


@pytest.mark.parametrize("text", [text for texts in UNSEEN.values() for text in texts])
def test_what_is_not_seen_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^must not have U\+[0-9A-F]{4,6}"):
        line(text)


def test_paragraphs_keep_their_lines_and_tabs() -> None:
    assert paragraphs(" \n One\u00a0line \t\n\n\tanother  one\u2028a third\n ") == "One line\n\n\tanother  one\na third"
    with pytest.raises(ValueError, match=r"U\+000D"):
        paragraphs("a\r\nb")


@pytest.mark.parametrize(
    "alike",
    [
        ("A", "a", "Ａ", "Ⓐ", " A "),
        ("Zoë", "ZOE\u0308", "zoe\u0308"),
        ("Straße", "STRASSE"),
        ("क्\u200dष", "क्ष"),
        ("❤", "❤️"),
        ("Σ", "σ", "ς"),
        ("ﬁ", "FI"),
    ],
)
def test_what_looks_alike_has_one_key(alike: tuple[str, ...]) -> None:
    assert len({key(text) for text in alike}) == 1


def test_what_looks_different_has_keys_of_its_own() -> None:
    different = ["A", "B", "AA", "A 1", "A1", "1", "10", "Á", "क", "ख", "के", "कै", "🎬", "🎭"]
    assert len({key(text) for text in different}) == len(different)


@given(st.text(max_size=30))
def test_a_form_is_its_own_form_and_its_key_stays(text: str) -> None:
    for form in (line, paragraphs):
        try:
            kept = form(text)
        except ValueError:
            continue
        assert form(kept) == kept
        assert kept == kept.strip()
        assert unicodedata.is_normalized("NFC", kept)
        assert key(kept) == key(text) == key(key(text))
        assert bool(key(kept)) == bool(kept)


def test_a_text_of_blanks_is_none_and_a_form_is_bound_like_any_text() -> None:
    request = catalog_pb2.CreateVenueRequest(name=" \u3000", city=f" {'x' * 100} ")
    with pytest.raises(InvalidField) as refused:
        check(request)
    assert dict(refused.value.violations) == {
        "name": "must be a text of 1 to 200 characters in one line, without invisible ones"
    }
    assert request.city == "x" * 100


def test_a_request_tells_what_is_not_seen_and_where() -> None:
    section = catalog_pb2.CreateScreenRequest.Section(name="Stalls")
    section.rows.add(label="A", seat_count=1, tier=1)
    section.rows.add(label="\u200bA", seat_count=1, tier=1)
    request = catalog_pb2.CreateScreenRequest(
        venue_id="019aa4c8-5d5c-7b1e-9f6e-3b1f0c2d4e5a", name="1", sections=[section]
    )
    with pytest.raises(InvalidField) as refused:
        check(request)
    words = "must not have U+200B: it is not seen, or not known"
    assert refused.value.violations == (("sections[0].rows[1].label", words),)
