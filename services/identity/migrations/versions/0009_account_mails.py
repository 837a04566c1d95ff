"""Mails about accounts wait in a table of their own, and the audit may see what becomes of them.

Expand only: the version before knows nothing of them. Who registers there is not sent a mail, and may ask for one.
"""

from alembic import op

revision = "0009"
down_revision = "0008"


VIEW = """
CREATE VIEW audited.account_mails AS
    SELECT id, user_id, kind, hash IS NOT NULL AS has_link, asked_at, ends_at, used_at, state, attempts, answered,
        finished_at
    FROM account_mails
"""


def upgrade() -> None:
    """Add the table and the view."""
    op.execute("""
        CREATE TABLE account_mails (
            id UUID NOT NULL,
            user_id UUID NOT NULL,
            kind TEXT NOT NULL,
            hash BYTEA,
            asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
            ends_at TIMESTAMP WITH TIME ZONE NOT NULL,
            used_at TIMESTAMP WITH TIME ZONE,
            state TEXT DEFAULT 'WAITING' NOT NULL,
            next_attempt_at TIMESTAMP WITH TIME ZONE NOT NULL,
            attempts INTEGER DEFAULT '0' NOT NULL,
            answered INTEGER DEFAULT '0' NOT NULL,
            reason TEXT,
            finished_at TIMESTAMP WITH TIME ZONE,
            CONSTRAINT account_mails_pkey PRIMARY KEY (id),
            CONSTRAINT account_mails_user_id_fkey FOREIGN KEY(user_id) REFERENCES users (id),
            CONSTRAINT account_mails_kind_check CHECK (kind IN ('VERIFICATION', 'PASSWORD_RESET', 'PASSWORD_CHANGED')),
            CONSTRAINT account_mails_state_check CHECK (state IN ('WAITING', 'SENT', 'SKIPPED', 'DEAD')),
            CONSTRAINT account_mails_hash_key UNIQUE (hash),
            CONSTRAINT account_mails_order_check CHECK (ends_at > asked_at),
            CONSTRAINT account_mails_link_check CHECK ((hash IS NULL) = (kind = 'PASSWORD_CHANGED')),
            CONSTRAINT account_mails_finished_check CHECK ((state = 'WAITING') = (finished_at IS NULL)),
            CONSTRAINT account_mails_attempts_check CHECK (answered <= attempts)
        )
    """)
    op.execute(
        "COMMENT ON TABLE account_mails IS 'mails about accounts that wait, and those of the last days; whom they go to is the user''s row'"
    )
    op.execute(
        "COMMENT ON COLUMN account_mails.id IS 'and the Message-ID''s first part; the token of its link is made of it'"
    )
    op.execute("COMMENT ON COLUMN account_mails.hash IS 'SHA-256 of the token of its link; null: it has none'")
    op.execute("COMMENT ON COLUMN account_mails.ends_at IS 'how long its link is good, and it is tried'")
    op.execute("COMMENT ON COLUMN account_mails.used_at IS 'since when its link is good no more'")
    op.execute("COMMENT ON COLUMN account_mails.answered IS 'the last attempt that had an answer'")
    op.execute("COMMENT ON COLUMN account_mails.reason IS 'why it was not sent, the last time; never an address'")
    op.execute("CREATE INDEX account_mails_asked_at_idx ON account_mails (asked_at)")
    op.execute("CREATE INDEX account_mails_due_idx ON account_mails (next_attempt_at) WHERE state = 'WAITING'")
    op.execute("CREATE INDEX account_mails_user_id_asked_at_idx ON account_mails (user_id, asked_at)")
    op.execute(VIEW)
