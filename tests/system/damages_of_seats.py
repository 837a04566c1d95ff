"""Damages to seats, holds and reservations."""

from __future__ import annotations

from tests.system.damage import DEARER, HELD_BY_ONE, NEW, Damage, again, claims, hold_of, seats

SHAPE, CLAIMED, WHOLE = (
    "seats-are-what-their-status-says",
    "claimed-seats-have-their-reservation",
    "reservations-have-all-their-seats",
)
PRICED = "claims-cost-what-a-list-said"
CLAIM, IN_TIME = "reservations-say-who-and-what", "holds-and-claims-end-in-time"
UNBOOKED = "unbooked-holds-are-counted"
RIGHT, LIMIT = "claims-on-blocked-seats-have-a-right", "access-codes-are-used-within-their-limit"


def of_code(status: str, max_seats: int = 1000, *, revoked_at: str = "NULL") -> str:
    """Make an access code of each show that has seats in this status."""
    return (
        "INSERT INTO inventory.access_codes (show_id, id, code, reason, seat_ids, max_seats, created_at, revoked_at)"
        f" SELECT DISTINCT show_id, {NEW}::uuid, 'SPONSOR', 'Camera', '{{}}'::uuid[], {max_seats},"
        f" now() - interval '2 hours', ({revoked_at})::timestamptz"
        f" FROM inventory.show_seats WHERE status = '{status}';"
    )


