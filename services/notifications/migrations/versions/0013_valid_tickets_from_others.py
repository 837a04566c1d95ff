"""What notices and mails are about is validated, and those about tickets from others have an index, built beside the
traffic."""

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.execute("ALTER TABLE notices VALIDATE CONSTRAINT notices_kind_check")
    op.execute("ALTER TABLE notices VALIDATE CONSTRAINT notices_about_check")
    op.execute("ALTER TABLE mails VALIDATE CONSTRAINT mails_about_check")
    with op.get_context().autocommit_block():
        for table in ("notices", "mails"):
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {table}_offer_idx")
            op.execute(
                f"CREATE UNIQUE INDEX CONCURRENTLY {table}_offer_idx ON {table} (offer_id, kind, number)"
                " WHERE offer_id IS NOT NULL"
            )
