"""The kinds of notices are validated, and reminders that were sent have an index, built beside the traffic."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("ALTER TABLE notices VALIDATE CONSTRAINT notices_kind_check")
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS mails_reminders_idx")
        op.execute(
            "CREATE INDEX CONCURRENTLY mails_reminders_idx ON mails (user_id, finished_at)"
            " WHERE kind = 'REMINDER' AND state = 'SENT'"
        )
