"""What notices are about is validated, and messages have an index by what they tell, built beside the traffic."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute("ALTER TABLE notices VALIDATE CONSTRAINT notices_kind_check")
    op.execute("ALTER TABLE notices VALIDATE CONSTRAINT notices_about_check")
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS webhook_messages_fact_key")
        op.execute(
            "CREATE UNIQUE INDEX CONCURRENTLY webhook_messages_fact_key ON webhook_messages (key, version, type)"
        )
