"""Tables that every service's database has, for the machinery."""

from sqlalchemy import (
    Column,
    DateTime,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.sql.elements import TextClause

NAMING = {
    "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "ck": "%(table_name)s_%(constraint_name)s_check",
    "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    "pk": "%(table_name)s_pkey",
}

CREATE_CLOCK = """
CREATE FUNCTION boxoffice_clock() RETURNS timestamptz LANGUAGE sql VOLATILE PARALLEL SAFE
RETURN clock_timestamp()
"""
"""The one place where time comes from. Tests replace it to move time."""


def metadata() -> MetaData:
    """Begin a service's schema."""
    return MetaData(naming_convention=NAMING)


def _now() -> TextClause:
    return text("clock_timestamp()")


def commit_markers(meta: MetaData) -> Table:
    """One row per recent transaction: proof that it was committed (see database.py)."""
    return Table(
        "commit_markers",
        meta,
        Column("id", Uuid, primary_key=True),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=_now(), index=True),
    )


def outbox(meta: MetaData) -> Table:
    """Messages for other services that have not been delivered yet (see outbox.py)."""
    return Table(
        "outbox",
        meta,
        Column("id", Uuid, primary_key=True),
        Column("topic", Text, nullable=False),
        Column("payload", LargeBinary, nullable=False),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=_now()),
        Column("next_attempt_at", DateTime(timezone=True), nullable=False, server_default=_now(), index=True),
        Column("attempts", Integer, nullable=False, server_default="0", comment="deliveries tried"),
        Column("refusals", Integer, nullable=False, server_default="0", comment="definite refusals among them"),
        Column("dead_at", DateTime(timezone=True), comment="given up, until somebody redrives it"),
        Column("dead_reason", Text),
    )


def idempotency_keys(meta: MetaData) -> Table:
    """Answers to requests that carried an idempotency key (see idempotency.py)."""
    return Table(
        "idempotency_keys",
        meta,
        Column("user_id", Uuid, nullable=False),
        Column("method", Text, nullable=False),
        Column("key", Text, nullable=False),
        Column("request_hash", LargeBinary, nullable=False),
        Column("answer", LargeBinary, nullable=False),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=_now(), index=True),
        PrimaryKeyConstraint("user_id", "method", "key"),
    )
