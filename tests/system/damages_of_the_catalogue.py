"""Damages to what there is to sell: shows, halls, prices; and the invariant that each is meant for."""

from __future__ import annotations

from tests.system.damage import NEW, Damage, again

THERE, ONE_SHOW, COUNTED = (
    "shows-are-of-what-there-is",
    "a-hall-has-one-show-at-a-time",
    "halls-have-the-seats-that-they-count",
)
ON_SALE, LISTED, CLAIMS, ONCE = (
    "seats-on-sale-are-the-halls",
    "seats-are-sold-by-the-prices-that-are-shown",
    "claims-are-on-seats-of-their-show",
    "the-catalogue-is-there-once",
)
FREE = "(SELECT id FROM inventory.show_seats WHERE status = 'AVAILABLE' LIMIT 1)"
HALL = "(SELECT screen_id FROM inventory.screen_seats LIMIT 1)"
LAST = f"(SELECT max(position) FROM inventory.screen_seats WHERE screen_id = {HALL})"


def free_seat(change: str) -> str:
    return f"UPDATE inventory.show_seats SET {change} WHERE id = {FREE}"


def seat_of_hall(position: str, change: str) -> str:
    return f"UPDATE inventory.screen_seats SET {change} WHERE screen_id = {HALL} AND position = {position}"


def shows(change: str) -> str:
    return f"UPDATE inventory.shows SET {change}"


CATALOGUE = (
    Damage("a show of no event", THERE, shows("event_id = gen_random_uuid()")),
    Damage("a show in no hall", THERE, shows("screen_id = gen_random_uuid()")),
    Damage("a show in a hall of no venue", THERE, "DELETE FROM inventory.venues"),
    Damage("a show that is longer than its event", THERE, shows("ends_at = ends_at + interval '1 minute'")),
    Damage("a show in no currency that there is", THERE, shows("currency = 'rupees'")),
    Damage(
        "two shows in a hall at once",
        ONE_SHOW,
        f"INSERT INTO inventory.shows (id, screen_id, starts_at, ends_at) SELECT {NEW}, screen_id,"
        " starts_at + interval '1 minute', ends_at FROM inventory.shows LIMIT 1",
    ),
    Damage("a hall of no venue", COUNTED, "UPDATE inventory.screens SET venue_id = gen_random_uuid()"),
    Damage("a hall with a seat too many", COUNTED, "UPDATE inventory.screens SET seat_count = seat_count - 1"),
    Damage(
        "a hall with two seats in one position",
        COUNTED,
        seat_of_hall("1", "position = 2"),
    ),
    Damage("a hall whose first seat is none", COUNTED, seat_of_hall("0", "position = -1")),
    Damage("a hall whose last seat is further back", COUNTED, seat_of_hall(LAST, "position = position + 1")),
    Damage("a hall without its seats", COUNTED, f"DELETE FROM inventory.screen_seats WHERE screen_id = {HALL}"),
    Damage("seats of no hall", COUNTED, "DELETE FROM inventory.screens"),
    Damage("a free seat of another label", ON_SALE, free_seat("label = 'other'")),
    Damage("a free seat that is a place of an area", ON_SALE, free_seat("area_id = gen_random_uuid()")),
    Damage("a free seat in another tier", ON_SALE, free_seat("tier = 'VIP'")),
    Damage("a free seat in another row", ON_SALE, free_seat("row = row || 'x'")),
    Damage("a free seat in another section", ON_SALE, free_seat("section = 'Balcony'")),
    Damage("a free seat under another number", ON_SALE, free_seat("number = number + 1000")),
    Damage("a seat that the hall does not have", ON_SALE, free_seat("position = position + 100000")),
    Damage(
        "a seat of the hall that the show does not have",
        ON_SALE,
        f"DELETE FROM inventory.show_seats WHERE id = {FREE}",
    ),
    Damage("other prices shown", LISTED, "UPDATE inventory.show_prices SET price = price + 1"),
    Damage("no prices shown", LISTED, "DELETE FROM inventory.show_prices"),
    Damage("seats sold by a list that is not there", LISTED, "UPDATE inventory.show_counters SET prices_version = 2"),
    Damage(
        "a list without a tier",
        LISTED,
        "DELETE FROM inventory.list_prices WHERE tier = 'REGULAR';"
        "DELETE FROM inventory.show_prices WHERE tier = 'REGULAR'",
    ),
    Damage(
        "a closed claim on a show unheard of",
        CLAIMS,
        f"UPDATE inventory.reservations SET show_id = {NEW}, seat_ids = '{{}}' WHERE state = 'REFUSED'",
    ),
    Damage(
        "a closed claim on a seat of no show",
        CLAIMS,
        "UPDATE inventory.reservations SET seat_ids = seat_ids || gen_random_uuid() WHERE state = 'REFUSED'",
    ),
    Damage("an event twice", ONCE, again("inventory.events")),
    Damage("a venue twice", ONCE, again("inventory.venues")),
    Damage("a hall twice", ONCE, again("inventory.screens")),
    Damage(
        "two halls of one name in a venue",
        ONCE,
        f"INSERT INTO inventory.screens (id, venue_id, name) SELECT {NEW}, venue_id, name FROM inventory.screens",
    ),
    Damage("a seat of a hall twice", ONCE, again("inventory.screen_seats")),
    Damage("two seats in one place of a hall", ONCE, "UPDATE inventory.screen_seats SET row = 'A', number = 1"),
    Damage("a show twice", ONCE, again("inventory.shows")),
    Damage("two prices for a tier", ONCE, again("inventory.show_prices")),
)

