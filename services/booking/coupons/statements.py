"""Statements about coupons and their uses."""

from services.booking.coupons.domain import Coupon
from services.chassis.store.rows import GREATEST_ID, selected

COLUMNS = selected(Coupon)

IS_USE = "coupon_code IS NOT NULL AND state NOT IN ('CANCELLED', 'EXPIRED', 'REFUNDED')"
"""What makes a booking a use of its coupon: word by word the predicate of the index that uses are counted by."""

USES = f"""
    SELECT code, sum(uses)::int AS uses, max(uses)::int AS uses_of_one FROM (
        SELECT coupon_code AS code, count(*) AS uses FROM bookings
        WHERE coupon_code IN (SELECT code FROM coupons WHERE id = ANY(%(ids)s)) AND {IS_USE}
        GROUP BY coupon_code, user_id
    ) AS of_users GROUP BY code
"""
"""Count the uses of coupons, and how many a user has of each at most."""

_TERMS = """
    kind, percentage, amount, currency, valid_from, valid_until, minimum_amount, maximum_discount, max_uses,
    max_uses_per_user, show_ids, tiers
"""
_GIVEN_TERMS = """
    %(kind)s, %(percentage)s, %(amount)s, %(currency)s, %(valid_from)s, %(valid_until)s, %(minimum_amount)s,
    %(maximum_discount)s, %(max_uses)s, %(max_uses_per_user)s, %(show_ids)s, %(tiers)s
"""

# --- Organizers

LOCK_NEW_CODES = "LOCK TABLE coupons IN SHARE UPDATE EXCLUSIVE MODE"
"""Keeps nobody waiting but others who create coupons."""

TAKEN_CODES = "SELECT code FROM coupons WHERE code = ANY(%(codes)s)"

CREATE_COUPON = f"""
    INSERT INTO coupons (id, organizer_id, organization_id, own_shows_only, code, {_TERMS}, created_at, updated_at)
    VALUES (%(id)s, %(organizer_id)s, %(organization_id)s, %(own_shows_only)s, %(code)s, {_GIVEN_TERMS},
        %(created_at)s, %(updated_at)s)
"""

COUPONS = f"SELECT {COLUMNS} FROM coupons WHERE id = ANY(%(ids)s)"

LOCK_COUPONS = f"SELECT {COLUMNS} FROM coupons WHERE id = ANY(%(ids)s) ORDER BY id FOR NO KEY UPDATE"
"""Lock coupons, so that nobody else takes uses of them. Rows that only refer to them are not kept waiting."""

SET_COUPON = f"""
    UPDATE coupons SET ({_TERMS}, updated_at, deactivated_at) = ({_GIVEN_TERMS}, %(updated_at)s, %(deactivated_at)s)
    WHERE id = %(id)s
"""

LIST_COUPONS = f"""
    SELECT {selected(Coupon, of="c")}, (
        SELECT count(*)::int FROM bookings WHERE coupon_code = c.code AND {IS_USE}
    ) AS uses
    FROM coupons c
    WHERE (
            coalesce(%(organization_id)s::uuid, %(organizer_id)s::uuid) IS NULL OR organization_id = %(organization_id)s
            OR (organization_id IS NULL AND organizer_id = %(organizer_id)s)
        )
        AND id < coalesce(%(after)s::uuid, {GREATEST_ID})
    ORDER BY id DESC LIMIT %(limit)s
"""

# --- Users

FIND_CODES = f"SELECT {COLUMNS} FROM coupons WHERE code = ANY(%(codes)s)"

LOCK_CODES = f"{FIND_CODES} ORDER BY id FOR NO KEY UPDATE"

_LIMITED = "SELECT code FROM coupons WHERE code = ANY(%(codes)s)"

USES_OF_CODES = f"""
    SELECT coupon_code AS code, count(*)::int AS uses FROM bookings
    WHERE coupon_code IN ({_LIMITED} AND max_uses IS NOT NULL) AND {IS_USE} GROUP BY coupon_code
"""
"""Where there is no limit, nothing is counted."""

USES_OF_USERS = f"""
    SELECT coupon_code AS code, user_id, count(*)::int AS uses FROM bookings
    WHERE coupon_code IN ({_LIMITED} AND max_uses_per_user IS NOT NULL)
        AND user_id = ANY(%(user_ids)s) AND {IS_USE}
    GROUP BY coupon_code, user_id
"""

LOCK_TRIES = """
    INSERT INTO coupon_tries (user_id, updated_at)
    SELECT user_id, boxoffice_clock() FROM unnest(%(user_ids)s::uuid[]) AS user_id ORDER BY user_id
    ON CONFLICT (user_id) DO UPDATE SET updated_at = excluded.updated_at
    RETURNING user_id, tried_at
"""
"""Lock the users' tries, in the order of their ids, so that what they try at the same time is counted too."""

SET_TRIES = """
    UPDATE coupon_tries t SET tried_at = array(
        SELECT tried_at FROM unnest(%(users)s::uuid[], %(tried_at)s::timestamptz[]) AS tried (user_id, tried_at)
        WHERE tried.user_id = t.user_id ORDER BY tried_at
    )
    WHERE user_id = ANY(%(users)s)
"""

FORGET_TRIES = """
    DELETE FROM coupon_tries WHERE user_id = ANY (ARRAY(
        SELECT user_id FROM coupon_tries WHERE updated_at < boxoffice_clock() - %(window)s::interval
        ORDER BY updated_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    ))
"""
