"""Ids: UUIDs of version 7, which sort by the time they were made."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """Make an id. Made here and not in the database, so that a request knows its ids before it writes."""
    return uuid7()
