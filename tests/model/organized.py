"""What organizers do in the model: prices, times, blocks, the access code, and the end of a show."""

from __future__ import annotations

from tests.model.facts import LASTS, NOTICE, Answer, Request
from tests.model.steps import Steps


class Organized(Steps):
    """The show as its organizer changes it."""

    def set_prices(self, ask: Request, id_: str) -> Answer:
        if self.cancelled:
            return ("SHOW_CANCELLED",)
        assert ask.amount is not None
        self.price = ask.amount
        return ("listed", self.price)

    def reschedule(self, ask: Request, id_: str) -> Answer:
        if self.cancelled:
            return ("SHOW_CANCELLED",)
        if self.now >= self.begins:
            return ("SHOW_STARTED",)
        assert ask.amount is not None
        begins, sales_end = ask.amount, self.sales_end + ask.amount - self.begins
        if begins != self.begins:
            if self.begins < self.now + NOTICE:
                return ("RESCHEDULE_TOO_LATE",)
            if begins < self.now + NOTICE or sales_end <= self.now or self._last_claim() > sales_end:
                return ("INVALID_FIELD",)
            self.begins, self.sales_end, self.revision = begins, sales_end, self.revision + 1
        return ("rescheduled", self.begins, self.sales_end, self.revision)

    def _last_claim(self) -> int:
        """Return when the last claim on a seat ends that will."""
        reserved = [it.until for it in self.claims.values() if it.state == "RESERVED"]
        return max([until for _, _, until, _ in self.holds.values()] + reserved, default=0)

    def block(self, ask: Request, id_: str) -> Answer:
        if ask.places and not ask.chosen:
            return ("SEATS_UNAVAILABLE",)
        more = ask.seats - self.blocked
        self.blocked |= more
        self._have({seat: self.rights.get(seat) or "BEFORE" for seat in more & self.taken().keys()})
        return ("blocked", len(more))

    def unblock(self, ask: Request, id_: str) -> Answer:
        fewer = ask.seats & self.blocked
        self.blocked -= fewer
        return ("unblocked", len(fewer))

    def revoke_code(self, ask: Request, id_: str) -> Answer:
        self.revoked = True
        return ("revoked",)

    def cancel_show(self, ask: Request, id_: str) -> Answer:
        if not self.cancelled and self.now >= self.begins + LASTS:
            return ("SHOW_ENDED",)
        self.cancelled, self.cancelling = True, "KNOWN"
        return ("show cancelled",)
