"""Searches: what somebody has typed, and what they may have meant."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from services.chassis.errors import InvalidField
from services.chassis.values.words import words_of

MAX_WORDS = 8
MAX_ALTERNATIVES = 20
"""Words that are searched beside one that was typed."""

_QUOTES = re.compile("[\u201c\u201d\u201e\u00ab\u00bb\u300c\u300d]")


class Sort(StrEnum):
    """What events are ordered by."""

    RELEVANCE = "RELEVANCE"
    """Best match first."""
    NEWEST = "NEWEST"
    DATE = "DATE"
    """By their next show."""
    PRICE = "PRICE"
    """By their cheapest seat."""
    PRICE_DESCENDING = "PRICE_DESCENDING"
    TITLE = "TITLE"


def grams_of(word: str) -> list[str]:
    """Return the trigrams of a word, and its letters in order, which words share of which two letters are swapped."""
    padded = f"  {word} "
    return sorted({padded[i : i + 3] for i in range(len(padded) - 2)} | {"=" + "".join(sorted(word))})


@dataclass(frozen=True, slots=True)
class Query:
    """What somebody searches for."""

    words: Sequence[str]
    websearch: str
    """The same as websearch_to_tsquery reads it: with quotes, `or` and minus signs where they were typed."""

    @property
    def is_plain(self) -> bool:
        """Tell whether it is words alone. Only those are completed, and their slips forgiven."""
        return self.websearch == " ".join(self.words) and "or" not in self.words


def parse_query(text: str) -> Query | None:
    """Return what is searched for, or None for the empty text; raise InvalidField where it has no word or too many."""
    if not text:
        return None
    words = words_of(text)
    if not words:
        raise InvalidField(("q", "must have a letter or a digit"))
    if len(words) > MAX_WORDS:
        raise InvalidField(("q", f"must have {MAX_WORDS} words at most"))
    *pieces, last = _QUOTES.sub('"', text).split('"')
    parts: list[str] = []
    for index, piece in enumerate(pieces):
        parts += _quoted(words_of(piece)) if index % 2 else _unquoted(piece)
    return Query(words, " ".join([*parts, *_unquoted(last)]))


def _quoted(words: Sequence[str]) -> list[str]:
    return [f'"{" ".join(words)}"'] if words else []


def _unquoted(text: str) -> Iterator[str]:
    """Yield the words outside of quotes; one behind a minus sign that stands before it is excluded."""
    for blank in text.split():
        words = words_of(blank)
        if blank.startswith("-") and words:
            yield "-" + _quoted(words)[0]
        else:
            yield from words


def alternatives(typed: str, found: Iterable[str]) -> list[str]:
    """Return those of some words which somebody may have meant who typed another one, the closest first."""
    slips = 0 if len(typed) < 3 else 1 if len(typed) < 8 else 2
    near = sorted((distance, word) for word in found if (distance := _distance(typed, word, slips)) <= slips)
    return [word for _, word in near[:MAX_ALTERNATIVES]]


def _distance(one: str, other: str, most: int) -> int:
    """Return how many letters are missing, too many, wrong or swapped with the next one; `most` + 1 for more."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before, row = [0] * (len(other) + 1), list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        above_before, before, row = before, row, [i]
        for j, its in enumerate(other, 1):
            row.append(min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != its)))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == its:
                row[j] = min(row[j], above_before[j - 2] + 1)
    return row[-1]
