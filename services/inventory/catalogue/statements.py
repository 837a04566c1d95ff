"""The catalogue's statements."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.chassis.store.rows import selected
from services.inventory.catalogue.domain import CatalogueEvent
from services.inventory.shards import of_shows

# --- Days, as venues' clocks have them

ZONES = """
    WITH RECURSIVE zones AS (
        (SELECT time_zone FROM venues ORDER BY time_zone LIMIT 1)
        UNION ALL
        SELECT (SELECT time_zone FROM venues WHERE time_zone > z.time_zone ORDER BY time_zone LIMIT 1)
        FROM zones z WHERE z.time_zone IS NOT NULL
    )
    SELECT time_zone FROM zones WHERE time_zone IS NOT NULL
"""
"""The time zones that venues are in: one step of the index for each."""

IN_PERIOD = """
    s.starts_at >= %(earliest)s::timestamptz AND s.starts_at < %(latest)s::timestamptz
    AND EXISTS (
        SELECT FROM unnest(%(zones)s::text[], %(begins)s::timestamptz[], %(ends)s::timestamptz[])
            AS period (zone, begins, ends)
        WHERE period.zone = v.time_zone AND s.starts_at >= period.begins AND s.starts_at < period.ends
    )
"""
"""Whether show s at venue v starts in a period (zones.py)."""

# --- Events

_EVENTS = f"SELECT {selected(CatalogueEvent)} FROM events"

CREATE_EVENTS = """
    INSERT INTO events
        (id, title, description, category, duration_minutes, language, organization_id, created_at, status,
        seat_limit, shared_with)
    SELECT id, title, description, category, duration_minutes, language, organization_id, created_at, status,
        seat_limit, CASE WHEN organization_id IS NOT NULL THEN '{}'::uuid[] END
    FROM unnest(
        %(id)s::uuid[], %(title)s::text[], %(description)s::text[], %(category)s::text[], %(duration_minutes)s::int[],
        %(language)s::text[], %(organization_id)s::uuid[], %(created_at)s::timestamptz[],
        %(status)s::text[], %(seat_limit)s::smallint[]
    ) AS n (id, title, description, category, duration_minutes, language, organization_id, created_at, status,
        seat_limit)
"""

EVENTS = f"{_EVENTS} WHERE id = ANY(%(ids)s)"

OWNER_OF_EVENT = """
    SELECT organization_id, shared_with, status = 'DRAFT' AS is_draft FROM events WHERE id = %(id)s
"""

SHARE_EVENT = "UPDATE events SET shared_with = %(shared_with)s::uuid[] WHERE id = %(id)s RETURNING id"

LOCK_EVENTS = f"{EVENTS} ORDER BY id FOR NO KEY UPDATE"
"""The lock under which an event gets shows and its status changes. It comes after those of screens."""

WITH_SHOWS = "SELECT DISTINCT event_id FROM shows WHERE event_id = ANY(%(ids)s)"
"""Which events have shows. Only under the events' locks."""

UPDATE_EVENTS = """
    UPDATE events e SET
        title = n.title, description = n.description, category = n.category, duration_minutes = n.duration_minutes,
        language = n.language, seat_limit = n.seat_limit, featured = n.featured, updated_at = %(now)s
    FROM unnest(
        %(id)s::uuid[], %(title)s::text[], %(description)s::text[], %(category)s::text[], %(duration_minutes)s::int[],
        %(language)s::text[], %(seat_limit)s::smallint[], %(featured)s::bool[]
    ) AS n (id, title, description, category, duration_minutes, language, seat_limit, featured)
    WHERE e.id = n.id
"""

_EVENT_FILTERS = {
    "category": "category = %(category)s",
    "drafts_of": "(status <> 'DRAFT' OR organization_id = ANY(%(drafts_of)s::uuid[])"
    " OR (organization_id IS NULL AND %(drafts_of_boxoffice)s))",
    "day": f"""EXISTS (
        SELECT FROM shows s JOIN screens c ON c.id = s.screen_id JOIN venues v ON v.id = c.venue_id
        WHERE s.event_id = events.id AND s.status <> 'CANCELLED' AND {IN_PERIOD}
    )""",
    "after": "id < %(after)s",
}


