"""What the contracts say of pages they say in the same words, whatever is listed."""

import re

from tests.conftest import HERE

PROTOS = HERE.parent / "protos" / "boxoffice"
FIELD = re.compile(r"((?:^ *//.*\n)+)^ *(?:string|int32) (page_size|page_token|next_page_token) = ", re.MULTILINE)
SENTENCES = {
    "page_size": re.compile(
        r"How many [a-z]+ to return at most(; 1 to \d+, \d+ where it is absent\."
        r"|, for halls that are larger than one answer may be; 1 to 5,000\. Where it and `page_token` are absent, all"
        r" are returned\.)"
    ),
    "page_token": re.compile(r"`next_page_token` of the page before; absent for the first page\."),
    "next_page_token": re.compile(
        r"The token of the next page; empty on the last one(, and where pages are counted)?\."
    ),
}


def test_a_field_of_pages_is_described_in_the_same_words_everywhere() -> None:
    found = [
        (path.name, field, " ".join(re.findall(r"// ?(.*)", comment)))
        for path in sorted(PROTOS.rglob("*.proto"))
        for comment, field in FIELD.findall(path.read_text())
    ]
    assert len(found) > 60, "they are found"
    assert not [one for one in found if not SENTENCES[one[1]].fullmatch(one[2])]
