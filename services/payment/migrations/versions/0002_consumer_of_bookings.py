"""Payment reads the topic of bookings, and remembers where its books differ from it.

Expand only: the version before does not know these tables.
"""

from alembic import op

revision = "0002"
down_revision = "0001"

TABLES = """
CREATE TABLE topic_progress (
    consumer TEXT NOT NULL,
    topic TEXT NOT NULL,
    read_to BIGINT NOT NULL,
    CONSTRAINT topic_progress_pkey PRIMARY KEY (consumer, topic)
);
COMMENT ON TABLE topic_progress IS 'progress of consumers, moved in the transactions of what they do';
COMMENT ON COLUMN topic_progress.read_to IS 'events up to this position have had their effect';

CREATE TABLE book_differences (
    position BIGINT NOT NULL,
    booking_id UUID NOT NULL,
    payment_id UUID NOT NULL,
    difference TEXT NOT NULL,
    found_at TIMESTAMP WITH TIME ZONE DEFAULT boxoffice_clock() NOT NULL,
    CONSTRAINT book_differences_pkey PRIMARY KEY (position)
);
COMMENT ON TABLE book_differences IS 'what booking has told and these books do not have';
COMMENT ON COLUMN book_differences.position IS 'of the event in the topic of bookings';
"""


def upgrade() -> None:
    """Add the tables."""
    op.execute(TABLES)
