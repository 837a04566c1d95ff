"""Sellers, rules and shows' taxes: set and read."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from uuid import UUID

from services.booking.errors import SellerNotFound, ShowTaxNotFound, TaxNumberTaken
from services.booking.taxes import statements as sql
from services.booking.taxes.domain import Seller, ShowTax, TaxRule, TaxTerms
from services.chassis.store.database import Database, retried
from services.chassis.store.rows import Row, read


@retried
async def set_seller(db: Database, seller: Seller) -> Seller:
    """Make a seller, or change its name and address; raise SellerFixed or TaxNumberTaken."""
    given = asdict(seller)
    async with db.transaction() as tx:
        made, locked = await tx.fetch_all((sql.MAKE_SELLER, given), (sql.LOCK_SELLERS, given))
        known = {one.id: one for one in read(Seller, locked)}
        if seller.id in known:
            seller.check_change(known[seller.id])
            seller = replace(seller, organization_id=known[seller.id].organization_id)
        elif not made:
            raise TaxNumberTaken()
        await tx.send(sql.RENAME_SELLER, given)
        await tx.send(sql.MAKE_SERIES, {"id": seller.id, "kinds": list(seller.documents)})
    return seller


@retried
async def list_sellers(db: Database, *, organization_id: UUID | None, after: UUID | None, limit: int) -> list[Seller]:
    """Return an organization's sellers, or all, by their ids, the largest first, behind `after`."""
    named = {"organization_id": organization_id, "after": after, "limit": limit}
    return read(Seller, await db.fetch(sql.LIST_SELLERS, named))


@retried
async def set_tax_rule(db: Database, rule: TaxRule) -> TaxRule:
    """Make a rule, or change its end; raise TaxRuleFixed."""
    async with db.transaction() as tx:
        [kept] = read(TaxRule, await tx.fetch(sql.SET_TAX_RULE, asdict(rule)))
        rule.check_change(kept)
    return rule


@retried
async def list_tax_rules(db: Database, *, after: UUID | None, limit: int) -> list[TaxRule]:
    """Return rules by their ids, the largest first, behind `after`."""
    return read(TaxRule, await db.fetch(sql.LIST_TAX_RULES, {"after": after, "limit": limit}))


@retried
async def find_seller(db: Database, seller_id: UUID) -> Seller:
    """Return a seller; raise SellerNotFound."""
    for seller in read(Seller, await db.fetch(sql.FIND_SELLER, {"id": seller_id})):
        return seller
    raise SellerNotFound()


@retried
async def set_show_tax(db: Database, show: ShowTax) -> ShowTax:
    """Say by whom a show is sold. Its seller is there: sellers never go."""
    given = asdict(show)
    await db.transact(
        (sql.KEEP_SHOW_TAX, given), (sql.SET_SHOW_TAX, given), (sql.ADD_SHOW_TAX, given), (sql.FORGET_SHOW_TAXES, given)
    )
    return show


@retried
async def find_show_tax(db: Database, show_id: UUID) -> ShowTax:
    """Return by whom a show is sold; raise ShowTaxNotFound."""
    for show in read(ShowTax, await db.fetch(sql.FIND_SHOW_TAX, {"show_id": show_id})):
        return show
    raise ShowTaxNotFound()


def read_taxes(rows: Sequence[Row]) -> dict[UUID, list[TaxTerms]]:
    """Read the rows of TERMS: by show how its tickets are taxed, each time that it was said. Others have no seller."""
    terms: dict[tuple[UUID, datetime], TaxTerms] = {}
    rules: dict[tuple[UUID, datetime], list[TaxRule]] = {}
    for row in rows:
        version = (row.show_id, row.taxed_from)
        own = rules.setdefault(version, [])
        if version not in terms:
            [show], [seller] = read(ShowTax, [row]), read(Seller, [row])
            terms[version] = TaxTerms(row.taxed_from, show, seller, own)
        if row.rule_id is not None:
            own.append(_rule(row))
    by_show: dict[UUID, list[TaxTerms]] = {}
    for (show_id, _), one in terms.items():
        by_show.setdefault(show_id, []).append(one)
    return by_show


def _rule(row: Row) -> TaxRule:
    return TaxRule(
        id=row.rule_id,
        country=row.country,
        currency=row.currency,
        category=row.category,
        up_to=row.up_to,
        basis_points=row.basis_points,
        sac_code=row.sac_code,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
    )
