"""Paths of the shop that a request may name."""

from __future__ import annotations

import re
from urllib.parse import unquote

HOME = "/"

LONGEST = 2_000
_PLAIN = re.compile(r"/(?!/)[^\\\x00-\x20\x7f]*")
"""A path of this host, with a query or without: no second slash, no backslash, no space, no control character."""


def own(path: str | None) -> str:
    """Return a path where a visitor may be sent on to: this one, or the first page where it is not one of ours.

    What looks like a path and is another site's to a browser, such as //host or /\\host, is none, also where it is
    written with per cent signs.
    """
    if not path or len(path) > LONGEST:
        return HOME
    if not _PLAIN.fullmatch(path):
        return HOME
    seen, following = "", path
    while following != seen:  # as often as it is encoded
        seen = following
        path_alone = seen.partition("?")[0]
        if not _PLAIN.fullmatch(path_alone):
            return HOME
        following = unquote(path_alone, errors="replace")
    return path
