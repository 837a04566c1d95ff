"""Edits of two tabs, or of two people: whoever saves second is told, and takes nothing back unseen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from web.languages import N_, _
from web.organizers.mistakes import Mistakes

MEANWHILE = N_("Meanwhile somebody else saved this. Open the page anew to see it; saved once more, yours replaces it.")
SIGNS = 16


def seen(said: Mapping[str, str]) -> str:
    """Return what stands for the values that a form is filled with."""
    return hashlib.sha256(json.dumps(sorted(said.items())).encode()).hexdigest()[:SIGNS]


def check(form: Mapping[str, str], said: Mapping[str, str], mistakes: Mistakes) -> None:
    """Note where a form was filled with other values than there are now."""
    if form.get("seen", seen(said)) != seen(said):
        mistakes.others.append(_(MEANWHILE))
