"""Organizations and their members, and what the audit may see of them. Expand only: the version before knows of none."""

from alembic import op

revision = "0004"
down_revision = "0003"

VIEWS = """
CREATE VIEW audited.organizations AS SELECT id, created_at FROM organizations;

CREATE VIEW audited.members AS SELECT organization_id, user_id, role, joined_at FROM members;
"""


def upgrade() -> None:
    """Add the tables and the views."""
    op.execute("""
        CREATE TABLE organizations (
            id UUID NOT NULL,
            name TEXT NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE NOT NULL,
            CONSTRAINT organizations_pkey PRIMARY KEY (id)
        )
    """)
    op.execute("COMMENT ON TABLE organizations IS 'who makes events together; the lock for its members'")
    op.execute("""
        CREATE TABLE members (
            organization_id UUID NOT NULL,
            user_id UUID NOT NULL,
            role TEXT NOT NULL,
            joined_at TIMESTAMP WITH TIME ZONE NOT NULL,
            CONSTRAINT members_pkey PRIMARY KEY (organization_id, user_id),
            CONSTRAINT members_user_id_fkey FOREIGN KEY(user_id) REFERENCES users (id),
            CONSTRAINT members_role_check CHECK (role IN ('OWNER', 'MANAGER', 'BOX_OFFICE', 'FINANCE', 'DOOR')),
            CONSTRAINT members_organization_id_fkey FOREIGN KEY(organization_id) REFERENCES organizations (id)
        )
    """)
    op.execute("COMMENT ON TABLE members IS 'who is in an organization, and what each may do there'")
    op.execute("CREATE INDEX members_user_id_idx ON members (user_id)")
    op.execute(VIEWS)
