"""What the audit may see of accounts: views in a schema of their own, without names, hashes and keys."""

from alembic import op

revision = "0002"
down_revision = "0001"

# A role that is to see them gets USAGE on the schema and SELECT on what is in it, and nothing else here. The role may
# come before or after: whoever makes the roles grants this by default too (databases/databases.py).
VIEWS = """
CREATE SCHEMA IF NOT EXISTS audited;

CREATE VIEW audited.users AS SELECT id, email, roles, created_at FROM users;

CREATE VIEW audited.token_families AS
    SELECT id, user_id, created_at, expires_at, ended_at, ended_by FROM token_families;

CREATE VIEW audited.refresh_tokens AS SELECT family_id, created_at, used_at FROM refresh_tokens;

CREATE VIEW audited.attempts AS SELECT whole_at FROM attempts;

CREATE VIEW audited.signing_keys AS SELECT id, created_at FROM signing_keys;

CREATE FUNCTION audited.boxoffice_clock() RETURNS timestamptz LANGUAGE sql VOLATILE PARALLEL SAFE
RETURN boxoffice_clock();
"""


def upgrade() -> None:
    """Add the views."""
    op.execute(VIEWS)
