"""Statements that keep the index of events, and that search it."""

from collections.abc import Mapping
from typing import Any

from services.inventory.finding.domain import Sort

# --- The index

INDEX_VENUES = """
    INSERT INTO venue_index (venue_id, words)
    SELECT venue_id, words FROM unnest(%(venue_id)s::uuid[], %(words)s::text[]) AS n (venue_id, words)
    ON CONFLICT (venue_id) DO UPDATE SET words = excluded.words
"""


def _words(title: str, venue_ids: str, description: str) -> str:
    """Return all that an event is found by, of what it says of itself and the ids of its venues."""
    return f"""
        setweight(to_tsvector('simple', {title}), 'A')
        || setweight(to_tsvector('simple', coalesce((
            SELECT string_agg(v.words, ' ' ORDER BY v.venue_id) FROM venue_index v WHERE v.venue_id = ANY({venue_ids})
        ), '')), 'B')
        || setweight(to_tsvector('simple', {description}), 'D')
    """


INDEX_EVENTS = f"""
    INSERT INTO event_index AS i (event_id, title, description, venue_ids, words)
    SELECT n.event_id, n.title, n.description, at.venue_ids, {_words("n.title", "at.venue_ids", "n.description")}
    FROM unnest(%(event_id)s::uuid[], %(title)s::text[], %(description)s::text[]) AS n (event_id, title, description)
    CROSS JOIN LATERAL (SELECT ARRAY(
        SELECT DISTINCT c.venue_id FROM shows s JOIN screens c ON c.id = s.screen_id WHERE s.event_id = n.event_id
    ) AS venue_ids) AS at
    ON CONFLICT (event_id) DO UPDATE SET
        title = excluded.title, description = excluded.description,
        words = {_words("excluded.title", "i.venue_ids", "excluded.description")}
"""
"""Keep what events say of themselves, as words. Only after LOCK_VENUES."""

INDEX_SHOWS = f"""
    UPDATE event_index i SET
        venue_ids = ARRAY(SELECT unnest(i.venue_ids) UNION SELECT unnest(n.venue_ids)),
        words = {_words("i.title", "i.venue_ids || n.venue_ids", "i.description")}
    FROM (
        SELECT event_id, array_agg(venue_id) AS venue_ids
        FROM unnest(%(event_id)s::uuid[], %(venue_id)s::uuid[]) AS n (event_id, venue_id) GROUP BY event_id
    ) AS n
    WHERE i.event_id = n.event_id AND NOT n.venue_ids <@ i.venue_ids
"""
"""Keep where events have shows. Only after LOCK_VENUES."""

LOCK_VENUES = """
    SELECT v.id FROM venues v
    WHERE v.id = ANY(%(venue_ids)s)
        OR v.id = ANY (ARRAY(SELECT unnest(venue_ids) FROM event_index WHERE event_id = ANY(%(event_ids)s)))
    ORDER BY v.id FOR SHARE
"""
"""Keep the names of events' venues as they are until the index has them."""

LOCK_VENUES_BY_SHOWS = """
    SELECT v.id FROM venues v
    WHERE v.id = ANY (ARRAY(
        SELECT c.venue_id FROM shows s JOIN screens c ON c.id = s.screen_id WHERE s.event_id = ANY(%(event_ids)s)
    ))
    ORDER BY v.id FOR SHARE
"""
"""The same for events that have no rows of the index yet."""

LOCK_EVENTS_AT_VENUES = """
    SELECT event_id FROM event_index WHERE venue_ids && %(venue_ids)s::uuid[] ORDER BY event_id FOR UPDATE
"""

INDEX_EVENTS_AT_VENUES = f"""
    UPDATE event_index i SET words = {_words("i.title", "i.venue_ids", "i.description")}
    WHERE i.venue_ids && %(venue_ids)s::uuid[]
"""

KEEP_WORDS = """
    WITH kept AS (
        INSERT INTO search_words (word) SELECT word FROM unnest(%(words)s::text[]) AS n (word) ORDER BY word
        ON CONFLICT DO NOTHING
    )
    INSERT INTO search_grams (gram, word)
    SELECT gram, word FROM unnest(%(grams)s::text[], %(grams_of)s::text[]) AS n (gram, word) ORDER BY gram, word
    ON CONFLICT DO NOTHING
"""

LACKS_INDEX = """
    SELECT EXISTS (SELECT FROM venues v WHERE NOT EXISTS (SELECT FROM venue_index WHERE venue_id = v.id))
        OR EXISTS (SELECT FROM events e WHERE NOT EXISTS (SELECT FROM event_index WHERE event_id = e.id)) AS it_does
"""

VENUES_NOT_INDEXED = """
    SELECT id, name, city FROM venues v WHERE NOT EXISTS (SELECT FROM venue_index WHERE venue_id = v.id)
    ORDER BY id LIMIT %(limit)s FOR SHARE SKIP LOCKED
"""

EVENTS_NOT_INDEXED = """
    SELECT id, title, description FROM events e WHERE NOT EXISTS (SELECT FROM event_index WHERE event_id = e.id)
    ORDER BY id LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED
"""
"""Events that code from before made, which lack their rows of the index."""

# --- Searches

