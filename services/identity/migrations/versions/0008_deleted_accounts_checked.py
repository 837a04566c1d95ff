"""An account of before is not deleted: it has an e-mail address and a password."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Validate the check, beside the traffic."""
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE users VALIDATE CONSTRAINT users_deleted_check")
