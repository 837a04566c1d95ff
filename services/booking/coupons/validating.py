"""Whether a user could use a code: asked without taking a use, and counted where the answer tells nothing else."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from services.booking.bookings.domain import BookedShow
from services.booking.coupons.domain import Coupon, WhyNot
from services.booking.coupons.uses import Codes, codes_of, reads, write_tries
from services.chassis.store.database import Statement, Transaction
from services.chassis.writes.operation import Operation, Rows


@dataclass(frozen=True, slots=True)
class ValidateCode:
    """The question whether a user could use a code for a show."""

    urgent: ClassVar[bool] = False

    code: str
    user_id: UUID
    show: BookedShow
    is_told: Callable[[Coupon], bool] = lambda _: False
    """Whether the caller is told everything of a coupon."""
    is_told_all: bool = False
    """Whether the caller is told everything, of codes that nobody has, too."""

    @property
    def key(self) -> UUID:
        """A user's tries take turns."""
        return self.user_id


class ValidateCodes(Operation[ValidateCode, Codes, Coupon | WhyNot]):
    """Answers with the coupon, or why it cannot be used as far as the caller is told; refuses with TooManyCodes."""

    def reads(self, batch: Sequence[ValidateCode], *, wait: bool) -> dict[str, Statement]:
        """Lock the users' tries; the coupons are only read."""
        return reads((command.code for command in batch), (command.user_id for command in batch), lock=False)

    async def load(self, tx: Transaction, batch: Sequence[ValidateCode], rows: Rows) -> tuple[Codes, set[UUID]]:
        """Nothing depends on more."""
        return codes_of(rows), set()

    def decide(self, command: ValidateCode, state: Codes) -> Coupon | WhyNot:
        """Judge the code, and count the answer that tells nothing."""
        found = state.find(command.code, command.user_id, command.show)
        if isinstance(found, Coupon) or found.is_told or command.is_told_all:
            return found
        if (coupon := state.coupons.get(command.code)) and command.is_told(coupon):
            return found
        state.count(command.user_id)
        return WhyNot.NOT_VALID

    async def write(self, tx: Transaction, state: Codes) -> None:
        """Write what was tried in vain."""
        await write_tries(tx, state)
