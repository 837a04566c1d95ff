"""The index of events, written in the transaction that changes what they are found by.

Its rows are written last: whoever writes words that another transaction writes too waits for that one, and must have
all other locks by then. The locks of venues come before those of the index's rows.
"""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from services.chassis.store.database import Database, Transaction
from services.chassis.values.words import words_of
from services.inventory.finding import statements as sql
from services.inventory.finding.domain import grams_of

Texts = Mapping[UUID, tuple[str, str]]
"""Two texts of each thing by its id: an event's title and description, or a venue's name and city."""


async def index_events(tx: Transaction, events: Texts) -> None:
    """Have events found by their titles and descriptions; slips are forgiven in titles. Only under their locks."""
    if events:
        events = dict(sorted(events.items()))
        titles = [words_of(title) for title, _ in events.values()]
        await tx.send(sql.LOCK_VENUES, {"event_ids": list(events), "venue_ids": []})
        texts = {
            "event_id": list(events),
            "title": [" ".join(words) for words in titles],
            "description": [" ".join(words_of(description)) for _, description in events.values()],
        }
        await tx.send(sql.INDEX_EVENTS, texts)
        await _keep_words(tx, titles)


async def index_shows(tx: Transaction, shows: Iterable[tuple[UUID, UUID]]) -> None:
    """Have events found by the venues of new shows: pairs of an event and a venue. Only under the events' locks."""
    pairs = sorted(set(shows))
    if pairs:
        event_ids, venue_ids = map(list, zip(*pairs, strict=True))
        await tx.send(sql.LOCK_VENUES, {"event_ids": event_ids, "venue_ids": venue_ids})
        await tx.send(sql.INDEX_SHOWS, {"event_id": event_ids, "venue_id": venue_ids})


async def index_venues(tx: Transaction, venues: Texts) -> None:
    """Have events found by the names and cities of their venues. Only under the venues' locks."""
    if venues:
        words = [words_of(f"{name} {city}") for name, city in venues.values()]
        await tx.send(sql.INDEX_VENUES, {"venue_id": list(venues), "words": [" ".join(each) for each in words]})
        await tx.send(sql.LOCK_EVENTS_AT_VENUES, {"venue_ids": list(venues)})
        await tx.send(sql.INDEX_EVENTS_AT_VENUES, {"venue_ids": list(venues)})
        await _keep_words(tx, words)


async def index_what_lacks(db: Database, *, limit: int = 500) -> int:
    """Index one batch of venues and events that code from before made; return how many. A job."""
    [found] = await db.fetch(sql.LACKS_INDEX)
    if not found.it_does:
        return 0
    async with db.transaction() as tx:
        events = await tx.fetch(sql.EVENTS_NOT_INDEXED, {"limit": limit})
        venues = await tx.fetch(sql.VENUES_NOT_INDEXED, {"limit": limit})
        await tx.send(sql.LOCK_VENUES_BY_SHOWS, {"event_ids": [row.id for row in events]})
        await index_venues(tx, {row.id: (row.name, row.city) for row in venues})
        await index_events(tx, {row.id: (row.title, row.description) for row in events})
    return len(venues) + len(events)


async def _keep_words(tx: Transaction, texts: Iterable[Sequence[str]]) -> None:
    words = sorted({word for text in texts for word in text})
    grams = [(gram, word) for word in words for gram in grams_of(word)]
    kept = {"words": words, "grams": [gram for gram, _ in grams], "grams_of": [word for _, word in grams]}
    await tx.send(sql.KEEP_WORDS, kept)
