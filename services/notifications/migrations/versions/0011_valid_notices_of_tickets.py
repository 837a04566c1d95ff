"""What kinds notices are of is validated."""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.execute("ALTER TABLE notices VALIDATE CONSTRAINT notices_kind_check")
