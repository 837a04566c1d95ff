"""Statements on the keys that sign access tokens."""

KEYS = "SELECT id, private_key, created_at, boxoffice_clock() AS now FROM signing_keys ORDER BY created_at, id"

LOCK_KEYS = "LOCK TABLE signing_keys IN SHARE ROW EXCLUSIVE MODE"
"""So that of several replicas one makes the next key."""

ADD_KEY = "INSERT INTO signing_keys (id, private_key, created_at) VALUES (%(id)s, %(private_key)s, boxoffice_clock())"

REMOVE_KEYS = "DELETE FROM signing_keys WHERE id = ANY(%(ids)s::text[])"