def list_events(given: Mapping[str, Any]) -> str:
    """Events, newest first; filters `category`, `drafts_of`, `day` and `after` (an id)."""
    return _page(_EVENTS, _EVENT_FILTERS, given, order="id DESC")


# --- Venues and their screens

# The screens come along as arrays, by name: a page of venues is one statement.
_VENUES = """
    SELECT
        v.id, v.name, v.city, v.address, v.organization_id, v.created_at, v.time_zone, v.amenities, v.capacity,
        s.ids, s.names, s.seat_counts
    FROM venues v
    CROSS JOIN LATERAL (
        SELECT
            coalesce(array_agg(id ORDER BY name), '{}') AS ids,
            coalesce(array_agg(name ORDER BY name), '{}') AS names,
            coalesce(array_agg(seat_count ORDER BY name), '{}') AS seat_counts
        FROM screens
        WHERE venue_id = v.id
    ) s
"""

CREATE_VENUES = """
    INSERT INTO venues
        (id, name, city, city_key, address, organization_id, created_at, time_zone, amenities, capacity, shared_with)
    SELECT
        id, name, city, city_key, address, organization_id, created_at, time_zone,
        ARRAY(SELECT jsonb_array_elements_text(amenities::jsonb)), capacity,
        CASE WHEN organization_id IS NOT NULL THEN '{}'::uuid[] END
    FROM unnest(
        %(id)s::uuid[], %(name)s::text[], %(city)s::text[], %(city_key)s::text[], %(address)s::text[],
        %(organization_id)s::uuid[], %(created_at)s::timestamptz[], %(time_zone)s::text[], %(amenities)s::text[],
        %(capacity)s::text[]
    ) AS n (id, name, city, city_key, address, organization_id, created_at, time_zone, amenities, capacity)
"""
"""Create venues, which have no screens yet. Their `amenities` are JSON."""

UPDATE_VENUES = """
    UPDATE venues v SET
        name = n.name, city = n.city, city_key = n.city_key, address = n.address, time_zone = n.time_zone,
        amenities = ARRAY(SELECT jsonb_array_elements_text(n.amenities::jsonb)), capacity = n.capacity,
        updated_at = %(now)s
    FROM unnest(
        %(id)s::uuid[], %(name)s::text[], %(city)s::text[], %(city_key)s::text[], %(address)s::text[],
        %(time_zone)s::text[], %(amenities)s::text[], %(capacity)s::text[]
    ) AS n (id, name, city, city_key, address, time_zone, amenities, capacity)
    WHERE v.id = n.id
"""

VENUES = f"{_VENUES} WHERE v.id = ANY(%(ids)s)"

FIND_VENUE = f"{_VENUES} WHERE v.id = %(id)s"

OWNER_OF_VENUE = "SELECT organization_id, shared_with, false AS is_draft FROM venues WHERE id = %(id)s"

OWNER_OF_SCREEN = """
    SELECT v.organization_id, v.shared_with, false AS is_draft
    FROM screens c JOIN venues v ON v.id = c.venue_id WHERE c.id = %(id)s
"""

SHARE_VENUE = "UPDATE venues SET shared_with = %(shared_with)s::uuid[] WHERE id = %(id)s RETURNING id"

# Venues that code from before made have no key.
_IN_CITY = "(v.city_key = %(city_key)s OR (v.city_key IS NULL AND v.city = %(city)s))"
_VENUE_FILTERS = {"city": _IN_CITY, "after": "v.id < %(after)s"}


def list_venues(given: Mapping[str, Any]) -> str:
    """Venues with their screens, newest first; filters `city` and `after` (an id)."""
    return _page(_VENUES, _VENUE_FILTERS, given, order="v.id DESC")


# --- Shows

