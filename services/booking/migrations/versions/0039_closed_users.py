"""Users whose accounts are about to be deleted book nothing meanwhile.

Expand only: the version before looks at no such user. Delete no account until none of its code runs any more.
"""

from alembic import op

revision = "0039"
down_revision = "0038"


def upgrade() -> None:
    """Add the table."""
    op.execute("""
        CREATE TABLE closed_users (
            user_id UUID NOT NULL,
            closed_until TIMESTAMP WITH TIME ZONE NOT NULL,
            CONSTRAINT closed_users_pkey PRIMARY KEY (user_id)
        )
    """)
    op.execute(
        "COMMENT ON TABLE closed_users IS"
        " 'users who book nothing for now, as their accounts are deleted or about to be'"
    )
    op.execute("CREATE INDEX closed_users_closed_until_idx ON closed_users (closed_until)")
