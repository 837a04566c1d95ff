"""An event has a status and two more categories, a venue has more to tell, and both say when they were edited.

Expand only: what was made before is public, as is what the version before makes. That version would show drafts, so none
is made until it is gone.
"""

from alembic import op

revision = "0018"
down_revision = "0017"

COLUMNS = """
ALTER TABLE events ADD COLUMN status TEXT DEFAULT 'PUBLISHED' NOT NULL;
ALTER TABLE events ADD CONSTRAINT events_status_check
    CHECK (status IN ('DRAFT', 'PUBLISHED', 'COMPLETED', 'CANCELLED')) NOT VALID;
ALTER TABLE events DROP CONSTRAINT events_category_check;
ALTER TABLE events ADD CONSTRAINT events_category_check
    CHECK (category IN ('MOVIE', 'CONCERT', 'THEATRE', 'SPORT', 'OTHER', 'COMEDY', 'CONFERENCE')) NOT VALID;
ALTER TABLE events ADD COLUMN updated_at TIMESTAMP WITH TIME ZONE;
COMMENT ON COLUMN events.updated_at IS 'of its last edit; null: it is as it was made';

ALTER TABLE venues ADD COLUMN updated_at TIMESTAMP WITH TIME ZONE;
COMMENT ON COLUMN venues.updated_at IS 'of its last edit; null: it is as it was made';
ALTER TABLE venues ADD COLUMN time_zone TEXT DEFAULT '' NOT NULL;
COMMENT ON COLUMN venues.time_zone IS 'IANA''s name of it; may be empty';
ALTER TABLE venues ADD COLUMN amenities TEXT[] DEFAULT '{}' NOT NULL;
ALTER TABLE venues ADD COLUMN capacity TEXT DEFAULT '' NOT NULL;
COMMENT ON COLUMN venues.capacity IS 'as it is stated, in words';
"""


def upgrade() -> None:
    """Widen the schema."""
    op.execute(COLUMNS)
