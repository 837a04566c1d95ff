"""What people write: the one form in which a text is kept, and the key that texts share which nobody can tell apart.

A text is kept in NFC, without blanks around it, every blank in it a plain space. It has no character that is not seen
(controls, directions, joiners where they do nothing, fillers) and none that this Python's Unicode does not know: of
that one nobody could say what it looks like, or what its small letter is.
"""

import re
import unicodedata

MAX_CHARACTERS = 20_000
"""Texts longer than this are left as they are. No field takes one."""

_BLANKS = re.compile(r"[^\S\n\r\t\x0b\x0c\x1c-\x1f\x85\u2028\u2029]")
_FILLERS = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0]")
"""Letters and marks that look like nothing."""

_JOINERS = "\u200c\u200d"
_SELECTOR = "[\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]"
"""Chooses how the character before it looks, such as that of an emoji in colour."""
_STRAY_SELECTOR = re.compile(f"(?:^|[ \t\n]|{_SELECTOR}){_SELECTOR}")
_FIRST_OF_WORD = re.compile(r"(?:^|[ \t\n])([^ \t\n])")
_NOT_COMPARED = re.compile(f"{_SELECTOR}|{_FILLERS.pattern}|[{_JOINERS}]")

_VIRAMA = 9
"""The combining class of the signs that join consonants in Indian scripts."""
_CURSIVE = ("ARABIC ", "SYRIAC ", "MONGOLIAN ", "NKO ", "ADLAM ")
_PICTURES = ("So", "Sk", "Sm", "Mn")
"""Categories of what emoji are put together of."""


def line(text: str) -> str:
    """Return the form of a text in one line; raise ValueError, in words for people, if something in it is not seen."""
    if len(text) > MAX_CHARACTERS:
        return text
    text = re.sub(" +", " ", _spaced(text)).strip(" ")
    _check(text, "")
    return text


def paragraphs(text: str) -> str:
    """Return the form of a text that may have several lines, and tabs; raise ValueError as `line` does."""
    if len(text) > MAX_CHARACTERS:
        return text
    text = re.sub("[\u2028\u2029]", "\n", _spaced(text))
    text = re.sub(r"[ \t]+\n", "\n", text).strip(" \t\n")
    _check(text, "\n\t")
    return text


def seen(text: str) -> str:
    """Return a text as it is; raise ValueError as `line` does."""
    if len(text) <= MAX_CHARACTERS:
        _check(text.strip(), "")
    return text


def key(text: str) -> str:
    """Return what a text has in common with all that look like it: wide and narrow, large and small letters are one."""
    for _ in range(2):
        text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKD", text).casefold())
    return " ".join(_NOT_COMPARED.sub("", text).split())


def _spaced(text: str) -> str:
    return text if text.isascii() else _BLANKS.sub(" ", unicodedata.normalize("NFC", text))


def _check(text: str, controls: str) -> None:
    """Raise ValueError if something is in a text that is not seen, but for some controls."""
    if text.isascii() and text.isprintable():
        return
    for index, character in enumerate(text):
        if not character.isprintable() and character not in controls and not _joins(text, index):
            raise _unseen(character)
    for found in (_FILLERS.search(text), _STRAY_SELECTOR.search(text)):
        if found is not None:
            raise _unseen(found[0][-1])
    for first in _FIRST_OF_WORD.finditer(text):
        if unicodedata.category(first[1]).startswith("M"):
            raise ValueError(f"must not have {_name(first[1])} without a letter before it")


def _joins(text: str, index: int) -> bool:
    """Tell whether what stands there is a joiner that does something: in Indian, in cursive scripts, between emoji."""
    if text[index] not in _JOINERS or index == 0:
        return False
    before, after = text[index - 1], text[index + 1 : index + 2]
    if unicodedata.combining(before) == _VIRAMA or (after and unicodedata.combining(after) == _VIRAMA):
        return True
    zwj = text[index] == "\u200d"
    if unicodedata.name(before, "").startswith(_CURSIVE):
        return zwj or unicodedata.name(after or " ", "").startswith(_CURSIVE)
    pictures = unicodedata.category(before) in _PICTURES and after and unicodedata.category(after) in _PICTURES[:3]
    return bool(zwj and pictures)


def _unseen(character: str) -> ValueError:
    return ValueError(f"must not have {_name(character)}: it is not seen, or not known")


def _name(character: str) -> str:
    return f"U+{ord(character):04X}"
