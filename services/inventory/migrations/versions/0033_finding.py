"""The index by which events are found, and which events admins recommend.

Expand only: what the version before makes or edits is indexed by a job, once it is made; see docs/versioning.md.
"""

from alembic import op

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    """Add the tables and the column."""
    op.execute("""
        CREATE TABLE search_grams (
            gram TEXT COLLATE "C" NOT NULL,
            word TEXT COLLATE "C" NOT NULL,
            CONSTRAINT search_grams_pkey PRIMARY KEY (gram, word)
        )
    """)
    op.execute("COMMENT ON TABLE search_grams IS 'by which words are found that were misspelt'")
    op.execute("COMMENT ON COLUMN search_grams.gram IS 'three letters in a row, or = and all in order'")
    op.execute("""
        CREATE TABLE search_words (
            word TEXT COLLATE "C" NOT NULL,
            CONSTRAINT search_words_pkey PRIMARY KEY (word)
        )
    """)
    op.execute("COMMENT ON TABLE search_words IS 'words that titles, venues and cities have, or had'")
    op.execute("""
        CREATE TABLE event_index (
            event_id UUID NOT NULL,
            title TEXT NOT NULL,
            description TEXT NOT NULL,
            venue_ids UUID[] NOT NULL,
            words TSVECTOR NOT NULL,
            CONSTRAINT event_index_pkey PRIMARY KEY (event_id),
            CONSTRAINT event_index_event_id_fkey FOREIGN KEY(event_id) REFERENCES events (id)
        )
    """)
    op.execute(
        "COMMENT ON TABLE event_index IS 'what events are found by; none of an event that code from before made, until a job indexes it'"
    )
    op.execute("COMMENT ON COLUMN event_index.title IS 'its words (finding/domain.py)'")
    op.execute("COMMENT ON COLUMN event_index.description IS 'its words'")
    op.execute("COMMENT ON COLUMN event_index.venue_ids IS 'where it has, or had, shows'")
    op.execute("COMMENT ON COLUMN event_index.words IS 'all that it is found by'")
    op.execute("CREATE INDEX event_index_venue_ids_idx ON event_index USING gin (venue_ids)")
    op.execute("CREATE INDEX event_index_words_idx ON event_index USING gin (words)")
    op.execute("""
        CREATE TABLE venue_index (
            venue_id UUID NOT NULL,
            words TEXT NOT NULL,
            CONSTRAINT venue_index_pkey PRIMARY KEY (venue_id),
            CONSTRAINT venue_index_venue_id_fkey FOREIGN KEY(venue_id) REFERENCES venues (id)
        )
    """)
    op.execute("COMMENT ON TABLE venue_index IS 'what events are found by because of their venues'")
    op.execute("COMMENT ON COLUMN venue_index.words IS 'of its name and its city'")
    op.execute("ALTER TABLE events ADD COLUMN featured BOOLEAN DEFAULT 'false' NOT NULL")
    op.execute("COMMENT ON COLUMN events.featured IS 'whether admins recommend it'")
