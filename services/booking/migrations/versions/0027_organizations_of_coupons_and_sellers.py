"""Coupons and sellers belong to organizations.

Expand only: what code from before makes is Boxoffice's own, and its coupons are for all shows, as before. The table of
coupons is small, so its CHECK is validated at once.
"""

from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    """Widen the schema."""
    op.execute("ALTER TABLE coupons ADD COLUMN organization_id UUID")
    op.execute("COMMENT ON COLUMN coupons.organization_id IS 'whose it is; null: none''s'")
    op.execute("ALTER TABLE coupons ADD COLUMN own_shows_only BOOLEAN DEFAULT 'false' NOT NULL")
    op.execute(
        "COMMENT ON COLUMN coupons.own_shows_only IS "
        "'for shows of its organization, or of none where that is null; else for all'"
    )
    op.execute(
        "ALTER TABLE coupons ADD CONSTRAINT coupons_organization_check CHECK (organization_id IS NULL OR own_shows_only)"
    )
    op.execute("ALTER TABLE sellers ADD COLUMN organization_id UUID")
    op.execute("COMMENT ON COLUMN sellers.organization_id IS 'whose it is; null: Boxoffice''s own'")
