"""What is wrong with a form, field by field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import grpc

from boxoffice_client import BoxofficeError
from web.failures import words
from web.refusals import rule

STAYS = (
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.ALREADY_EXISTS,
)
"""After such a refusal the page stays, with what was typed."""

_INDEX = re.compile(r"\[\d+\]")


@dataclass(slots=True)
class Mistakes:
    """What is wrong, to be said at the fields and above them."""

    fields: dict[str, str] = field(default_factory=dict)
    """By the fields' names in the form."""
    others: list[str] = field(default_factory=list)
    """What stands at no field."""

    def __bool__(self) -> bool:
        return bool(self.fields or self.others)

    def add(self, name: str, text: str) -> None:
        """Note what is wrong with a field; the first is kept."""
        self.fields.setdefault(name, text)

    def take(self, error: BoxofficeError, names: Mapping[str, str]) -> None:
        """Note what a service refused; `names` has the form's name for fields of the request, or for a reason.

        An error after which no page stays is raised again, and so is what is about a hidden field.
        """
        if error.code not in STAYS:
            raise error
        if error.reason in names:
            self.add(names[error.reason], words(error))
            return
        for name, text in error.violations:
            known = names.get(name) or names.get(_INDEX.sub("", name))
            if known is None and name.endswith("Id"):
                raise error
            if known is None:
                self.others.append(f"{name}: {rule(text)}")
            else:
                self.add(known, rule(text))
        if not error.violations:
            self.others.append(words(error))