COMPLETED_WORDS = """
    SELECT word FROM search_words
    WHERE word >= %(last)s AND word < %(beyond)s ORDER BY word LIMIT %(limit)s
"""
"""Words that begin with what was typed last."""

SIMILAR_WORDS = """
    SELECT typed, word FROM (
        SELECT t.typed, g.word, count(*) + bool_or(left(g.gram, 1) = '=')::int * 2 AS shared
        FROM unnest(%(typed)s::text[], %(grams)s::text[]) AS t (typed, gram)
        JOIN search_grams g ON g.gram = t.gram
        WHERE NOT EXISTS (SELECT FROM search_words w WHERE w.word = t.typed)
        GROUP BY t.typed, g.word
    ) AS likely
    WHERE shared >= 2 AND abs(char_length(word) - char_length(typed)) <= 2
    ORDER BY shared DESC, word LIMIT %(limit)s
"""
"""Words that have much in common with words that nothing is called by."""

_SHOWS = """
    FROM shows s JOIN screens c ON c.id = s.screen_id JOIN venues v ON v.id = c.venue_id
    {prices}
    WHERE s.event_id = e.id AND s.status <> 'CANCELLED' AND {conditions}
"""

_OF_SHOWS = {
    "city_key": "(v.city_key = %(city_key)s OR (v.city_key IS NULL AND v.city = %(city)s))",
    "min_price": "p.price >= %(min_price)s",
    "max_price": "p.price <= %(max_price)s",
}
_TO_COME = "s.starts_at > (SELECT boxoffice_clock())"

_OF_EVENTS = {
    "category": "e.category = %(category)s",
    "status": "e.status = %(status)s",
    "featured": "e.featured = %(featured)s",
    "organization_id": "e.organization_id = %(organization_id)s",
    "drafts_of": "(e.status <> 'DRAFT' OR e.organization_id = ANY(%(drafts_of)s::uuid[])"
    " OR (e.organization_id IS NULL AND %(drafts_of_boxoffice)s))",
}

_KEYS = {
    Sort.RELEVANCE: "(-ts_rank(i.words, {query}))::float8",
    Sort.DATE: "coalesce((SELECT extract(epoch FROM min(s.starts_at)) {shows}), 'infinity')::float8",
    Sort.PRICE: "coalesce((SELECT min(p.price) {shows}), 'infinity'::float8)",
    Sort.PRICE_DESCENDING: "coalesce(-(SELECT max(p.price) {shows}), 'infinity'::float8)",
    Sort.TITLE: '''coalesce(left(i.title, 30), '') COLLATE "C"''',
}
_TYPES = {Sort.TITLE: 'text COLLATE "C"'}


def _from_events(given: Mapping[str, Any], in_period: str) -> tuple[str, str]:
    """Return the tables and conditions by which events are found, and which of their shows count."""
    of_shows = [condition for name, condition in _OF_SHOWS.items() if given[name] is not None]
    of_shows.append(in_period if given["in_period"] else _TO_COME)
    needs_prices = given["min_price"] is not None or given["max_price"] is not None
    joined = "JOIN show_prices p ON p.show_id = s.id"
    by_price = given["sort"] in (Sort.PRICE, Sort.PRICE_DESCENDING)
    conditions = [condition for name, condition in _OF_EVENTS.items() if given[name] is not None]
    if given["queries"]:
        conditions.append(f"i.words @@ ({_query(given)})")
    if len(of_shows) > 1 or given["in_period"]:
        shows = _SHOWS.format(prices=joined if needs_prices else "", conditions=" AND ".join(of_shows))
        conditions.append(f"EXISTS (SELECT {shows})")
    counted = _SHOWS.format(prices=joined if needs_prices or by_price else "", conditions=" AND ".join(of_shows))
    return (
        f"FROM events e LEFT JOIN event_index i ON i.event_id = e.id WHERE {' AND '.join(conditions or ['true'])}",
        counted,
    )


def _query(given: Mapping[str, Any]) -> str:
    return " && ".join(f"websearch_to_tsquery('simple', %({name})s)" for name in given["queries"])


def find_events(given: Mapping[str, Any], in_period: str) -> str:
    """Ids of events with the key of their order; see _OF_EVENTS and _OF_SHOWS for what may be given.

    `queries` names those of what is given that a text has to match, all of them. `in_period` tells whether show s at
    venue v is in the period that is asked for, if one is.
    """
    found, shows = _from_events(given, in_period)
    if given["sort"] == Sort.NEWEST:
        after = "" if given["after_id"] is None else "AND e.id < %(after_id)s"
        return f"SELECT e.id, '' AS key {found} {after} ORDER BY e.id DESC OFFSET %(skipped)s LIMIT %(limit)s"
    key = _KEYS[given["sort"]].format(shows=shows, query=_query(given))
    type_ = _TYPES.get(given["sort"], "float8")
    after = "" if given["after_id"] is None else f"AND ({key}, e.id) > (%(after_key)s::{type_}, %(after_id)s)"
    return f"SELECT e.id, {key} AS key {found} {after} ORDER BY key, e.id OFFSET %(skipped)s LIMIT %(limit)s"


def count_events(given: Mapping[str, Any], in_period: str) -> str:
    """How many events there are of which find_events gives a page."""
    return f"SELECT count(*) AS total {_from_events(given, in_period)[0]}"
