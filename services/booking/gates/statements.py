"""Statements about gates."""

from services.booking.gates.domain import Gate, ShowTimes
from services.chassis.store.rows import selected

_SHOWS = "ARRAY(SELECT s.show_id FROM gate_shows s WHERE s.gate_id = g.id ORDER BY s.show_id)"

ADD_GATE = """
    INSERT INTO gates (id, organization_id, name, offline, credential_hash, ends_at, created_by, created_at)
    VALUES (%(id)s, %(organization_id)s, %(name)s, %(offline)s, %(credential_hash)s, %(ends_at)s, %(created_by)s,
        %(created_at)s)
"""

ADD_SHOWS = """
    INSERT INTO gate_shows (gate_id, show_id) SELECT %(id)s, * FROM unnest(%(show_ids)s::uuid[])
"""

NOTE_TIMES = """
    INSERT INTO show_times AS t (show_id, starts_at, ends_at, revision)
    SELECT DISTINCT ON (show_id) * FROM unnest(
        %(show_id)s::uuid[], %(starts_at)s::timestamptz[], %(ends_at)s::timestamptz[], %(revision)s::int[]
    ) AS told (show_id, starts_at, ends_at, revision)
    ORDER BY show_id, revision DESC
    ON CONFLICT (show_id) DO UPDATE
        SET starts_at = EXCLUDED.starts_at, ends_at = EXCLUDED.ends_at, revision = EXCLUDED.revision
        WHERE t.revision < EXCLUDED.revision
"""
"""Keep when shows are, unless a later revision is known. In the order of the shows, whose rows are locked by it."""

LOCK_GATES = f"""
    SELECT {selected(Gate, of="g", show_ids=_SHOWS)} FROM gates g WHERE g.id = ANY(%(ids)s) ORDER BY g.id FOR UPDATE
"""

SET_GATE = """
    UPDATE gates SET credential_hash = coalesce(%(credential_hash)s, credential_hash), revoked_at = %(revoked_at)s
    WHERE id = %(id)s
"""

LIST_GATES = f"""
    SELECT {selected(Gate, of="g", show_ids=_SHOWS)} FROM gates g
    WHERE g.organization_id IS NOT DISTINCT FROM %(organization_id)s AND (%(after)s::uuid IS NULL OR g.id < %(after)s)
    ORDER BY g.id DESC LIMIT %(limit)s
"""

BY_CREDENTIALS = """
    SELECT credential_hash, id FROM gates
    WHERE credential_hash = ANY(%(hashes)s) AND revoked_at IS NULL AND ends_at > boxoffice_clock()
"""

GET_GATE = f"""
    SELECT {selected(Gate, of="g", show_ids=_SHOWS)} FROM gates g
    WHERE g.id = %(id)s AND g.revoked_at IS NULL AND g.ends_at > boxoffice_clock()
"""

TIMES_OF_GATE = f"""
    SELECT {selected(ShowTimes, of="t", organization_id="NULL::uuid")}
    FROM gate_shows s JOIN show_times t ON t.show_id = s.show_id
    WHERE s.gate_id = %(id)s ORDER BY t.starts_at, t.show_id
"""
