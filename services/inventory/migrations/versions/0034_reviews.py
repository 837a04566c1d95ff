"""Reviews of events, who reported them, and what they come to.

Expand only: the version before knows none of these.
"""

from alembic import op

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    """Add the tables."""
    op.execute("""
        CREATE TABLE event_ratings (
            event_id UUID NOT NULL,
            reviews INTEGER NOT NULL,
            total INTEGER NOT NULL,
            CONSTRAINT event_ratings_pkey PRIMARY KEY (event_id),
            CONSTRAINT event_ratings_event_id_fkey FOREIGN KEY(event_id) REFERENCES events (id),
            CONSTRAINT event_ratings_total_check CHECK (reviews >= 0 AND total BETWEEN reviews AND 5 * reviews)
        )
    """)
    op.execute(
        "COMMENT ON TABLE event_ratings IS 'what the reviews of events come to; only under the locks of the events'"
    )
    op.execute("COMMENT ON COLUMN event_ratings.reviews IS 'that are not hidden'")
    op.execute("COMMENT ON COLUMN event_ratings.total IS 'of their ratings'")
    op.execute("""
        CREATE TABLE reviews (
            id UUID NOT NULL,
            event_id UUID NOT NULL,
            user_id UUID NOT NULL,
            rating SMALLINT NOT NULL,
            text TEXT NOT NULL,
            shown_name TEXT NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE,
            hidden_at TIMESTAMP WITH TIME ZONE,
            reports INTEGER NOT NULL,
            CONSTRAINT reviews_pkey PRIMARY KEY (id),
            CONSTRAINT reviews_event_id_user_id_key UNIQUE (event_id, user_id),
            CONSTRAINT reviews_event_id_fkey FOREIGN KEY(event_id) REFERENCES events (id),
            CONSTRAINT reviews_rating_check CHECK (rating BETWEEN 1 AND 5)
        )
    """)
    op.execute("COMMENT ON COLUMN reviews.shown_name IS 'first name and initial, as they were when it was written'")
    op.execute("COMMENT ON COLUMN reviews.updated_at IS 'of its last edit'")
    op.execute("COMMENT ON COLUMN reviews.hidden_at IS 'since when only admins read it; null: everybody does'")
    op.execute("COMMENT ON COLUMN reviews.reports IS 'how many users have reported it'")
    op.execute("CREATE INDEX reviews_event_id_id_idx ON reviews (event_id, id)")
    op.execute("""
        CREATE TABLE review_reports (
            review_id UUID NOT NULL,
            user_id UUID NOT NULL,
            reported_at TIMESTAMP WITH TIME ZONE NOT NULL,
            CONSTRAINT review_reports_pkey PRIMARY KEY (review_id, user_id),
            CONSTRAINT review_reports_review_id_fkey FOREIGN KEY(review_id) REFERENCES reviews (id)
        )
    """)
