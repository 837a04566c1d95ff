"""What users choose about their mails. Expand only: the version before does not know the table."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE preferences (
            user_id UUID NOT NULL,
            language TEXT,
            reminders BOOLEAN NOT NULL,
            changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
            CONSTRAINT preferences_pkey PRIMARY KEY (user_id),
            CONSTRAINT preferences_language_check CHECK (language IN ('en', 'hi'))
        )
    """)
    op.execute("COMMENT ON TABLE preferences IS 'what users have chosen; who has chosen nothing has no row'")
    op.execute("COMMENT ON COLUMN preferences.language IS 'of mails; null: the user has chosen none'")
    op.execute("COMMENT ON COLUMN preferences.reminders IS 'whether the user is mailed reminders'")
