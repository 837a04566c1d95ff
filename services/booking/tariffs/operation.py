"""Tariffs: set and read."""

from collections.abc import Sequence
from uuid import UUID

from services.booking.pricing.domain import Fee, Payer, Per
from services.booking.tariffs import statements as sql
from services.booking.tariffs.domain import KindPrice, NamedFee, ShowFees, ShowKinds
from services.chassis.store.database import Database, retried
from services.chassis.store.rows import Row, columns


@retried
async def set_fees(db: Database, show_id: UUID, fees: Sequence[NamedFee]) -> None:
    """Set the fees of a show from now on."""
    given = columns(
        fees,
        names="name",
        pers="fee.per",
        amounts="fee.amount",
        basis_points="fee.basis_points",
        payers="fee.payer",
        refundables="fee.refundable",
    )
    await db.transact((sql.SET_FEES, given | {"show_id": show_id}), (sql.FORGET_FEES, {"show_id": show_id}))


@retried
async def find_fees(db: Database, show_id: UUID) -> Sequence[NamedFee]:
    """Return the fees of a show as they were set last; none where nobody has set any."""
    versions = read_fees(await db.fetch(sql.FEES, {"show_ids": [show_id]})).get(show_id, [])
    return max(versions, key=lambda one: one.valid_from).fees if versions else []


def read_fees(rows: Sequence[Row]) -> dict[UUID, list[ShowFees]]:
    """Read the rows of statements.FEES, by show."""
    by_show: dict[UUID, list[ShowFees]] = {}
    for row in rows:
        by_show.setdefault(row.fees_show_id, []).append(ShowFees(row.fees_from, _fees(row)))
    return by_show


def _fees(row: Row) -> list[NamedFee]:
    lists = (row.fee_names, row.fee_pers, row.fee_amounts, row.fee_points, row.fee_payers, row.fee_refundables)
    return [
        NamedFee(name, Fee(Per(per), amount, points, Payer(payer), refundable))
        for name, per, amount, points, payer, refundable in zip(*lists, strict=True)
    ]


@retried
async def set_kinds(db: Database, show_id: UUID, kinds: Sequence[KindPrice]) -> None:
    """Set what kinds of tickets of a show cost from now on."""
    given = columns(
        kinds,
        "basis_points",
        kinds="kind",
        tiers=lambda one: one.tier or "",
        prices="price",
        at_mosts="at_most",
    )
    await db.transact((sql.SET_KINDS, given | {"show_id": show_id}), (sql.FORGET_KINDS, {"show_id": show_id}))


@retried
async def find_kinds(db: Database, show_id: UUID) -> Sequence[KindPrice]:
    """Return what kinds of tickets of a show cost as it was set last; none where nobody has set any."""
    versions = read_kinds(await db.fetch(sql.KINDS, {"show_ids": [show_id]})).get(show_id, [])
    return max(versions, key=lambda one: one.valid_from).kinds if versions else []


def read_kinds(rows: Sequence[Row]) -> dict[UUID, list[ShowKinds]]:
    """Read the rows of statements.KINDS, by show."""
    by_show: dict[UUID, list[ShowKinds]] = {}
    for row in rows:
        by_show.setdefault(row.kinds_show_id, []).append(ShowKinds(row.kinds_from, _kinds(row)))
    return by_show


def _kinds(row: Row) -> list[KindPrice]:
    lists = (row.kinds, row.kind_tiers, row.kind_prices, row.kind_points, row.kind_limits)
    return [
        KindPrice(kind, tier or None, price, points, at_most)
        for kind, tier, price, points, at_most in zip(*lists, strict=True)
    ]
