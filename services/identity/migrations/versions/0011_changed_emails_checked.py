"""The checks of mails about accounts hold for the rows of before.

Contract: the version before writes nothing that breaks them.
"""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Validate the checks."""
    for name in ("kind", "link", "email"):
        op.execute(f"ALTER TABLE account_mails VALIDATE CONSTRAINT account_mails_{name}_check")
