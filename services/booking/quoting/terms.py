"""What the tickets of shows cost beside their list prices: read in one statement, with what else is read then."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from services.booking.quoting import statements as sql
from services.booking.quoting.domain import ShowTerms
from services.booking.tariffs.operation import read_fees, read_kinds
from services.booking.taxes.operation import read_taxes
from services.chassis.store.database import Statement
from services.chassis.store.rows import Row


def terms_of(show_ids: Iterable[UUID]) -> Statement:
    """Return the statement that reads the terms of shows; read_terms reads its rows."""
    return sql.TERMS, {"show_ids": list(set(show_ids))}


def read_terms(rows: Sequence[Row]) -> dict[UUID, ShowTerms]:
    """Return the terms by show; a show of which nobody has said anything is not among them."""
    taxes = read_taxes([row for row in rows if row.show_id is not None])
    fees = read_fees([row for row in rows if row.fees_show_id is not None])
    kinds = read_kinds([row for row in rows if row.kinds_show_id is not None])
    return {
        show_id: ShowTerms(taxes.get(show_id, ()), fees.get(show_id, ()), kinds.get(show_id, ()))
        for show_id in taxes.keys() | fees.keys() | kinds.keys()
    }
