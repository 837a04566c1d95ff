"""The topic of bookings: public events, numbered after their commit.

Expand only: the version before writes no events. What it changes while it still runs has none, so where there are
bookings the topic is whole only from an hour after this migration on.
"""

from alembic import op

revision = "0005"
down_revision = "0004"

TOPICS = """
CREATE TABLE topics (
    topic TEXT NOT NULL,
    position BIGINT DEFAULT '0' NOT NULL,
    forgotten BIGINT DEFAULT '0' NOT NULL,
    whole_since TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT topics_pkey PRIMARY KEY (topic)
);
COMMENT ON TABLE topics IS 'topics of public events, and the lock under which their events get positions';
COMMENT ON COLUMN topics.position IS 'of the last event that has one';
COMMENT ON COLUMN topics.forgotten IS 'events up to it are deleted';
COMMENT ON COLUMN topics.whole_since IS 'every change after it has its event here';

CREATE TABLE topic_events (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    topic TEXT NOT NULL,
    position BIGINT,
    key UUID NOT NULL,
    version INTEGER NOT NULL,
    kind TEXT NOT NULL,
    payload BYTEA NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT boxoffice_clock() NOT NULL
);
COMMENT ON COLUMN topic_events.id IS 'grows with the commits of a key, which is locked meanwhile';
COMMENT ON COLUMN topic_events.position IS 'given after the commit, without gaps; null: not yet';
COMMENT ON COLUMN topic_events.key IS 'what it happened to';
COMMENT ON COLUMN topic_events.version IS 'grows with every event of the key';
COMMENT ON COLUMN topic_events.payload IS 'a message of boxoffice.events';
CREATE UNIQUE INDEX topic_events_position_key ON topic_events (topic, position) WHERE position IS NOT NULL;
CREATE INDEX topic_events_waiting_idx ON topic_events (topic, id) WHERE position IS NULL;

INSERT INTO topics (topic, whole_since)
SELECT 'bookings', CASE WHEN EXISTS (SELECT FROM bookings) THEN boxoffice_clock() + interval '1 hour' ELSE 'epoch' END;
"""


def upgrade() -> None:
    """Add the tables and the topic."""
    op.execute(TOPICS)
