"""Statements about access codes, and about what users have tried."""

from services.chassis.store.rows import LEAST_ID, selected
from services.inventory.seats.rights import AccessCode
from services.inventory.shards import of_shows

CODE = selected(AccessCode, of="c")
"""The columns of a code."""

CODES_BY_CODE = f"""
    SELECT c.show_id, {CODE} FROM access_codes c
    JOIN unnest(%(show_id)s::uuid[], %(code)s::text[]) AS named (show_id, code)
        ON (c.show_id, c.code) = (named.show_id, named.code)
    WHERE {of_shows("c")}
"""

CODES_BY_ID = f"""
    SELECT c.show_id, {CODE} FROM access_codes c
    JOIN unnest(%(show_id)s::uuid[], %(id)s::uuid[]) AS named (show_id, id)
        ON (c.show_id, c.id) = (named.show_id, named.id)
    WHERE {of_shows("c")}
"""

CLAIMS_OF_CODES = f"""
    SELECT s.show_id, s.right_id, s.id, s.expires_at FROM access_codes c
    JOIN unnest(%(show_id)s::uuid[], %(code)s::text[]) AS named (show_id, code)
        ON (c.show_id, c.code) = (named.show_id, named.code)
    JOIN show_seats s ON (s.show_id, s.right_id) = (c.show_id, c.id)
    WHERE s.holder_id IS NOT NULL AND {of_shows("c")} AND {of_shows("s")}
"""
"""The seats that somebody has by codes, lapsed claims too."""

CLAIMS_OF_CODE_IDS = f"""
    SELECT s.show_id, s.right_id, s.id, s.expires_at FROM show_seats s
    JOIN unnest(%(show_id)s::uuid[], %(id)s::uuid[]) AS named (show_id, id)
        ON (s.show_id, s.right_id) = (named.show_id, named.id)
    WHERE s.holder_id IS NOT NULL AND {of_shows("s")}
"""

COUNT_CODES = """
    SELECT show_id, count(*)::int AS made FROM access_codes WHERE show_id = ANY(%(show_id)s) GROUP BY show_id
"""

TRIES = f"""
    SELECT t.show_id, t.user_id, t.tried_at FROM access_code_tries t
    JOIN unnest(%(show_id)s::uuid[], %(user_id)s::uuid[]) AS named (show_id, user_id)
        ON (t.show_id, t.user_id) = (named.show_id, named.user_id)
    WHERE {of_shows("t")}
"""

MAKE_CODES = f"""
    INSERT INTO access_codes (show_id, id, code, reason, seat_ids, max_seats, ends_at, created_at)
    SELECT c.show_id, id, code, reason, seat_ids::uuid[], max_seats, ends_at, created_at FROM unnest(
        %(show_id)s::uuid[], %(id)s::uuid[], %(code)s::text[], %(reason)s::text[], %(seat_ids)s::text[],
        %(max_seats)s::int[], %(ends_at)s::timestamptz[], %(created_at)s::timestamptz[]
    ) AS new (show_id, id, code, reason, seat_ids, max_seats, ends_at, created_at)
    JOIN show_counters c ON c.show_id = new.show_id
    WHERE {of_shows("c")}
"""

REVOKE_CODES = f"""
    UPDATE access_codes c SET revoked_at = new.revoked_at
    FROM unnest(%(show_id)s::uuid[], %(id)s::uuid[], %(revoked_at)s::timestamptz[]) AS new (show_id, id, revoked_at)
    WHERE (c.show_id, c.id) = (new.show_id, new.id) AND {of_shows("c")}
"""

SET_TRIES = f"""
    INSERT INTO access_code_tries (show_id, user_id, tried_at, updated_at)
    SELECT c.show_id, user_id, tried_at::timestamptz[], %(now)s
    FROM unnest(%(show_id)s::uuid[], %(user_id)s::uuid[], %(tried_at)s::text[]) AS new (show_id, user_id, tried_at)
    JOIN show_counters c ON c.show_id = new.show_id
    WHERE {of_shows("c")}
    ON CONFLICT (show_id, user_id) DO UPDATE SET tried_at = excluded.tried_at, updated_at = excluded.updated_at
"""

FORGET_TRIES = """
    DELETE FROM access_code_tries t USING (
        SELECT show_id, user_id FROM access_code_tries
        WHERE updated_at < (SELECT boxoffice_clock()) - %(window)s::interval
        ORDER BY updated_at LIMIT 1000
    ) AS past
    WHERE (t.show_id, t.user_id) = (past.show_id, past.user_id)
"""
"""Forget one batch of tries that count no more."""

SHOW_EXISTS = "SELECT FROM show_counters WHERE show_id = %(show_id)s"

LIST_CODES = f"""
    WITH page AS (
        SELECT c.show_id, {CODE} FROM access_codes c
        WHERE c.show_id = %(show_id)s AND c.id > coalesce(%(after)s::uuid, {LEAST_ID})
        ORDER BY c.id LIMIT %(limit)s
    )
    SELECT page.*, (
        SELECT count(*)::int FROM show_seats s
        WHERE s.show_id = %(show_id)s AND s.right_id = page.id AND s.holder_id IS NOT NULL
            AND (s.expires_at IS NULL OR s.expires_at > (SELECT boxoffice_clock()))
    ) AS seats
    FROM page ORDER BY id
"""
"""Codes of a show, oldest first, with how many seats somebody has by each."""
