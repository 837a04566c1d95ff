"""The statements by which shows get other times and halls."""

from services.inventory.catalogue.statements import LOCK_SCREENS
from services.inventory.seats.statements import LIMITS
from services.inventory.shards import of_shows

LOCK_SCREENS_OF_SHOWS = LOCK_SCREENS.replace(
    "c.id = ANY(%(screen_ids)s)",
    """c.id IN (
        SELECT coalesce(n.screen_id, s.screen_id) FROM unnest(%(show_id)s::uuid[], %(screen_id)s::uuid[])
            AS n (show_id, screen_id) JOIN shows s ON s.id = n.show_id
    )""",
)
"""The same of the screens that shows are to be on: those that are named, or those that they are on."""

_SEAT = "section, row, number, label, features, price_multiplier"

DIFFERENT_SEATS = f"""
    WITH has AS MATERIALIZED (
        SELECT show_id, {_SEAT} FROM show_seats WHERE show_id = ANY(%(to_compare)s::uuid[])
    )
    SELECT n.show_id, d.* FROM unnest(%(show_id)s::uuid[], %(screen_id)s::uuid[]) AS n (show_id, screen_id)
    JOIN shows ON shows.id = n.show_id
    CROSS JOIN LATERAL (
        (
            SELECT true AS is_lacking, {_SEAT} FROM has WHERE has.show_id = n.show_id
            EXCEPT SELECT true, {_SEAT} FROM screen_seats c WHERE c.screen_id = n.screen_id
        ) UNION ALL (
            SELECT false, {_SEAT} FROM screen_seats c WHERE c.screen_id = n.screen_id
            EXCEPT SELECT false, {_SEAT} FROM has WHERE has.show_id = n.show_id
        )
        ORDER BY section, row, number LIMIT %(most)s
    ) AS d
    WHERE n.screen_id IS NOT NULL
"""
"""The first seats that only one has of a show and a screen that it is to be on. Both never change."""

RESCHEDULE_COUNTERS = f"""
    UPDATE show_counters c SET
        starts_at = n.starts_at, sales_end_at = n.sales_end_at, revision = n.revision, sequence = sequence + 1,
        {", ".join(f"{name} = CASE WHEN sequence = 0 THEN 0 ELSE c.{name} END" for name in LIMITS)}
    FROM unnest(
        %(id)s::uuid[], %(starts_at)s::timestamptz[], %(sales_end_at)s::timestamptz[], %(revision)s::int[]
    ) AS n (show_id, starts_at, sales_end_at, revision)
    WHERE c.show_id = n.show_id AND {of_shows("c", "id")}
"""
"""Have shows at other times, under their next numbers. Where that is the first, no seat was taken by any limit yet."""

RESCHEDULE_SHOWS = """
    UPDATE shows s SET
        starts_at = n.starts_at, ends_at = n.ends_at, sales_end_at = n.sales_end_at, screen_id = n.screen_id,
        revision = n.revision
    FROM unnest(
        %(id)s::uuid[], %(starts_at)s::timestamptz[], %(ends_at)s::timestamptz[], %(sales_end_at)s::timestamptz[],
        %(screen_id)s::uuid[], %(revision)s::int[]
    ) AS n (id, starts_at, ends_at, sales_end_at, screen_id, revision)
    WHERE s.id = n.id
"""

WRITE_RESCHEDULED = """
    INSERT INTO show_changes (show_id, sequence, kind, revision, starts_at, sales_end_at, changed_at)
    SELECT show_id, sequence, 'RESCHEDULED', revision, starts_at, coalesce(sales_end_at, starts_at), %(now)s
    FROM show_counters WHERE show_id = ANY(%(id)s)
"""