_SHOWS = """
    SELECT
        s.id, s.event_id, e.title, e.category,
        v.id AS venue_id, v.name AS venue_name, v.city, c.id AS screen_id, c.name AS screen_name,
        s.starts_at, s.ends_at, coalesce(s.sales_end_at, s.starts_at) AS sales_end_at, s.currency,
        s.organization_id, s.sales_start_at, s.status, s.revision, (SELECT boxoffice_clock()) AS read_at,
        s.seat_limit, v.time_zone, p.tiers, p.prices
    FROM shows s
    JOIN events e ON e.id = s.event_id
    JOIN screens c ON c.id = s.screen_id
    JOIN venues v ON v.id = c.venue_id
    CROSS JOIN LATERAL (
        SELECT
            coalesce(array_agg(tier ORDER BY tier), '{}') AS tiers,
            coalesce(array_agg(price ORDER BY tier), '{}') AS prices
        FROM show_prices
        WHERE show_id = s.id
    ) p
"""

FIND_SHOW = f"{_SHOWS} WHERE s.id = %(id)s"

OWNER_OF_SHOW = "SELECT organization_id, status = 'DRAFT' AS is_draft FROM shows WHERE id = %(id)s"

SHOWS = f"{_SHOWS} WHERE s.id = ANY(%(ids)s) ORDER BY s.id"

DRAFTS_OF_EVENTS = "SELECT id FROM shows WHERE event_id = ANY(%(event_ids)s) AND status = 'DRAFT' ORDER BY id"
"""Only under the locks of the events: so none is added meanwhile."""

_SHOW_FILTERS = {
    "event_id": "s.event_id = %(event_id)s",
    "movie_id": "s.event_id = %(movie_id)s"
    " AND EXISTS (SELECT FROM events WHERE id = %(movie_id)s AND category = 'MOVIE')",
    "screen_id": "s.screen_id = %(screen_id)s",
    "organization_id": "s.organization_id = %(organization_id)s",
    "drafts_of": "(s.status <> 'DRAFT' OR s.organization_id = ANY(%(drafts_of)s::uuid[])"
    " OR (s.organization_id IS NULL AND %(drafts_of_boxoffice)s))",
    "begin": "s.starts_at >= %(begin)s",
    "end": "s.starts_at < %(end)s",
    "day": IN_PERIOD,
    "is_cancelled": "(s.status = 'CANCELLED') = %(is_cancelled)s",
    "after_id": "(s.starts_at, s.id) > (%(after_starts_at)s, %(after_id)s)",
}


_TO_COME = "s.starts_at > (SELECT boxoffice_clock())"


def list_shows(given: Mapping[str, Any]) -> str:
    """Shows, earliest first; see _SHOW_FILTERS for what may be given. Without `begin` and `day`, those to come."""
    always = [_TO_COME] if given["begin"] is None and given["day"] is None else []
    return _page(_SHOWS, _SHOW_FILTERS, given, order="s.starts_at, s.id", always=always)


def list_next_shows(given: Mapping[str, Any]) -> str:
    """The next show of each of the events `event_ids` that has one, cancelled ones left out; filter `drafts_of`."""
    drafts = f"AND {_SHOW_FILTERS['drafts_of']}" if given["drafts_of"] is not None else ""
    return f"""{_SHOWS} WHERE s.id = ANY(ARRAY(
        SELECT n.id FROM unnest(%(event_ids)s::uuid[]) AS asked (event_id) CROSS JOIN LATERAL (
            SELECT s.id FROM shows s
            WHERE s.event_id = asked.event_id AND s.status <> 'CANCELLED' AND {_TO_COME} {drafts}
            ORDER BY s.starts_at, s.id LIMIT 1
        ) n
    ))"""


LOCK_COUNTER = "SELECT show_id, prices_version FROM show_counters WHERE show_id = ANY(%(show_ids)s) FOR UPDATE"
"""The lock of one show, with its seats. Those of several are had one by one, in the order of their ids."""

REOPEN_EVENTS = "UPDATE events SET status = 'PUBLISHED' WHERE id = ANY(%(ids)s) AND status = 'COMPLETED'"

_ALL_OVER = """
    EXISTS (SELECT FROM shows s WHERE s.event_id = e.id)
    AND NOT EXISTS (SELECT FROM shows s WHERE s.event_id = e.id AND s.ends_at > (SELECT boxoffice_clock()))
"""

EVENTS_THAT_ARE_OVER = f"SELECT e.id FROM events e WHERE e.id = ANY(%(ids)s) AND {_ALL_OVER}"

