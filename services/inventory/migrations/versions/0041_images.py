"""Images of events, their files, and the locks under which organizations get some.

Expand only: the version before knows none of these.
"""

from alembic import op

revision = "0041"
down_revision = "0040"


def upgrade() -> None:
    """Add the tables."""
    op.execute("""
        CREATE TABLE image_files (
            name TEXT COLLATE "C" NOT NULL,
            life UUID NOT NULL,
            used_at TIMESTAMP WITH TIME ZONE NOT NULL,
            is_doomed BOOLEAN NOT NULL,
            CONSTRAINT image_files_pkey PRIMARY KEY (name)
        )
    """)
    op.execute(
        "COMMENT ON TABLE image_files IS"
        " 'the files of images: each has its row before it is written, and until it is deleted'"
    )
    op.execute("COMMENT ON COLUMN image_files.name IS 'SHA-256 of what is in it, in hexadecimal'")
    op.execute("COMMENT ON COLUMN image_files.life IS 'what is deleted and comes again has another'")
    op.execute("COMMENT ON COLUMN image_files.used_at IS 'when an image last came to use it, or left it'")
    op.execute(
        "COMMENT ON COLUMN image_files.is_doomed IS 'whether it is about to be deleted: nothing may use it then'"
    )
    op.execute("CREATE INDEX image_files_used_at_idx ON image_files (used_at)")
    op.execute("""
        CREATE TABLE image_owners (
            owner_id UUID NOT NULL,
            CONSTRAINT image_owners_pkey PRIMARY KEY (owner_id)
        )
    """)
    op.execute(
        "COMMENT ON TABLE image_owners IS"
        " 'the locks under which organizations get images, so that no two pass a quota together'"
    )
    op.execute("COMMENT ON COLUMN image_owners.owner_id IS 'an organization; zeros: Boxoffice itself'")
    op.execute("""
        CREATE TABLE images (
            id UUID NOT NULL,
            event_id UUID NOT NULL,
            owner_id UUID NOT NULL,
            source TEXT COLLATE "C" NOT NULL,
            alt_text TEXT NOT NULL,
            position INTEGER NOT NULL,
            bytes BIGINT NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE NOT NULL,
            files TEXT[] COLLATE "C" NOT NULL,
            widths INTEGER[] NOT NULL,
            heights INTEGER[] NOT NULL,
            CONSTRAINT images_pkey PRIMARY KEY (id),
            CONSTRAINT images_sizes_check
                CHECK (cardinality(files) = 3 AND cardinality(widths) = 3 AND cardinality(heights) = 3),
            CONSTRAINT images_event_id_fkey FOREIGN KEY(event_id) REFERENCES events (id),
            CONSTRAINT images_event_id_source_key UNIQUE (event_id, source),
            CONSTRAINT images_owner_id_fkey FOREIGN KEY(owner_id) REFERENCES image_owners (owner_id)
        )
    """)
    op.execute("COMMENT ON COLUMN images.owner_id IS 'whose quota it counts to'")
    op.execute("COMMENT ON COLUMN images.source IS 'SHA-256 of what was uploaded'")
    op.execute("COMMENT ON COLUMN images.position IS 'among those of its event, from the front'")
    op.execute("COMMENT ON COLUMN images.bytes IS 'of its files'")
    op.execute("COMMENT ON COLUMN images.files IS 'small, medium and large'")
    op.execute("COMMENT ON COLUMN images.widths IS 'of these'")
    op.execute("COMMENT ON COLUMN images.heights IS 'of these'")
    op.execute("CREATE INDEX images_files_idx ON images USING gin (files)")
    op.execute("CREATE INDEX images_owner_id_idx ON images (owner_id)")
