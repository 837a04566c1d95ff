"""Indexes for the events and the shows of an organization, built beside the traffic: expand."""

from alembic import op

revision = "0044"
down_revision = "0043"

INDEXES = (
    ("events_organization_id_id_idx", "events (organization_id, id)"),
    ("shows_organization_id_starts_at_id_idx", "shows (organization_id, starts_at, id)"),
)


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for name, of in INDEXES:
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(f"CREATE INDEX CONCURRENTLY {name} ON {of}")
