"""Invariants of what events are found by, and of what people say of them."""

from audit.invariants.invariant import Invariant

_ONE_BY_ONE = "^([A-Za-z0-9]{1,64}( |$))+$"
"""Texts whose words are what stands between blanks; of others, chassis/values/words.py alone knows the words."""

REVIEWS = (
    Invariant(
        "ratings-are-what-reviews-come-to",
        "an event's ratings are the number and the sum of its reviews that are not hidden",
        ("inventory.events",),
        """
        SELECT coalesce(r.event_id, v.event_id) AS event_id, r.reviews, r.total, v.reviews AS there, v.total AS sum
        FROM inventory.event_ratings r FULL JOIN (
            SELECT event_id, count(*) AS reviews, sum(rating) AS total
            FROM inventory.reviews WHERE hidden_at IS NULL GROUP BY event_id
        ) AS v ON v.event_id = r.event_id
        WHERE (coalesce(r.reviews, 0), coalesce(r.total, 0))
            IS DISTINCT FROM (coalesce(v.reviews, 0), coalesce(v.total, 0))
        """,
    ),
    Invariant(
        "reviews-are-of-events-and-counted-when-reported",
        "a review is from 1 to 5, of an event that there is, and as often reported as there are users who did",
        ("inventory.events",),
        """
        SELECT v.id AS review_id, v.event_id, e.id AS known_event_id, v.rating, v.reports, n.users
        FROM inventory.reviews v
        LEFT JOIN inventory.events e ON e.id = v.event_id
        LEFT JOIN (
            SELECT review_id, count(DISTINCT user_id) AS users FROM inventory.review_reports GROUP BY review_id
        ) AS n ON n.review_id = v.id
        WHERE e.id IS NULL OR (v.rating BETWEEN 1 AND 5) IS NOT TRUE OR v.reports IS DISTINCT FROM coalesce(n.users, 0)
        """,
    ),
    Invariant(
        "reviews-are-there-once",
        "a user has one review of an event, and an event one row of ratings",
        ("inventory.events",),
        """
        SELECT 'review' AS what, concat_ws(' ', event_id, user_id) AS key, count(*) AS times
        FROM inventory.reviews GROUP BY event_id, user_id HAVING count(*) > 1
        UNION ALL
        SELECT 'ratings', event_id::text, count(*) FROM inventory.event_ratings GROUP BY event_id HAVING count(*) > 1
        """,
    ),
)

FINDING_AT_REST = (
    Invariant(
        "events-are-found-by-what-they-say",
        "every event is in the index, and nothing else: by the words of its title, its description and its venues",
        ("inventory.events", "inventory.event_index"),
        f"""
        SELECT coalesce(e.id, i.event_id) AS event_id, e.title, i.title AS found_by, i.venue_ids, i.words
        FROM inventory.events e FULL JOIN inventory.event_index i ON i.event_id = e.id
        WHERE e.id IS NULL OR i.event_id IS NULL
            OR (e.title ~ '{_ONE_BY_ONE}' AND i.title IS DISTINCT FROM lower(e.title))
            OR i.words IS DISTINCT FROM (
                setweight(to_tsvector('simple', i.title), 'A')
                || setweight(to_tsvector('simple', coalesce((
                    SELECT string_agg(v.words, ' ' ORDER BY v.venue_id) FROM inventory.venue_index v
                    WHERE v.venue_id = ANY(i.venue_ids)
                ), '')), 'B')
                || setweight(to_tsvector('simple', i.description), 'D')
            )
            OR EXISTS (
                SELECT FROM inventory.shows s JOIN inventory.screens c ON c.id = s.screen_id
                WHERE s.event_id = e.id AND c.venue_id <> ALL (i.venue_ids)
            )
        """,
    ),
    Invariant(
        "venues-are-found-by-what-they-say",
        "the words of every venue are kept, of its name and its city, and of nothing else",
        ("inventory.venues", "inventory.venue_index"),
        f"""
        SELECT coalesce(v.id, i.venue_id) AS venue_id, v.name, v.city, i.words
        FROM inventory.venues v FULL JOIN inventory.venue_index i ON i.venue_id = v.id
        WHERE v.id IS NULL OR i.venue_id IS NULL
            OR (v.name || ' ' || v.city ~ '{_ONE_BY_ONE}' AND i.words IS DISTINCT FROM lower(v.name || ' ' || v.city))
        """,
    ),
    Invariant(
        "what-is-searched-for-is-known",
        "the words of titles and venues are known, with their letters, by which they are found though misspelt",
        ("inventory.search_words",),
        """
        SELECT called.word FROM (
            SELECT unnest(string_to_array(title, ' ')) AS word FROM inventory.event_index
            UNION SELECT unnest(string_to_array(words, ' ')) FROM inventory.venue_index
        ) AS called
        LEFT JOIN inventory.search_words w ON w.word = called.word
        LEFT JOIN (SELECT word, count(*) AS grams FROM inventory.search_grams GROUP BY word) AS g
            ON g.word = called.word
        WHERE w.word IS NULL OR g.grams IS NULL
        """,
    ),
)
