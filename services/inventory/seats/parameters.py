"""Parameters of statements about seats of many shows."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID


def array(values: Sequence[object] | None) -> str | None:
    """Return values as the text of an array: columns cannot hold arrays of several lengths otherwise."""
    return None if values is None else "{" + ",".join(map(str, values)) + "}"


def names(name: str, pairs: Iterable[tuple[UUID, UUID | str | None]]) -> dict[str, list[Any]]:
    """Return the parameters that name things by their show and their own id, each once; nothing if there are none."""
    distinct = dict.fromkeys(pairs)
    return {"show_id": [show for show, _ in distinct], name: [id_ for _, id_ in distinct]} if distinct else {}
