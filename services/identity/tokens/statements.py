"""Statements on refresh tokens and their families."""

BEGIN_FAMILY = """
    INSERT INTO token_families (id, user_id, created_at, expires_at)
    SELECT %(family_id)s, id, boxoffice_clock(), boxoffice_clock() + %(life)s
    FROM (SELECT id FROM users WHERE id = %(user_id)s AND password_hash = %(password_hash)s FOR SHARE) AS u
    RETURNING created_at AS now, expires_at
"""
"""Begin a family, if the password is still the one that was compared. The lock makes a change of it wait, or this wait
for the change: no family outlives the password that it came from."""

_CLAIMS = """
    u.roles, u.name, u.email_verified_at IS NOT NULL AS email_verified,
    (SELECT coalesce(json_object_agg(organization_id, role), '{}') FROM members WHERE user_id = u.id) AS organizations
"""

CLAIMS = f"SELECT {_CLAIMS} FROM users u WHERE id = %(id)s"

ADD_TOKEN = """
    INSERT INTO refresh_tokens (hash, family_id, created_at) VALUES (%(hash)s, %(family_id)s, boxoffice_clock())
"""

USE_TOKEN = """
    UPDATE refresh_tokens SET used_at = boxoffice_clock() WHERE hash = %(hash)s AND used_at IS NULL
    RETURNING family_id
"""
"""Use a token up; no row where it is unknown or used up."""

KEEP_SUCCESSOR = """
    INSERT INTO successors (hash, sealed, created_at) VALUES (%(hash)s, %(sealed)s, boxoffice_clock())
"""
"""Keep what follows a token that has just been used, for whoever lost the answer."""

FIND_SUCCESSOR = """
    SELECT t.family_id, s.sealed
    FROM refresh_tokens t
    JOIN successors s USING (hash)
    WHERE hash = %(hash)s AND t.used_at > boxoffice_clock() - %(grace)s::interval
"""
"""What follows a token that was used a moment ago; no row where that is longer ago, or it is unknown."""

IS_UNUSED = "SELECT hash FROM refresh_tokens WHERE hash = %(hash)s AND used_at IS NULL"

FORGET_SUCCESSORS = """
    DELETE FROM successors WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM successors WHERE created_at < (SELECT boxoffice_clock()) - %(grace)s::interval
        ORDER BY created_at LIMIT 1000 FOR UPDATE SKIP LOCKED
    ))
"""
"""Forget what is given to nobody any more."""

LOCK_FAMILY = f"""
    SELECT f.user_id, f.expires_at, {_CLAIMS}, boxoffice_clock() AS now
    FROM token_families f
    JOIN users u ON u.id = f.user_id
    WHERE f.id = %(id)s AND f.ended_at IS NULL AND f.expires_at > boxoffice_clock()
    FOR SHARE OF f
"""
"""A family that goes on, and keeps doing so until this transaction ends. Only after USE_TOKEN, whose row makes those
who have the same token take turns."""

END_FAMILY = """
    UPDATE token_families SET ended_at = boxoffice_clock(), ended_by = %(by)s
    WHERE id = (SELECT family_id FROM refresh_tokens WHERE hash = %(hash)s)
        AND ended_at IS NULL AND expires_at > boxoffice_clock()
    RETURNING id, user_id
"""
"""End the family of a token, whichever of its tokens that is; no row where it has ended already."""

END_FAMILIES = """
    UPDATE token_families SET ended_at = boxoffice_clock(), ended_by = %(by)s
    WHERE user_id = %(user_id)s AND ended_at IS NULL
"""

FORGET_FAMILIES = """
    DELETE FROM token_families WHERE id = ANY(ARRAY(
        SELECT id FROM token_families WHERE expires_at < (SELECT boxoffice_clock())
        ORDER BY expires_at LIMIT 50 FOR UPDATE SKIP LOCKED
    ))
"""
"""Forget families that have expired, with their tokens: some 3,000 each, at most."""
