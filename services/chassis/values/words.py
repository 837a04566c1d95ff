"""Words: what texts and searches have in common, whatever signs, accents and capitals they are written with.

PostgreSQL's parser takes AC/DC for a file and St.Paul for a host, and where lc_ctype is C a rupee sign or a curly quote
is part of a word. So texts are taken apart here, into words that consist of letters, marks and digits only.
"""

import re
import unicodedata
from collections.abc import Iterator

from services.chassis.values.writing import key

MAX_WORD_CHARACTERS = 64
"""What is longer is no word that somebody would search by."""

_ACCENTS = re.compile("[\u0300-\u036f\u093c\u09bc\u0a3c\u0abc\u0b3c]")
"""Accents of European scripts, and the dot under Indian letters; vowel signs are letters, and stay."""
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i", "þ": "th", "ð": "d"})
_APOSTROPHES = re.compile("['\u2019\u02bc`]")


def words_of(text: str) -> list[str]:
    """Return the words of a text, in order."""
    return ["".join(word) for word in _split(_folded(text)) if len(word) <= MAX_WORD_CHARACTERS]


def _folded(text: str) -> str:
    """Return a text without what makes no difference to who searches."""
    decomposed = unicodedata.normalize("NFD", key(text).translate(_LETTERS))
    return _APOSTROPHES.sub("", unicodedata.normalize("NFC", _ACCENTS.sub("", decomposed)))


def _split(text: str) -> Iterator[list[str]]:
    word: list[str] = []
    for character in text:
        category = unicodedata.category(character)
        if category[0] in "LMN":
            word.append(character)
        elif category != "Cf":
            if word:
                yield word
            word = []
    if word:
        yield word
