"""Pages of bookings that are counted, for clients that show numbers of pages."""

from collections.abc import Sequence
from dataclasses import dataclass

from boxoffice.booking.v1 import booking_pb2 as pb

from services.chassis.errors import InvalidField
from services.chassis.wire.pages import DEFAULT_SIZE, MAX_ANSWER_BYTES


@dataclass(frozen=True, slots=True)
class CountedPage:
    """Which page of a list, counted from 1, and how many bookings a page has."""

    page: int
    limit: int

    @classmethod
    def of(cls, request: pb.ListBookingsRequest) -> "CountedPage | None":
        """Return the page that a request counts; None where it counts none."""
        if not request.page and not request.limit:
            return None
        return cls(request.page or 1, request.limit or DEFAULT_SIZE)

    @property
    def skipped(self) -> int:
        """How many bookings come before it."""
        return (self.page - 1) * self.limit

    def answer(self, bookings: Sequence[pb.Booking], total: int) -> pb.ListBookingsResponse:
        """Render the page of `total` bookings; raise InvalidField where it is more than any client reads."""
        answer = pb.ListBookingsResponse(bookings=bookings, page=self.page, limit=self.limit, total=total)
        if answer.ByteSize() > MAX_ANSWER_BYTES:
            raise InvalidField(("limit", "must be smaller here: so many bookings would be more than 4 MiB"))
        return answer
