"""Searching events, on connections that sales do not have."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from services.chassis.store.database import Database, Patience
from services.inventory.finding import statements as sql
from services.inventory.finding.domain import MAX_ALTERNATIVES, Query, Sort, alternatives, grams_of

SEARCHES = 3
"""Connections that search, of each process."""

PATIENCE = Patience(statement_ms=300, connection_seconds=0.3, waiting=32, refuses=True, plans="auto")
"""A search that takes longer, or has to wait longer for others, is refused: sales need the machine."""

MOST_SIMILAR = 200
"""Words that are looked at as what somebody may have meant."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which events to find, and their order: those that meet every condition that is not None."""

    query: Query | None
    category: str | None
    status: str | None
    featured: bool | None
    organization_id: UUID | None
    city: str | None
    city_key: str | None
    min_price: int | None
    """Only events of which a seat of a show costs so much or more, in minor units of whatever currency the show has."""
    max_price: int | None
    sort: Sort


@dataclass(frozen=True, slots=True)
class Found:
    """Ids of events in order, each with the key of that order, and how many there are in all where that was asked."""

    ids: Sequence[tuple[str, UUID]]
    total: int | None


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of what is found to return: so many behind a key, or behind so many others."""

    after: tuple[str, UUID] | None
    skipped: int
    limit: int
    is_counted: bool


async def find_events(
    db: Database, wanted: Filter, period: Mapping[str, Any], in_period: str, drafts: Mapping[str, Any], part: Part
) -> Found:
    """Return events as _OF_EVENTS and _OF_SHOWS of the statements say; only those with a show in `period`, if given.

    Where a city, prices or a period are given, one and the same show meets all of them: one to come, without a period.
    """
    queries = await _queries(db, wanted.query)
    after_key, after_id = part.after or (None, None)
    given = {name: value for name, value in asdict(wanted).items() if name != "query"}
    given |= {"after_key": after_key, "after_id": after_id, "skipped": part.skipped, "limit": part.limit}
    given |= {"in_period": bool(period), "queries": list(queries), **queries, **period, **drafts}
    statements = [(sql.find_events(given, in_period), given)]
    if part.is_counted:
        statements.append((sql.count_events(given, in_period), given))
    rows, *counts = await db.fetch_all(*statements)
    return Found([(str(row.key), row.id) for row in rows], counts[0][0].total if counts else None)


async def _queries(db: Database, query: Query | None) -> dict[str, str]:
    """Return what the text has to match, all of it: for a plain query each word, or what it may have been meant for."""
    if query is None:
        return {}
    if not query.is_plain:
        return {"query_0": query.websearch}
    last = query.words[-1]
    grams = [(word, gram) for word in dict.fromkeys(query.words) for gram in grams_of(word)]
    typed = {"typed": [word for word, _ in grams], "grams": [gram for _, gram in grams], "limit": MOST_SIMILAR}
    completed, similar = await db.fetch_all(
        (sql.COMPLETED_WORDS, {"last": last, "beyond": last + "\U0010ffff", "limit": MAX_ALTERNATIVES}),
        (sql.SIMILAR_WORDS, typed),
    )
    queries = {}
    for index, word in enumerate(query.words):
        meant = alternatives(word, [row.word for row in similar if row.typed == word])
        if index == len(query.words) - 1:
            meant += [row.word for row in completed]
        queries[f"query_{index}"] = " or ".join(dict.fromkeys([word, *meant]))
    return queries
