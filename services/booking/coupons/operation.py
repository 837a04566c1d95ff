"""What organizers do with coupons: create, look at, give other terms, end."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from services.booking.coupons import statements as sql
from services.booking.coupons.domain import WINDOW, Coupon, CouponTerms
from services.booking.errors import CouponCodeTaken, CouponNotFound
from services.chassis.store.database import READ_CLOCK, Database, Statement, Transaction, retried
from services.chassis.store.rows import Row, read
from services.chassis.writes.idempotency import Once
from services.chassis.writes.operation import KeyedOperation, Operation, Rows


@dataclass(frozen=True, slots=True)
class UsedCoupon:
    """A coupon, and how many bookings use it."""

    coupon: Coupon
    uses: int


# --- Created


@dataclass(frozen=True, slots=True)
class CreateCoupon:
    """The wish for a coupon."""

    urgent: ClassVar[bool] = False

    id: UUID
    organizer_id: UUID | None
    organization_id: UUID | None
    own_shows_only: bool
    code: str
    terms: CouponTerms
    once: Once[UsedCoupon, Any]

    @property
    def key(self) -> str:
        """Wishes for one code take turns."""
        return self.code


@dataclass(frozen=True, slots=True)
class NewCoupons:
    """Coupons that are created, by their codes; of those whose codes are taken there is none."""

    now: datetime
    taken: set[str]
    created: list[Coupon] = field(default_factory=list)


class CreateCoupons(KeyedOperation[CreateCoupon, NewCoupons, UsedCoupon, Any]):
    """Creates coupons; refuses with CouponCodeTaken."""

    def reads(self, batch: Sequence[CreateCoupon], *, wait: bool) -> dict[str, Statement]:
        """Have all who create coupons take turns: whether a code is free is known under its lock only."""
        return {
            "lock": (sql.LOCK_NEW_CODES, ()),
            "taken": (sql.TAKEN_CODES, {"codes": [command.code for command in batch]}),
            "clock": (READ_CLOCK, ()),
        }

    async def load(self, tx: Transaction, batch: Sequence[CreateCoupon], rows: Rows) -> tuple[NewCoupons, set[str]]:
        """Nothing depends on more than the codes that are taken."""
        return NewCoupons(rows["clock"][0].now, {row.code for row in rows["taken"]}), set()

    def decide(self, command: CreateCoupon, state: NewCoupons) -> UsedCoupon:
        """Create the coupon, if its code is free."""
        if command.code in state.taken:
            raise CouponCodeTaken()
        state.taken.add(command.code)
        coupon = Coupon(
            id=command.id,
            organizer_id=command.organizer_id,
            organization_id=command.organization_id,
            own_shows_only=command.own_shows_only,
            code=command.code,
            terms=command.terms,
            created_at=state.now,
            updated_at=state.now,
            deactivated_at=None,
        )
        state.created.append(coupon)
        return UsedCoupon(coupon, uses=0)

    async def write(self, tx: Transaction, state: NewCoupons) -> None:
        """Write the coupons."""
        for coupon in state.created:
            await tx.send(sql.CREATE_COUPON, _values(coupon))


# --- Changed


@dataclass(frozen=True, slots=True)
class ChangeCoupon:
    """The wish to give a coupon other terms, or to end it."""

    urgent: ClassVar[bool] = False

    key: UUID
    """The coupon."""
    organizer_id: UUID | None
    """Whose it has to be where it is no organization's; anybody's where it is None."""
    terms: CouponTerms | None
    """None: it is to end."""


@dataclass(frozen=True, slots=True)
class LockedCoupons:
    """Coupons of which nobody else takes a use meanwhile."""

    now: datetime
    coupons: dict[UUID, Coupon]
    uses: Mapping[str, Row]
    """In all, and at most of one user."""
    changed: set[UUID] = field(default_factory=set)


class ChangeCoupons(Operation[ChangeCoupon, LockedCoupons, UsedCoupon]):
    """Changes coupons; refuses with CouponNotFound, CouponUsedMore."""

    def reads(self, batch: Sequence[ChangeCoupon], *, wait: bool) -> dict[str, Statement]:
        """Lock the coupons, then count their uses."""
        ids = {"ids": sorted({command.key for command in batch})}
        return {"coupons": (sql.LOCK_COUPONS, ids), "uses": (sql.USES, ids), "clock": (READ_CLOCK, ())}

    async def load(self, tx: Transaction, batch: Sequence[ChangeCoupon], rows: Rows) -> tuple[LockedCoupons, set[UUID]]:
        """Nothing depends on more than the coupons and their uses."""
        coupons = {coupon.id: coupon for coupon in read(Coupon, rows["coupons"])}
        uses = {row.code: row for row in rows["uses"]}
        return LockedCoupons(rows["clock"][0].now, coupons, uses), set()

    def decide(self, command: ChangeCoupon, state: LockedCoupons) -> UsedCoupon:
        """Change the coupon, unless it is another organizer's."""
        coupon = _owned(state.coupons.get(command.key), command.organizer_id)
        row = state.uses.get(coupon.code)
        uses, of_one = (row.uses, row.uses_of_one) if row else (0, 0)
        if command.terms is not None:
            coupon = coupon.updated(command.terms, uses, of_one, state.now)
        else:
            coupon = coupon.deactivated(state.now)
        state.coupons[coupon.id] = coupon
        state.changed.add(coupon.id)
        return UsedCoupon(coupon, uses)

    async def write(self, tx: Transaction, state: LockedCoupons) -> None:
        """Write the coupons."""
        for coupon_id in sorted(state.changed):
            await tx.send(sql.SET_COUPON, _values(state.coupons[coupon_id]))