OF_EDITS = {
    "a title and a hall that were called otherwise when they were booked": """
        UPDATE inventory.events SET title = 'another', updated_at = now();
        UPDATE inventory.event_index SET title = 'another';
        UPDATE inventory.venues SET name = 'another', city = 'another', updated_at = now();
        UPDATE inventory.venue_index SET words = 'another another';
        INSERT INTO inventory.search_words VALUES ('another');
        INSERT INTO inventory.search_grams VALUES ('ano', 'another');
        UPDATE inventory.event_index i SET words = setweight(to_tsvector('simple', i.title), 'A')
            || setweight(to_tsvector('simple', coalesce((
                SELECT string_agg(v.words, ' ' ORDER BY v.venue_id) FROM inventory.venue_index v
                WHERE v.venue_id = ANY(i.venue_ids)), '')), 'B')
            || setweight(to_tsvector('simple', i.description), 'D')
    """,
    "a draft, of which nobody is told": """
        DELETE FROM inventory.topic_events WHERE key NOT IN (SELECT show_id FROM inventory.cancelled_shows);
        UPDATE inventory.topic_events e SET position = t.position - later.events
            FROM inventory.topics t,
            (SELECT id, count(*) OVER (ORDER BY position DESC) - 1 AS events FROM inventory.topic_events) AS later
            WHERE later.id = e.id;
        UPDATE inventory.topics SET forgotten = position - (SELECT count(*) FROM inventory.topic_events);
        UPDATE inventory.shows SET status = 'DRAFT' WHERE status = 'SCHEDULED';
        UPDATE inventory.show_counters SET status = 'DRAFT' WHERE status = 'SCHEDULED'
    """,
    "a section that was added to halls when their shows were there": """
        UPDATE inventory.shows w SET seat_count = coalesce(w.seat_count, c.seat_count)
            FROM inventory.screens c WHERE c.id = w.screen_id;
        INSERT INTO inventory.screen_seats (screen_id, id, position, section, row, number, tier)
            SELECT id, gen_random_uuid(), seat_count, 'Added wing', 'A', 1, 'VIP' FROM inventory.screens;
        UPDATE inventory.screens SET seat_count = seat_count + 1
    """,
}
"""What is right all the same: the catalogue as edits leave it."""
