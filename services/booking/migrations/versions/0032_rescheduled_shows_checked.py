"""All refunds are held to the rules about their causes.

No row breaks them: they have only been widened. Validating locks out nobody who reads or writes.
"""

from alembic import op

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    """Validate the constraint."""
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE booking_refunds VALIDATE CONSTRAINT booking_refunds_cause_check")
