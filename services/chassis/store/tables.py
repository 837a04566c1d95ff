"""Tables that every service's database has, for the machinery."""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
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


def topics(meta: MetaData) -> Table:
    """One row per topic: how far it goes, and the lock of its sequencer (see topics.py)."""
    return Table(
        "topics",
        meta,
        Column("topic", Text, primary_key=True),
        Column("position", BigInteger, nullable=False, server_default="0", comment="of the last event that has one"),
        Column("forgotten", BigInteger, nullable=False, server_default="0", comment="events up to it are deleted"),
        Column(
            "whole_since",
            DateTime(timezone=True),
            nullable=False,
            comment="every change after it has its event here",
        ),
        comment="topics of public events, and the lock under which their events get positions",
    )


def topic_events(meta: MetaData) -> Table:
    """The public events of the topics (see topics.py)."""
    return Table(
        "topic_events",
        meta,
        Column(
            "id",
            BigInteger,
            Identity(always=True),
            nullable=False,
            comment="grows with the commits of a key, which is locked meanwhile",
        ),
        Column("topic", Text, nullable=False),
        Column("position", BigInteger, comment="given after the commit, without gaps; null: not yet"),
        Column("key", Uuid, nullable=False, comment="what it happened to"),
        Column("version", Integer, nullable=False, comment="grows with every event of the key"),
        Column("kind", Text, nullable=False),
        Column("payload", LargeBinary, nullable=False, comment="a message of boxoffice.events"),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("boxoffice_clock()")),
        Index(
            "topic_events_position_key",
            "topic",
            "position",
            unique=True,
            postgresql_where=text("position IS NOT NULL"),
        ),
        # An event is in one of the two indexes: its sender's transaction writes to this one alone.
        Index("topic_events_waiting_idx", "topic", "id", postgresql_where=text("position IS NULL")),
    )


def topic_progress(meta: MetaData) -> Table:
    """How far this service's consumers have come in the topics of others (see consumer.py)."""
    return Table(
        "topic_progress",
        meta,
        Column("consumer", Text, nullable=False),
        Column("topic", Text, nullable=False),
        Column("read_to", BigInteger, nullable=False, comment="events up to this position have had their effect"),
        PrimaryKeyConstraint("consumer", "topic"),
        comment="progress of consumers, moved in the transactions of what they do",
    )
