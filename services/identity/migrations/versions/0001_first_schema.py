"""The first schema: accounts, tokens, keys."""

from alembic import op

revision = "0001"
down_revision = None

SCHEMA = """
CREATE TABLE commit_markers (
    id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT commit_markers_pkey PRIMARY KEY (id)
);

CREATE INDEX commit_markers_created_at_idx ON commit_markers (created_at);

CREATE TABLE idempotency_keys (
    user_id UUID NOT NULL,
    method TEXT NOT NULL,
    key TEXT NOT NULL,
    request_hash BYTEA NOT NULL,
    answer BYTEA NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (user_id, method, key)
);

CREATE INDEX idempotency_keys_created_at_idx ON idempotency_keys (created_at);

CREATE TABLE users (
    id UUID NOT NULL,
    email TEXT NOT NULL,
    name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    roles TEXT[] NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT users_pkey PRIMARY KEY (id),
    CONSTRAINT users_email_key UNIQUE (email),
    CONSTRAINT users_email_check CHECK (email = lower(email)),
    CONSTRAINT users_roles_check CHECK (roles <@ ARRAY['USER', 'ORGANIZER', 'ADMIN'] AND 'USER' = ANY (roles))
);

COMMENT ON COLUMN users.email IS 'normalised';
COMMENT ON COLUMN users.password_hash IS 'argon2id';

CREATE INDEX users_admin_idx ON users (id) WHERE 'ADMIN' = ANY (roles);

CREATE TABLE token_families (
    id UUID NOT NULL,
    user_id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    ended_by TEXT,
    CONSTRAINT token_families_pkey PRIMARY KEY (id),
    CONSTRAINT token_families_order_check CHECK (expires_at > created_at),
    CONSTRAINT token_families_end_check CHECK ((ended_at IS NULL) = (ended_by IS NULL) AND ended_by IN ('LOGOUT', 'REUSE', 'PASSWORD')),
    CONSTRAINT token_families_user_id_fkey FOREIGN KEY(user_id) REFERENCES users (id)
);

COMMENT ON TABLE token_families IS 'all refresh tokens that follow from one login';

CREATE INDEX token_families_expires_at_idx ON token_families (expires_at);
CREATE INDEX token_families_user_id_idx ON token_families (user_id);

CREATE TABLE refresh_tokens (
    hash BYTEA NOT NULL,
    family_id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    used_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT refresh_tokens_pkey PRIMARY KEY (hash),
    CONSTRAINT refresh_tokens_family_id_fkey FOREIGN KEY(family_id) REFERENCES token_families (id) ON DELETE CASCADE
);

COMMENT ON COLUMN refresh_tokens.hash IS 'SHA-256 of the token, which is random';
COMMENT ON COLUMN refresh_tokens.used_at IS 'kept after that, so that a second use is known for one';

CREATE INDEX refresh_tokens_family_id_idx ON refresh_tokens (family_id);

CREATE TABLE attempts (
    key BYTEA NOT NULL,
    whole_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT attempts_pkey PRIMARY KEY (key)
);

COMMENT ON TABLE attempts IS 'how often passwords were tried';
COMMENT ON COLUMN attempts.key IS 'of an account or of an address';
COMMENT ON COLUMN attempts.whole_at IS 'when all attempts are allowed again';

CREATE INDEX attempts_whole_at_idx ON attempts (whole_at);

CREATE TABLE signing_keys (
    id TEXT NOT NULL,
    private_key BYTEA NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT signing_keys_pkey PRIMARY KEY (id)
);

COMMENT ON COLUMN signing_keys.id IS 'the kid of tokens';
COMMENT ON COLUMN signing_keys.private_key IS 'encrypted with SIGNING_KEY_SECRET';

CREATE FUNCTION boxoffice_clock() RETURNS timestamptz LANGUAGE sql VOLATILE PARALLEL SAFE
RETURN clock_timestamp();
"""


def upgrade() -> None:
    """Begin the schema."""
    op.execute(SCHEMA)