LOCK_EVENTS_THAT_ARE_OVER = f"""
    SELECT e.id FROM events e WHERE e.status = 'PUBLISHED' AND {_ALL_OVER}
    ORDER BY e.id LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED
"""

COMPLETE_EVENTS = f"UPDATE events e SET status = 'COMPLETED' WHERE e.id = ANY(%(ids)s) AND {_ALL_OVER} RETURNING e.id"
"""Complete events whose last show is over: asked again under their locks, for a show may have come meanwhile."""

PUBLISH_EVENTS = "UPDATE events SET status = 'PUBLISHED' WHERE id = ANY(%(ids)s) AND status = 'DRAFT'"

LAST_CLAIMS = """
    SELECT show_id, max(expires_at) AS until FROM show_seats WHERE show_id = ANY(%(show_ids)s) GROUP BY show_id
"""
"""When the last claim on a seat of each show ends. Only under the shows' locks."""

UPDATE_SHOWS = """
    UPDATE shows s SET sales_start_at = n.sales_start_at, sales_end_at = n.sales_end_at, revision = n.revision
    FROM unnest(
        %(id)s::uuid[], %(sales_start_at)s::timestamptz[], %(sales_end_at)s::timestamptz[], %(revision)s::int[]
    ) AS n (id, sales_start_at, sales_end_at, revision)
    WHERE s.id = n.id
"""

UPDATE_COUNTERS = f"""
    UPDATE show_counters c SET sales_start_at = n.sales_start_at, sales_end_at = n.sales_end_at, revision = n.revision
    FROM unnest(
        %(id)s::uuid[], %(sales_start_at)s::timestamptz[], %(sales_end_at)s::timestamptz[], %(revision)s::int[]
    ) AS n (show_id, sales_start_at, sales_end_at, revision)
    WHERE c.show_id = n.show_id AND {of_shows("c", "id")}
"""

PUBLISH_SHOWS = "UPDATE shows SET status = 'SCHEDULED' WHERE id = ANY(%(ids)s) AND status = 'DRAFT'"

PUBLISH_COUNTERS = """
    UPDATE show_counters SET status = 'SCHEDULED' WHERE show_id = ANY(%(show_ids)s) AND status = 'DRAFT'
"""
"""Put drafts on sale. Only under their locks."""

LOCK_SCREENS = """
    SELECT
        c.id AS screen_id, c.name AS screen_name, c.seat_count, v.id AS venue_id, v.name AS venue_name, v.city,
        v.time_zone
    FROM screens c
    JOIN venues v ON v.id = c.venue_id
    WHERE c.id = ANY(%(screen_ids)s)
    ORDER BY c.id FOR UPDATE OF c
"""
"""The lock under which a screen gets shows: without it, two that overlap could be created at once."""

TIERS_OF_SCREENS = """
    SELECT screen_id, tier, max(coalesce(price_multiplier, 1000)) AS multiplier
    FROM screen_seats WHERE screen_id = ANY(%(screen_ids)s) GROUP BY screen_id, tier
"""
"""The tiers of screens, and by how much their dearest seats multiply their prices, in thousandths."""

SEATS_OF_SCREENS = """
    SELECT screen_id, id FROM screen_seats WHERE screen_id = ANY(%(screen_ids)s) AND id = ANY(%(seat_ids)s)
"""
"""Those of the given seats that the screens have."""

SLOTS_OF_SCREENS = """
    SELECT s.id, s.screen_id, s.starts_at, s.ends_at
    FROM unnest(%(screen_id)s::uuid[], %(starts_at)s::timestamptz[]) AS n (screen_id, starts_at)
    JOIN shows s ON s.screen_id = n.screen_id
        AND s.starts_at BETWEEN n.starts_at - interval '1440 minutes' AND n.starts_at + interval '1440 minutes'
        AND s.status <> 'CANCELLED'
    ORDER BY s.starts_at
"""
"""The shows that start on a screen within the longest duration there is of a given time: those further off are over
before it, or begin when what starts at it is over. Those that are cancelled take no time. Only under the screens'
locks."""

