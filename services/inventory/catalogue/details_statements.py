"""Statements about what people want to read of one event."""

PLACES_OF_EVENT = """
    SELECT DISTINCT v.id AS venue_id, v.name, v.city, v.time_zone
    FROM shows s JOIN screens c ON c.id = s.screen_id JOIN venues v ON v.id = c.venue_id
    WHERE s.event_id = %(event_id)s AND s.status <> 'CANCELLED' AND s.starts_at > (SELECT boxoffice_clock())
    ORDER BY v.name, v.id LIMIT %(limit)s
"""

PRICES_OF_EVENT = """
    SELECT s.currency, min(p.price) AS lowest, max(p.price) AS highest
    FROM shows s JOIN show_prices p ON p.show_id = s.id
    WHERE s.event_id = %(event_id)s AND s.status <> 'CANCELLED' AND s.starts_at > (SELECT boxoffice_clock())
    GROUP BY s.currency ORDER BY s.currency
"""

RATING_OF_EVENT = """
    SELECT reviews, CASE WHEN reviews > 0 THEN total * 100 / reviews ELSE 0 END AS average_hundredths
    FROM event_ratings WHERE event_id = %(event_id)s
"""
