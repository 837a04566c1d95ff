"""A refresh may be asked for again for some seconds; a network that an account was logged in to from is known."""

from alembic import op

revision = "0003"
down_revision = "0002"

TABLES = """
CREATE TABLE successors (
    hash BYTEA NOT NULL,
    sealed BYTEA NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT successors_pkey PRIMARY KEY (hash),
    CONSTRAINT successors_hash_fkey FOREIGN KEY(hash) REFERENCES refresh_tokens (hash) ON DELETE CASCADE
);

COMMENT ON TABLE successors IS 'what follows a used refresh token, for some seconds: whoever lost the answer may ask again';
COMMENT ON COLUMN successors.sealed IS 'encrypted under a key that only the used token gives';

CREATE INDEX successors_created_at_idx ON successors (created_at);

CREATE VIEW audited.successors AS
    SELECT t.family_id, t.used_at, s.created_at FROM successors s LEFT JOIN refresh_tokens t USING (hash);

CREATE TABLE familiar_networks (
    key BYTEA NOT NULL,
    seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT familiar_networks_pkey PRIMARY KEY (key)
);

COMMENT ON TABLE familiar_networks IS
    'from where somebody has logged in to an account: guesses from elsewhere do not keep them out';
COMMENT ON COLUMN familiar_networks.key IS 'of an account and a network together';
COMMENT ON COLUMN familiar_networks.seen_at IS 'the last login, to within an hour';

CREATE INDEX familiar_networks_seen_at_idx ON familiar_networks (seen_at);

COMMENT ON COLUMN attempts.key IS 'of an account, of a network, or of the two together';
"""


def upgrade() -> None:
    """Add two tables, and what the audit may see of the first."""
    op.execute(TABLES)
