"""Migrations: Alembic, one at a time, and never for long in anybody's way."""

import sys
import time
from pathlib import Path

from alembic import command, context
from alembic.config import Config
from sqlalchemy import Connection, MetaData, create_engine, text
from sqlalchemy.exc import OperationalError

TURN_SECONDS = 60
MIGRATION_LOCK = 0x626F_786F  # "boxo"; advisory locks count per database, and others have other numbers


def migrate(service: str, folder: Path, url: str, revision: str = "head") -> None:
    """Bring the database at `url` to a migration of `folder`; end the process with one line if that cannot be done.

    Two at once take turns. A migration that waits two seconds for a lock, or runs for ten minutes, is undone.
    """
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
    try:
        with engine.connect() as connection:
            _take_turn(connection, service)
            connection.execute(text("SET lock_timeout = '2s'"))
            connection.execute(text("SET statement_timeout = '10min'"))
            connection.commit()
            config = Config()
            config.set_main_option("script_location", str(folder))
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
            connection.commit()
    except OperationalError as error:
        reason = str(error.orig).strip().splitlines()[0]
        sys.exit(f"{service}: the database cannot be migrated: {reason}")
    finally:
        engine.dispose()


def _take_turn(connection: Connection, service: str) -> None:
    """Take the lock that migrations run under.

    Asked for again and again, not waited for: a waiting statement keeps a snapshot, which the migration that has the
    lock may have to wait for itself (CREATE INDEX CONCURRENTLY does).
    """
    end = time.monotonic() + TURN_SECONDS
    while not connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": MIGRATION_LOCK}):
        connection.rollback()
        if time.monotonic() > end:
            sys.exit(f"{service}: another migration has been running for {TURN_SECONDS} s: try again when it is done")
        time.sleep(0.1)


def run(metadata: MetaData) -> None:
    """Run the migrations asked for; a service's migrations/env.py calls this, and nothing else."""
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=metadata,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()
