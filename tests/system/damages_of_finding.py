"""Damages to what events are found by, and to what people say of them."""

from __future__ import annotations

from tests.system.damage import NEW, Damage, again

RATED, REVIEWED, ONCE = (
    "ratings-are-what-reviews-come-to",
    "reviews-are-of-events-and-counted-when-reported",
    "reviews-are-there-once",
)
EVENTS, VENUES, WORDS = (
    "events-are-found-by-what-they-say",
    "venues-are-found-by-what-they-say",
    "what-is-searched-for-is-known",
)
EVENT = "(SELECT id FROM inventory.events ORDER BY id LIMIT 1)"


def review(rating: int = 4, *, hidden_at: str = "NULL", reports: int = 0, event: str = EVENT) -> str:
    return f"""
        INSERT INTO inventory.reviews (id, event_id, user_id, rating, text, shown_name, created_at, hidden_at, reports)
        SELECT gen_random_uuid(), {event}, gen_random_uuid(), {rating}, '', 'Asha R.', now(), {hidden_at}, {reports}
    """


RATINGS = f"DELETE FROM inventory.event_ratings; INSERT INTO inventory.event_ratings VALUES ({EVENT}, 2, 9)"
REVIEWS = f"{review(4)}; {review(5)}; {review(1, hidden_at='now()')}; {RATINGS}"
"""Two reviews that count, and one that is hidden, as they are written."""
REPORTED = "INSERT INTO inventory.review_reports SELECT id, gen_random_uuid(), now() FROM inventory.reviews"
INDEX = """
    UPDATE inventory.event_index i SET words = setweight(to_tsvector('simple', i.title), 'A')
        || setweight(to_tsvector('simple', coalesce((
            SELECT string_agg(v.words, ' ' ORDER BY v.venue_id) FROM inventory.venue_index v
            WHERE v.venue_id = ANY(i.venue_ids)), '')), 'B')
        || setweight(to_tsvector('simple', i.description), 'D')
"""
"""Put the words together again."""
NOTHING_KNOWN = "DELETE FROM inventory.search_words"

OF_FINDING = (
    Damage("reviews that do not count", RATED, f"{REVIEWS}; DELETE FROM inventory.event_ratings"),
    Damage("a review too many", RATED, f"{REVIEWS}; UPDATE inventory.event_ratings SET reviews = 3"),
    Damage("stars too many", RATED, f"{REVIEWS}; UPDATE inventory.event_ratings SET total = 10"),
    Damage("ratings of no review", RATED, f"{RATINGS}"),
    Damage("a review of no event", REVIEWED, review(event=NEW)),
    Damage("a review of six stars", REVIEWED, review(6)),
    Damage("a review of no star", REVIEWED, review(0)),
    Damage("a report that is not counted", REVIEWED, f"{REVIEWS}; {REPORTED}"),
    Damage("a report of nobody", REVIEWED, review(reports=1)),
    Damage("two reviews by one user", ONCE, f"{review()}; {again('inventory.reviews')}"),
    Damage("ratings of an event twice", ONCE, f"{RATINGS}; {again('inventory.event_ratings')}"),
    Damage("an event that nobody finds", EVENTS, f"DELETE FROM inventory.event_index WHERE event_id = {EVENT}"),
    Damage(
        "an event of signs that nobody finds",
        EVENTS,
        "UPDATE inventory.events SET title = 'AC/DC'; DELETE FROM inventory.event_index",
    ),
    Damage("what is found and is no event", EVENTS, f"DELETE FROM inventory.events WHERE id = {EVENT}"),
    Damage(
        "an event that is found by another title",
        EVENTS,
        f"UPDATE inventory.events SET title = 'Quiet'; UPDATE inventory.event_index SET title = 'loud'; {INDEX}",
    ),
    Damage("words that nothing says", EVENTS, "UPDATE inventory.event_index SET words = 'other'::tsvector"),
    Damage("words that weigh the same", EVENTS, "UPDATE inventory.event_index SET words = setweight(words, 'C')"),
    Damage(
        "events that their venues do not find", EVENTS, f"UPDATE inventory.event_index SET venue_ids = '{{}}'; {INDEX}"
    ),
    Damage("events by the old name of a venue", EVENTS, "UPDATE inventory.venue_index SET words = words || ' new'"),
    Damage(
        "a venue of signs that nobody finds",
        VENUES,
        "UPDATE inventory.venues SET name = 'St. Paul''s'; DELETE FROM inventory.venue_index",
    ),
    Damage("a venue that nobody finds", VENUES, "DELETE FROM inventory.venue_index"),
    Damage("what is found and is no venue", VENUES, "DELETE FROM inventory.venues"),
    Damage(
        "a venue that is found by another name",
        VENUES,
        "UPDATE inventory.venues SET name = 'Quiet'; UPDATE inventory.venue_index SET words = 'loud pune'",
    ),
    Damage("words that are not completed", WORDS, NOTHING_KNOWN),
    Damage("words whose slips are not forgiven", WORDS, "DELETE FROM inventory.search_grams"),
    Damage("a new title of which nothing is known", WORDS, "UPDATE inventory.event_index SET title = 'unheard of'"),
    Damage("a new venue of which nothing is known", WORDS, "UPDATE inventory.venue_index SET words = 'unheard of'"),
)

OF_WORDS = {
    "reviews that count, and one that is hidden": REVIEWS,
    "reviews that were reported": f"{REVIEWS}; UPDATE inventory.reviews SET reports = 1; {REPORTED}",
    "an event of which all reviews are hidden or gone": f"{RATINGS};"
    f" UPDATE inventory.event_ratings SET (reviews, total) = (0, 0); {review(hidden_at='now()')}",
    "a title and a venue of signs, found by their words": f"""
        UPDATE inventory.events SET title = 'AC/DC', updated_at = now();
        UPDATE inventory.event_index SET title = 'ac dc';
        UPDATE inventory.venues SET name = 'St. Paul''s', city = 'Málaga', updated_at = now();
        UPDATE inventory.venue_index SET words = 'st pauls malaga';
        INSERT INTO inventory.search_words SELECT unnest(ARRAY['ac', 'dc', 'st', 'pauls', 'malaga']);
        INSERT INTO inventory.search_grams SELECT word, word FROM inventory.search_words;
        {INDEX}
    """,
    "an event that had shows elsewhere": f"""
        UPDATE inventory.event_index SET venue_ids = venue_ids || {NEW}::uuid;
        INSERT INTO inventory.venues (id, name, city) VALUES ({NEW}, 'Old', 'Pune');
        INSERT INTO inventory.venue_index VALUES ({NEW}, 'old pune');
        INSERT INTO inventory.search_words VALUES ('old');
        INSERT INTO inventory.search_grams VALUES ('old', 'old');
        {INDEX}
    """,
}
"""What is right all the same."""