# --- Looked at


@retried
async def get_coupon(db: Database, coupon_id: UUID, organizer_id: UUID | None) -> UsedCoupon:
    """Return a coupon of an organization, of an organizer, or of anybody; raise CouponNotFound."""
    found, uses = await db.fetch_all((sql.COUPONS, {"ids": [coupon_id]}), (sql.USES, {"ids": [coupon_id]}))
    coupon = _owned(next(iter(read(Coupon, found)), None), organizer_id)
    return UsedCoupon(coupon, uses[0].uses if uses else 0)


@retried
async def list_coupons(
    db: Database, *, organization_id: UUID | None, organizer_id: UUID | None, after: UUID | None, limit: int
) -> list[UsedCoupon]:
    """Return coupons of an organization and an organizer, or of all, newest first, that are older than `after`."""
    named = {"organization_id": organization_id, "organizer_id": organizer_id, "after": after, "limit": limit}
    rows: list[Row] = await db.fetch(sql.LIST_COUPONS, named)
    return [UsedCoupon(coupon, row.uses) for coupon, row in zip(read(Coupon, rows), rows, strict=True)]


@retried
async def owner_of_coupon(db: Database, coupon_id: UUID) -> UUID | None:
    """Return the organization whose a coupon is, None: none's; raise CouponNotFound."""
    for coupon in read(Coupon, await db.fetch(sql.COUPONS, {"ids": [coupon_id]})):
        return coupon.organization_id
    raise CouponNotFound()


async def forget_tries(db: Database, *, limit: int = 500) -> int:
    """Forget one batch of tries that count no more; return of how many users."""
    return await db.execute(sql.FORGET_TRIES, {"window": WINDOW, "limit": limit})


def _owned(coupon: Coupon | None, organizer_id: UUID | None) -> Coupon:
    """Return the coupon. An organization's is its members', to whose roles the policy holds the caller."""
    if coupon is None:
        raise CouponNotFound()
    if coupon.organization_id is None and organizer_id is not None and coupon.organizer_id != organizer_id:
        raise CouponNotFound()
    return coupon


def _values(coupon: Coupon) -> dict[str, Any]:
    """Return a coupon's columns."""
    values = asdict(coupon)
    terms: dict[str, Any] = values.pop("terms")
    return values | terms