LONGER = "expires_at = expires_at + interval '20 minutes'"
YEARS = "expires_at = now() + interval '10 years'"
BEFORE = "NULL"
OLD = f"held_at = NULL, {YEARS}"
MAY = "UPDATE inventory.show_counters SET seat_hold_max_minutes = 32767"
OF_SEATS = (
    Damage("a hold without an end", SHAPE, seats("HELD", "expires_at = NULL")),
    Damage("a hold of nobody", SHAPE, seats("HELD", "holder_id = NULL")),
    Damage("a seat reserved to no booking", SHAPE, seats("RESERVED", "booking_id = NULL")),
    Damage("a sold seat that lapses", SHAPE, seats("BOOKED", "expires_at = now()")),
    Damage("a free seat that somebody has", SHAPE, seats("AVAILABLE", "holder_id = gen_random_uuid()")),
    Damage("a seat in no state", SHAPE, seats("BOOKED", "status = NULL")),
    Damage("a seat in a state that there is not", SHAPE, seats("AVAILABLE", "status = 'SOLD'")),
    Damage("a seat below nothing", SHAPE, seats("AVAILABLE", "price = -1")),
    Damage("a blocked seat that is free", SHAPE, seats("AVAILABLE", "blocked_for = ''")),
    Damage("a claim released, its seats still sold", CLAIMED, claims("CONFIRMED", "state = 'RELEASED'")),
    Damage("seats sold to a booking unheard of", CLAIMED, seats("BOOKED", "booking_id = gen_random_uuid()")),
    Damage("a reserved seat of another user", CLAIMED, seats("RESERVED", "holder_id = gen_random_uuid()")),
    Damage("a seat sold without a confirmation", CLAIMED, seats("RESERVED", "status = 'BOOKED', expires_at = NULL")),
    Damage("a seat reserved for longer", CLAIMED, seats("RESERVED", "expires_at = expires_at + interval '1 second'")),
    Damage("a sold seat that is not in the claim", CLAIMED, claims("CONFIRMED", "seat_ids = seat_ids[2:]")),
    Damage("a claim on no seats", CLAIMED, claims("CONFIRMED", "seat_ids = NULL")),
    Damage("a claim of nobody", CLAIMED, claims("RESERVED", "user_id = NULL")),
    Damage("a held seat at another price", PRICED, seats("HELD", "price = price + 1")),
    Damage("sold seats at another price", PRICED, seats("BOOKED", "price = price + 1")),
    Damage("a claim at another price than its seats", PRICED, claims("CONFIRMED", f"prices = {DEARER}")),
    Damage(
        "seats at another price than their claim, both of which a list said",
        PRICED,
        "INSERT INTO inventory.list_prices SELECT show_id, 2, tier, price + 1 FROM inventory.list_prices;"
        + seats("BOOKED", "price = price + 1")
        + " AND price > 0",
    ),
    Damage("a closed claim at a price that never was", PRICED, claims("REFUSED", f"prices = {DEARER}")),
    Damage(
        "half a reservation",
        WHOLE,
        "UPDATE inventory.show_seats SET status = 'AVAILABLE', booking_id = NULL, holder_id = NULL, expires_at = NULL"
        " WHERE id = (SELECT id FROM inventory.show_seats WHERE status = 'RESERVED' LIMIT 1)",
    ),
    Damage("sold seats that are gone", WHOLE, "DELETE FROM inventory.show_seats WHERE status = 'BOOKED'"),
    Damage("a claim with no seats in it", WHOLE, claims("RESERVED", "seat_ids = '{}'")),
    Damage("a claim in no state", CLAIM, claims("REFUSED", "state = NULL")),
    Damage("a claim in an unknown state", CLAIM, claims("CONFIRMED", "state = 'LOST'")),
    Damage("a closed claim of nobody", CLAIM, claims("REFUSED", "user_id = NULL")),
    Damage(
        "a user with every seat",
        "seat-limit",
        "UPDATE inventory.show_seats SET holder_id ="
        " (SELECT holder_id FROM inventory.show_seats WHERE status = 'BOOKED' LIMIT 1)",
    ),
    Damage(
        "a seventh seat held",
        "seat-limit",
        HELD_BY_ONE,
    ),
    Damage(
        "shows without a lock",
        "every-show-has-its-lock-and-seats",
        "DELETE FROM inventory.show_counters WHERE sequence = 0",
    ),
    Damage(
        "a lock that knows another start",
        "every-show-has-its-lock-and-seats",
        "UPDATE inventory.show_counters SET starts_at = starts_at + interval '1 day'",
    ),
    *(
        Damage(
            f"a lock that knows another {what}",
            "every-show-has-its-lock-and-seats",
            f"UPDATE inventory.show_counters SET {change}",
        )
        for what, change in {
            "status": "status = 'CANCELLED'",
            "beginning of sales": "sales_start_at = starts_at - interval '1 day'",
            "revision": "revision = revision + 1",
        }.items()
    ),
    Damage(
        "a seat too few",
        "every-show-has-its-lock-and-seats",
        "DELETE FROM inventory.show_seats"
        " WHERE id = (SELECT id FROM inventory.show_seats WHERE status = 'AVAILABLE' LIMIT 1)",
    ),
    Damage(
        "a number without a change",
        "gapless-numbers",
        "UPDATE inventory.show_counters SET sequence = sequence + 1",
    ),
    Damage(
        "changes under later numbers",
        "gapless-numbers",
        "UPDATE inventory.seat_changes SET sequence = sequence + 1 WHERE sequence > 1",
    ),
    Damage("a change without a number", "gapless-numbers", "UPDATE inventory.seat_changes SET sequence = NULL"),
    Damage("changes of no show", "gapless-numbers", "DELETE FROM inventory.show_counters"),
    Damage(
        "seats freed without a number",
        "last-change-is-what-the-seat-is",
        "UPDATE inventory.show_seats SET status = 'AVAILABLE', expires_at = NULL WHERE status <> 'AVAILABLE'",
    ),
    Damage(
        "a hold prolonged without a number",
        "last-change-is-what-the-seat-is",
        seats("HELD", "expires_at = expires_at + interval '1 second'"),
    ),
    Damage(
        "a seat at another price than was told",
        "last-change-is-what-the-seat-is",
        "UPDATE inventory.seat_changes SET price = price + 1",
    ),
    Damage("a seat twice", "seats-and-claims-are-there-once", again("inventory.show_seats", "status = 'AVAILABLE'")),
    Damage("a claim twice", "seats-and-claims-are-there-once", again("inventory.reservations")),
    Damage("a lock twice", "seats-and-claims-are-there-once", again("inventory.show_counters")),
    Damage("a change twice", "seats-and-claims-are-there-once", again("inventory.seat_changes")),
    Damage("a hold of a booking", SHAPE, seats("HELD", "booking_id = gen_random_uuid()")),
    Damage("a sold seat of nobody", SHAPE, seats("BOOKED", "holder_id = NULL")),
    Damage("seats sold to a claim of another show", CLAIMED, claims("CONFIRMED", "show_id = gen_random_uuid()")),
    Damage("a claim that has its seats in another show", WHOLE, claims("CONFIRMED", "show_id = gen_random_uuid()")),
    Damage("a live claim of nobody", CLAIM, claims("CONFIRMED", "user_id = NULL")),
    Damage("a live claim on nothing", CLAIM, claims("RESERVED", "seat_ids = '{}'")),
    Damage("a claim that was made at no time", CLAIM, claims("CONFIRMED", "reserved_at = NULL")),
    Damage("a claim released before its time", CLAIM, claims("RESERVED", "state = 'RELEASED', changed_at = now()")),
    Damage("a claim released at no time", CLAIM, claims("RESERVED", "state = 'RELEASED', changed_at = NULL")),
    Damage(
        "a hold for years",
        IN_TIME,
        f"{seats('HELD', OLD)};UPDATE inventory.seat_changes SET {YEARS} WHERE status = 'HELD'",
    ),
    Damage(
        "a hold for years, its change forgotten", IN_TIME, f"{seats('HELD', OLD)};DELETE FROM inventory.seat_changes"
    ),
    Damage(
        "a hold for years, with a change of that seat in another show",
        IN_TIME,
        f"{seats('HELD', OLD)};"
        f"UPDATE inventory.seat_changes SET show_id = gen_random_uuid(), changed_at = now() + interval '20 years'",
    ),
    Damage(
        "a hold for years, and its show says that it may",
        IN_TIME,
        f"{seats('HELD', OLD)};UPDATE inventory.seat_changes SET {YEARS} WHERE status = 'HELD';"
        "UPDATE inventory.show_counters SET seat_hold_minutes = 32767",
    ),
    Damage("a hold for longer than was ever allowed", IN_TIME, hold_of("6 minutes", BEFORE)),
    Damage("a hold that is extended past its life", IN_TIME, hold_of("16 minutes")),
    Damage(
        "a hold past its life, lately extended",
        IN_TIME,
        hold_of("5 minutes") + ";" + seats("HELD", "held_at = held_at - interval '11 minutes'"),
    ),
    Damage("a hold of hours, and its show says that it may", IN_TIME, f"{hold_of('3 hours')};{MAY}"),
    Damage("unbooked holds of no time", UNBOOKED, "UPDATE inventory.unbooked_holds SET minutes = 0"),
    Damage("unbooked holds of no window", UNBOOKED, "UPDATE inventory.unbooked_holds SET window_began_at = NULL"),
    Damage("unbooked holds twice", UNBOOKED, again("inventory.unbooked_holds")),
    Damage("a blocked seat that is held without a right", RIGHT, seats("HELD", "blocked_for = 'Camera'")),
    Damage("a blocked seat that is sold without a right", RIGHT, seats("BOOKED", "blocked_for = 'Camera'")),
    Damage("a seat held by a code that there is not", RIGHT, seats("HELD", "right_id = gen_random_uuid()")),
    Damage(
        "a seat reserved by a code, not so its claim",
        RIGHT,
        of_code("RESERVED") + seats("RESERVED", f"right_id = {NEW}"),
    ),
    Damage("more seats held by a code than it gives", LIMIT, of_code("HELD", 0) + seats("HELD", f"right_id = {NEW}")),
    Damage(
        "more seats sold by a code than it gives", LIMIT, of_code("BOOKED", 0) + seats("BOOKED", f"right_id = {NEW}")
    ),
    Damage(
        "a seat held by a code that was revoked before",
        LIMIT,
        of_code("HELD", revoked_at="now() - interval '1 hour'") + seats("HELD", f"right_id = {NEW}"),
    ),
    Damage(
        "two codes of a show that are the same",
        LIMIT,
        of_code("HELD") + of_code("HELD").replace("'SPONSOR'", "'sponsor'").replace(NEW, "gen_random_uuid()"),
    ),
    Damage(
        "a claim for longer than was ever allowed",
        IN_TIME,
        f"{claims('RESERVED', LONGER)};{seats('RESERVED', LONGER)}",
    ),
    Damage("a claim for years", IN_TIME, f"{claims('RESERVED', YEARS)};{seats('RESERVED', YEARS)}"),
    Damage(
        "a lock without a number",
        "every-show-has-its-lock-and-seats",
        "UPDATE inventory.show_counters SET sequence = NULL",
    ),
    Damage(
        "a gap in the numbers",
        "gapless-numbers",
        "DELETE FROM inventory.seat_changes WHERE sequence = 2 AND show_id IN"
        " (SELECT show_id FROM inventory.seat_changes WHERE sequence = 3)",
    ),
    Damage(
        "one change without a number",
        "gapless-numbers",
        "UPDATE inventory.seat_changes SET sequence = NULL WHERE sequence = 1 AND show_id IN"
        " (SELECT show_id FROM inventory.seat_changes WHERE sequence = 2)",
    ),
    Damage(
        "changes of a show unheard of",
        "last-change-is-what-the-seat-is",
        f"UPDATE inventory.seat_changes SET show_id = {NEW}",
    ),
)
