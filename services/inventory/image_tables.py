"""The part of the schema that is about images."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

from services.inventory.finding_tables import metadata as metadata

image_owners = Table(
    "image_owners",
    metadata,
    Column("owner_id", Uuid, primary_key=True, comment="an organization; zeros: Boxoffice itself"),
    comment="the locks under which organizations get images, so that no two pass a quota together",
)

image_files = Table(
    "image_files",
    metadata,
    Column("name", Text(collation="C"), primary_key=True, comment="SHA-256 of what is in it, in hexadecimal"),
    Column("life", Uuid, nullable=False, comment="what is deleted and comes again has another"),
    Column("used_at", DateTime(timezone=True), nullable=False, comment="when an image last came to use it, or left it"),
    Column("is_doomed", Boolean, nullable=False, comment="whether it is about to be deleted: nothing may use it then"),
    Index(None, "used_at"),
    comment="the files of images: each has its row before it is written, and until it is deleted",
)

images = Table(
    "images",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("event_id", Uuid, ForeignKey("events.id"), nullable=False),
    Column("owner_id", Uuid, ForeignKey("image_owners.owner_id"), nullable=False, comment="whose quota it counts to"),
    Column("source", Text(collation="C"), nullable=False, comment="SHA-256 of what was uploaded"),
    Column("alt_text", Text, nullable=False),
    Column("position", Integer, nullable=False, comment="among those of its event, from the front"),
    Column("bytes", BigInteger, nullable=False, comment="of its files"),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("files", ARRAY(Text(collation="C")), nullable=False, comment="small, medium and large"),
    Column("widths", ARRAY(Integer), nullable=False, comment="of these"),
    Column("heights", ARRAY(Integer), nullable=False, comment="of these"),
    UniqueConstraint("event_id", "source"),
    CheckConstraint("cardinality(files) = 3 AND cardinality(widths) = 3 AND cardinality(heights) = 3", name="sizes"),
    Index(None, "owner_id"),
    Index(None, "files", postgresql_using="gin"),
)
