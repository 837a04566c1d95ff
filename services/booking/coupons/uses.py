"""Uses of coupons, and the tries of codes: what is read of them under their locks, and written."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from services.booking.bookings.domain import BookedShow, Booking
from services.booking.coupons import statements as sql
from services.booking.coupons.domain import Coupon, Tries, Uses, WhyNot, not_usable
from services.booking.errors import TooManyCodes
from services.chassis.errors import Failure
from services.chassis.store.database import READ_CLOCK, Statement, Transaction
from services.chassis.store.rows import Row, read
from services.chassis.writes.operation import Rows


@dataclass(frozen=True, slots=True)
class Codes:
    """Coupons by their codes, how often they are used, and what their users have tried."""

    now: datetime
    coupons: Mapping[str, Coupon]
    uses: Uses
    tries: dict[UUID, Tries]
    tried: set[UUID] = field(default_factory=set)
    """Users who have tried another code in vain."""

    def find(self, code: str, user_id: UUID, show: BookedShow) -> Coupon | WhyNot:
        """Return the coupon, or why the user cannot use it for the show; raise TooManyCodes."""
        self.tries[user_id].check(self.now)
        coupon = self.coupons.get(code)
        if coupon is None:
            return WhyNot.UNKNOWN
        return coupon.why_not(show, self.now) or self.uses.why_not(coupon, user_id) or coupon

    def take(self, code: str, user_id: UUID, show: BookedShow) -> Coupon | Failure:
        """Take a use for the user: return the coupon, or why it cannot be used, which counts as a try."""
        try:
            found = self.find(code, user_id, show)
        except TooManyCodes as failure:
            return failure
        if isinstance(found, Coupon):
            self.uses.take(found, user_id)
            return found
        if not found.is_told:
            self.count(user_id)
        return not_usable(found)

    def count(self, user_id: UUID) -> None:
        """Count what a user has tried in vain."""
        self.tries[user_id] = self.tries[user_id].another(self.now)
        self.tried.add(user_id)


def reads(codes: Iterable[str], user_ids: Iterable[UUID], *, lock: bool) -> dict[str, Statement]:
    """Return the statements that read codes for users: they lock the coupons by id, if asked to, then the tries."""
    given = {"codes": sorted(set(codes)), "user_ids": sorted(set(user_ids))}
    return {
        "coupons": (sql.LOCK_CODES if lock else sql.FIND_CODES, given),
        "tries": (sql.LOCK_TRIES, given),
        "uses": (sql.USES_OF_CODES, given),
        "uses_of_users": (sql.USES_OF_USERS, given),
        "clock": (READ_CLOCK, ()),
    }


def codes_of(rows: Rows) -> Codes:
    """Read the rows of these statements."""
    return Codes(
        now=rows["clock"][0].now,
        coupons=_coupons(rows["coupons"]),
        uses=_uses(rows["uses"], rows["uses_of_users"]),
        tries={row.user_id: Tries(row.tried_at) for row in rows["tries"]},
    )


async def write_tries(tx: Transaction, codes: Codes) -> None:
    """Write what was tried in vain."""
    if codes.tried:
        tried = [(user_id, at) for user_id in sorted(codes.tried) for at in codes.tries[user_id].at]
        await tx.send(sql.SET_TRIES, {"users": [user_id for user_id, _ in tried], "tried_at": [at for _, at in tried]})


async def lock_uses(tx: Transaction, bookings: Sequence[Booking]) -> tuple[dict[str, Coupon], Uses]:
    """Lock the coupons of bookings by their ids; return them by their codes, and how often they are used."""
    given = {
        "codes": sorted({booking.coupon_code for booking in bookings if booking.coupon_code}),
        "user_ids": sorted({booking.user_id for booking in bookings}),
    }
    coupons, uses, of_users = await tx.fetch_all(
        (sql.LOCK_CODES, given), (sql.USES_OF_CODES, given), (sql.USES_OF_USERS, given)
    )
    return _coupons(coupons), _uses(uses, of_users)


def _coupons(rows: Sequence[Row]) -> dict[str, Coupon]:
    return {coupon.code: coupon for coupon in read(Coupon, rows)}


def _uses(in_all: Sequence[Row], of_users: Sequence[Row]) -> Uses:
    return Uses(
        Counter({row.code: row.uses for row in in_all}),
        Counter({(row.code, row.user_id): row.uses for row in of_users}),
    )
