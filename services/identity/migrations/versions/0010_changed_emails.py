"""Mails about accounts may be about a change of the e-mail address.

Expand only: the version before asks for no such mail. Where it takes one, it sends it to the account's address, and only
if that is verified. The checks on the rows of before are validated by the next migration.
"""

from alembic import op

revision = "0010"
down_revision = "0009"

CHECKS = {
    "kind": "kind IN ('VERIFICATION', 'PASSWORD_RESET', 'PASSWORD_CHANGED', 'EMAIL_CHANGE', 'EMAIL_CHANGED')",
    "link": "(hash IS NULL) = (kind IN ('PASSWORD_CHANGED', 'EMAIL_CHANGED'))",
    "email": "(email IS NOT NULL) = (kind IN ('EMAIL_CHANGE', 'EMAIL_CHANGED'))",
}


def upgrade() -> None:
    """Add the column, and let there be more kinds."""
    op.execute("ALTER TABLE account_mails ADD COLUMN email TEXT")
    op.execute("COMMENT ON COLUMN account_mails.email IS 'where it goes, if not to the account''s address'")
    for name, condition in CHECKS.items():
        op.execute(f"ALTER TABLE account_mails DROP CONSTRAINT IF EXISTS account_mails_{name}_check")
        op.execute(f"ALTER TABLE account_mails ADD CONSTRAINT account_mails_{name}_check CHECK ({condition}) NOT VALID")
