"""Idempotency keys of commands on seats belong to a show, and are kept with its rows.

Expand only: the version before finds and keeps them in idempotency_keys. As long as it may run, triggers copy each key
that either version keeps into the other one's table, in the same transaction, under the lock of its show. So each finds
what the other has answered. The next release drops them (docs/adr/0029-keys-of-shows.md).
"""

from alembic import op

revision = "0008"
down_revision = "0007"

TABLE = """
CREATE TABLE show_idempotency_keys (
    show_id UUID NOT NULL,
    user_id UUID NOT NULL,
    method TEXT NOT NULL,
    key TEXT NOT NULL,
    request_hash BYTEA NOT NULL,
    answer BYTEA NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT show_idempotency_keys_pkey PRIMARY KEY (show_id, user_id, method, key)
);
COMMENT ON TABLE show_idempotency_keys IS 'answers to requests for seats that carried an idempotency key, kept with their show';
CREATE INDEX show_idempotency_keys_created_at_idx ON show_idempotency_keys (created_at);
"""

# The show's id is the first field of an answer of HoldSeats: a tag, its length, 36 characters. In the table of before,
# a user has a key for one show: the first.
COPIES = """
CREATE FUNCTION copy_keys_to_shows() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO show_idempotency_keys (show_id, user_id, method, key, request_hash, answer, created_at)
    SELECT convert_from(substring(answer FROM 3 FOR 36), 'UTF8')::uuid,
        user_id, method, key, request_hash, answer, created_at
    FROM kept WHERE method = 'HoldSeats'
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;

CREATE FUNCTION copy_keys_from_shows() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO idempotency_keys (user_id, method, key, request_hash, answer, created_at)
    SELECT user_id, method, key, request_hash, answer, created_at FROM kept
    ORDER BY user_id, method, key
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;

CREATE TRIGGER copy_keys_to_shows AFTER INSERT ON idempotency_keys
    REFERENCING NEW TABLE AS kept FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0)
    EXECUTE FUNCTION copy_keys_to_shows();
CREATE TRIGGER copy_keys_from_shows AFTER INSERT ON show_idempotency_keys
    REFERENCING NEW TABLE AS kept FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0)
    EXECUTE FUNCTION copy_keys_from_shows();
"""


def upgrade() -> None:
    """Add the table and the triggers."""
    op.execute(TABLE)
    op.execute(COPIES)