CREATE_SHOWS = """
    INSERT INTO shows (
        id, event_id, screen_id, starts_at, ends_at, sales_end_at, currency, organization_id, sales_start_at, status,
        seat_limit
    )
    SELECT
        id, event_id, screen_id, starts_at, ends_at, sales_end_at, currency, organization_id, sales_start_at, status,
        seat_limit
    FROM unnest(
        %(id)s::uuid[], %(event_id)s::uuid[], %(screen_id)s::uuid[], %(starts_at)s::timestamptz[],
        %(ends_at)s::timestamptz[], %(sales_end_at)s::timestamptz[], %(currency)s::text[], %(organization_id)s::uuid[],
        %(sales_start_at)s::timestamptz[], %(status)s::text[], %(seat_limit)s::smallint[]
    ) AS n (
        id, event_id, screen_id, starts_at, ends_at, sales_end_at, currency, organization_id, sales_start_at, status,
        seat_limit
    )
"""

CREATE_COUNTERS = """
    INSERT INTO show_counters (show_id, starts_at, sales_end_at, currency, sales_start_at, status, seat_limit)
    SELECT show_id, starts_at, sales_end_at, currency, sales_start_at, status, seat_limit
    FROM unnest(
        %(id)s::uuid[], %(starts_at)s::timestamptz[], %(sales_end_at)s::timestamptz[], %(currency)s::text[],
        %(sales_start_at)s::timestamptz[], %(status)s::text[], %(seat_limit)s::smallint[]
    ) AS n (show_id, starts_at, sales_end_at, currency, sales_start_at, status, seat_limit)
"""
"""Create the locks for shows' seats; the number of each one's last change is 0."""

CREATE_SHOW_PRICES = """
    INSERT INTO show_prices (show_id, tier, price)
    SELECT %(show_id)s, tier, price FROM unnest(%(tiers)s::text[], %(prices)s::int[]) AS p (tier, price)
"""

CREATE_LIST_PRICES = """
    INSERT INTO list_prices (show_id, version, tier, price)
    SELECT %(show_id)s, 1, tier, price FROM unnest(%(tiers)s::text[], %(prices)s::int[]) AS p (tier, price)
"""
"""The same as the first list that seats are sold by."""

# IN (SELECT unnest()) is hashed whatever the planner expects of the arrays; a join might not be. The price is
# joined from the left, so that a seat without one fails loudly.
CREATE_SHOW_SEATS = """
    INSERT INTO show_seats (
        show_id, id, position, section, row, number, tier, price, status, blocked_for, label, features,
        price_multiplier, area_id, companion_of
    )
    SELECT
        %(show_id)s, (%(seat_ids)s::uuid[])[s.position + 1], s.position, s.section, s.row, s.number, s.tier, p.price,
        CASE WHEN s.id IN (SELECT unnest(%(blocked_seat_ids)s::uuid[])) THEN 'BLOCKED' ELSE 'AVAILABLE' END,
        CASE WHEN s.id IN (SELECT unnest(%(blocked_seat_ids)s::uuid[])) THEN '' END,
        s.label, s.features, s.price_multiplier, s.area_id,
        CASE WHEN s.companion_of IS NOT NULL THEN (%(seat_ids)s::uuid[])[(
            SELECT position + 1 FROM screen_seats w WHERE (w.screen_id, w.id) = (s.screen_id, s.companion_of)
        )] END
    FROM screen_seats s
    LEFT JOIN unnest(%(tiers)s::text[], %(prices)s::int[]) AS p (tier, price) ON p.tier = s.tier
    WHERE s.screen_id = %(screen_id)s
    ORDER BY s.position
"""
"""Create a seat of a show for every seat of its screen; `seat_ids` are in order of position."""


def _page(
    select: str, filters: Mapping[str, str], given: Mapping[str, Any], *, order: str, always: Sequence[str] = ()
) -> str:
    """Compose a page's statement of `filters` whose parameter is not None, so that each has a plan that suits it."""
    conditions = [*always, *(condition for name, condition in filters.items() if given[name] is not None)]
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    return f"{select} {where} ORDER BY {order} LIMIT %(limit)s"
