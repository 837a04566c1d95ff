"""Invariants of the catalogue: what there is to sell, in which hall, when and at which price."""

from audit.invariants.invariant import Invariant

CATALOGUE = (
    Invariant(
        "shows-are-of-what-there-is",
        "a show is of an event and in a hall of a venue that there are, for as long as the event lasts",
        ("inventory.shows",),
        """
        SELECT w.id AS show_id, e.id AS event_id, h.id AS screen_id, v.id AS venue_id, w.starts_at, w.ends_at,
            e.duration_minutes, w.currency
        FROM inventory.shows w
        LEFT JOIN inventory.events e ON e.id = w.event_id
        LEFT JOIN inventory.screens h ON h.id = w.screen_id
        LEFT JOIN inventory.venues v ON v.id = h.venue_id
        WHERE v.id IS NULL
            OR (w.ends_at = w.starts_at + make_interval(mins => e.duration_minutes)) IS NOT TRUE
            OR (w.currency ~ '^[A-Z]{3}$') IS NOT TRUE
        """,
    ),
    Invariant(
        "a-hall-has-one-show-at-a-time",
        "no show begins in a hall before the one before it is over, but for those that are cancelled",
        ("inventory.shows",),
        """
        SELECT id AS show_id, screen_id, starts_at, busy_until
        FROM (
            SELECT *, max(ends_at) OVER (
                PARTITION BY screen_id ORDER BY starts_at, id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ) AS busy_until
            FROM inventory.shows WHERE status IS DISTINCT FROM 'CANCELLED'
        ) AS w
        WHERE starts_at < busy_until
        """,
    ),
    Invariant(
        "halls-have-the-seats-that-they-count",
        "a hall is in a venue, and its seats are as many as it says, numbered from 0 without a gap",
        ("inventory.screens",),
        """
        SELECT coalesce(h.id, s.screen_id) AS screen_id, h.venue_id, h.seat_count, s.seats, s.positions, s.first, s.last
        FROM inventory.screens h
        LEFT JOIN inventory.venues v ON v.id = h.venue_id
        FULL JOIN (
            SELECT screen_id, count(*) AS seats, count(DISTINCT position) AS positions, min(position) AS first,
                max(position) AS last
            FROM inventory.screen_seats GROUP BY screen_id
        ) AS s ON s.screen_id = h.id
        WHERE v.id IS NULL
            OR (s.seats = h.seat_count AND s.positions = s.seats AND s.first = 0 AND s.last = s.seats - 1) IS NOT TRUE
        """,
    ),
    Invariant(
        "seats-on-sale-are-the-halls",
        "a show has each seat of its hall, in the same place and tier, of which the same is said",
        ("inventory.show_seats",),
        """
        SELECT coalesce(s.show_id, h.show_id) AS show_id, s.id AS seat_id, h.id AS seat_of_hall,
            coalesce(s.position, h.position) AS position, s.section, s.row, s.number, s.tier, h.section
                AS section_of_hall, h.row AS row_of_hall, h.number AS number_of_hall, h.tier AS tier_of_hall
        FROM inventory.show_seats s FULL JOIN (
            SELECT w.id AS show_id, h.*
            FROM inventory.shows w JOIN inventory.screen_seats h ON h.screen_id = w.screen_id
                AND h.position < coalesce(w.seat_count, h.position + 1)
        ) AS h ON (h.show_id, h.position) = (s.show_id, s.position)
        LEFT JOIN inventory.show_seats w ON (w.show_id, w.id) = (s.show_id, s.companion_of)
        LEFT JOIN inventory.screen_seats c ON (c.screen_id, c.id) = (h.screen_id, h.companion_of)
        WHERE (s.position, s.section, s.row, s.number, s.tier, s.label, s.features, s.price_multiplier, w.position,
                s.area_id IS NULL)
            IS DISTINCT FROM (h.position, h.section, h.row, h.number, h.tier, h.label, h.features, h.price_multiplier,
                c.position, h.area_id IS NULL)
        """,
    ),
    Invariant(
        "seats-are-sold-by-the-prices-that-are-shown",
        "the list by which a show's seats are sold has the catalogue's prices, and every tier of the seats",
        ("inventory.show_prices",),
        """
        WITH listed AS (
            SELECT l.* FROM inventory.show_counters c
            JOIN inventory.list_prices l ON (l.show_id, l.version) = (c.show_id, c.prices_version)
        )
        SELECT coalesce(l.show_id, p.show_id) AS show_id, coalesce(l.tier, p.tier) AS tier, l.version,
            l.price AS listed, p.price AS shown
        FROM listed l FULL JOIN inventory.show_prices p ON (p.show_id, p.tier) = (l.show_id, l.tier)
        WHERE l.price IS DISTINCT FROM p.price
        UNION ALL
        SELECT s.show_id, s.tier, NULL, NULL, NULL
        FROM (SELECT DISTINCT show_id, tier FROM inventory.show_seats) AS s
        LEFT JOIN listed l ON (l.show_id, l.tier) = (s.show_id, s.tier)
        WHERE l.show_id IS NULL
        """,
    ),
    Invariant(
        "claims-are-on-seats-of-their-show",
        "every claim is on a show that there is, and on seats of it, whatever became of it",
        ("inventory.reservations",),
        """
        SELECT r.show_id, r.booking_id, r.state, w.id AS known_show_id, wanted.seat_id
        FROM inventory.reservations r
        LEFT JOIN inventory.shows w ON w.id = r.show_id
        LEFT JOIN unnest(r.seat_ids) AS wanted (seat_id) ON true
        LEFT JOIN inventory.show_seats s ON (s.show_id, s.id) = (r.show_id, wanted.seat_id)
        WHERE w.id IS NULL OR (s.id IS NULL AND cardinality(r.seat_ids) > 0)
        """,
    ),
    Invariant(
        "the-catalogue-is-there-once",
        "one event, venue, hall, show to an id, one hall to a name in a venue, one seat to a place, a price to a tier",
        (
            "inventory.events",
            "inventory.venues",
            "inventory.screens",
            "inventory.screen_seats",
            "inventory.shows",
            "inventory.show_prices",
        ),
        """
        SELECT 'event' AS what, id::text AS key, count(*) AS times
        FROM inventory.events GROUP BY id HAVING count(*) > 1
        UNION ALL
        SELECT 'venue', id::text, count(*) FROM inventory.venues GROUP BY id HAVING count(*) > 1
        UNION ALL
        SELECT 'hall', id::text, count(*) FROM inventory.screens GROUP BY id HAVING count(*) > 1
        UNION ALL
        SELECT 'name of a hall', concat_ws(' ', venue_id, name), count(*)
        FROM inventory.screens GROUP BY venue_id, name HAVING count(*) > 1
        UNION ALL
        SELECT 'seat of a hall', concat_ws(' ', screen_id, id), count(*)
        FROM inventory.screen_seats GROUP BY screen_id, id HAVING count(*) > 1
        UNION ALL
        SELECT 'place in a hall', concat_ws(' ', screen_id, section, row, number), count(*)
        FROM inventory.screen_seats GROUP BY screen_id, section, row, number HAVING count(*) > 1
        UNION ALL
        SELECT 'show', id::text, count(*) FROM inventory.shows GROUP BY id HAVING count(*) > 1
        UNION ALL
        SELECT 'price', concat_ws(' ', show_id, tier), count(*)
        FROM inventory.show_prices GROUP BY show_id, tier HAVING count(*) > 1
        """,
    ),
)
