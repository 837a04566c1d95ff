"""The part of booking's schema that gates and admissions are about."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from services.booking.ticket_tables import metadata

__all__ = ["metadata"]

gates = Table(
    "gates",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("organization_id", Uuid, comment="whose it is; null: Boxoffice's own"),
    Column("name", Text, nullable=False),
    Column("offline", Text, nullable=False, comment="what it may do without a connection"),
    Column("credential_hash", LargeBinary, nullable=False, unique=True, comment="SHA-256"),
    Column("ends_at", DateTime(timezone=True), nullable=False, comment="when its credential ends"),
    Column("created_by", Uuid, comment="null: unverified"),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("revoked_at", DateTime(timezone=True), comment="null: it was not"),
    CheckConstraint("offline IN ('NEVER', 'HOME', 'ANY')", name="offline"),
    CheckConstraint("octet_length(credential_hash) = 32", name="credential_hash"),
    Index("gates_organization_idx", "organization_id", "id"),
    comment="devices that let people in",
)

gate_shows = Table(
    "gate_shows",
    metadata,
    Column("gate_id", Uuid, ForeignKey("gates.id"), nullable=False),
    Column("show_id", Uuid, nullable=False, index=True),
    Column("listed_until", DateTime(timezone=True), comment="how long its door list is good; null: it has had none"),
    PrimaryKeyConstraint("gate_id", "show_id"),
    comment="the shows that gates let people in to",
)

show_times = Table(
    "show_times",
    metadata,
    Column("show_id", Uuid, primary_key=True),
    Column("starts_at", DateTime(timezone=True), nullable=False),
    Column("ends_at", DateTime(timezone=True), nullable=False),
    Column("revision", Integer, nullable=False, comment="of the show, whose times these are"),
    comment="when doors may be open; the lock under which tickets get their homes",
)

ticket_homes = Table(
    "ticket_homes",
    metadata,
    Column("ticket_id", Uuid, ForeignKey("tickets.id"), primary_key=True),
    Column("gate_id", Uuid, ForeignKey("gates.id"), nullable=False, index=True),
    comment="the gate that lets a ticket in without a connection",
)

scans = Table(
    "scans",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("gate_id", Uuid, ForeignKey("gates.id"), nullable=False),
    Column("key", Text, nullable=False, comment="the gate's name of the scan"),
    Column("request_hash", LargeBinary, nullable=False, comment="of what the gate sent"),
    Column("show_id", Uuid, nullable=False, comment="that people were let in to"),
    Column("ticket_id", Uuid, ForeignKey("tickets.id"), index=True, comment="null: the code was none"),
    Column("result", Text, nullable=False, comment="whether the ticket let in, or why not"),
    Column("came_in", Boolean, nullable=False, comment="whether its bearer did"),
    Column("is_offline", Boolean, nullable=False, comment="whether the gate had no connection"),
    Column("scanned_at", DateTime(timezone=True), nullable=False, comment="by the database's clock"),
    Column("gate_time", DateTime(timezone=True), comment="by the gate's clock; null: it did not say"),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("first_scan_id", Uuid, comment="that had let the ticket in; null: none had"),
    Column("answer", LargeBinary, nullable=False, comment="what the gate was told, and is told again"),
    UniqueConstraint("gate_id", "key"),
    CheckConstraint(
        "result IN ('ADMITTED', 'ALREADY_USED', 'REVOKED', 'OTHER_SHOW', 'TOO_EARLY', 'SHOW_OVER', 'UNKNOWN_CODE', "
        "'CODE_REPLACED', 'OTHER_GATE', 'SHOW_CANCELLED', 'LIST_TOO_OLD')",
        name="result",
    ),
    CheckConstraint("is_offline OR came_in = (result = 'ADMITTED')", name="came_in"),
    CheckConstraint("result <> 'ADMITTED' OR (came_in AND ticket_id IS NOT NULL)", name="admitted"),
    Index("scans_show_idx", "show_id", "id"),
    Index("scans_conflicts_idx", "show_id", "id", postgresql_where=text("came_in AND result <> 'ADMITTED'")),
    comment="what gates have read, and what came of it; rows are kept as they are",
)

admissions = Table(
    "admissions",
    metadata,
    Column("scan_id", Uuid, ForeignKey("scans.id"), primary_key=True),
    Column("ticket_id", Uuid, nullable=False, comment="the scan's"),
    Column("undone_at", DateTime(timezone=True), comment="null: it stands"),
    Column("undone_by", Uuid, comment="null: unverified, or it stands"),
    Column("undo_reason", Text),
    CheckConstraint("(undone_at IS NULL) = (undo_reason IS NULL)", name="undo_reason"),
    CheckConstraint("undone_at IS NOT NULL OR undone_by IS NULL", name="undone_by"),
    # At most one that stands of a ticket.
    Index("admissions_standing_idx", "ticket_id", unique=True, postgresql_where=text("undone_at IS NULL")),
    comment="scans by which people came in",
)
