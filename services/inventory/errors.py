"""What inventory refuses."""

from collections.abc import Iterable
from uuid import UUID

from services.chassis.errors import (
    Aborted,
    AlreadyExists,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    OutOfRange,
    ResourceExhausted,
)


class ShowNotFound(NotFound):
    """There is no such show: list the shows to find one."""

    reason = "SHOW_NOT_FOUND"


class EventNotFound(NotFound):
    """There is no such event: look it up in the list of events."""

    reason = "EVENT_NOT_FOUND"


class MovieNotFound(NotFound):
    """There is no such movie: look it up in the list of movies; events of other categories are not among them."""

    reason = "MOVIE_NOT_FOUND"


class EventNotPublished(FailedPrecondition):
    """The event is over or cancelled: choose another event, or make one.

    Metadata: its `status`.
    """

    reason = "EVENT_NOT_PUBLISHED"


class ReviewNotFound(NotFound):
    """There is no such review of this event: look it up in the list of its reviews."""

    reason = "REVIEW_NOT_FOUND"


class ImageNotFound(NotFound):
    """There is no such image: look it up at its event."""

    reason = "IMAGE_NOT_FOUND"


class ImageLimitExceeded(FailedPrecondition):
    """The organization has 200 images already, or 500 MiB of them: delete some first."""

    reason = "IMAGE_LIMIT_EXCEEDED"


class ImageTooLarge(InvalidArgument):
    """Reading this picture takes too much memory or time: save it anew with fewer pixels, and send that."""

    reason = "IMAGE_TOO_LARGE"


class ImageBusy(Aborted):
    """The same picture is just being deleted: send it again in a moment."""

    reason = "IMAGE_BUSY"
    retry_after_seconds = 1.0


class NotThere(FailedPrecondition):
    """Only who had a seat at a show of this event that is over may review it: come back after the show."""

    reason = "NOT_THERE"


class VenueNotFound(NotFound):
    """There is no such venue: look it up in the list of venues."""

    reason = "VENUE_NOT_FOUND"


class ScreenNotFound(NotFound):
    """There is no such screen: look it up at its venue."""

    reason = "SCREEN_NOT_FOUND"


class ScreenLimitExceeded(FailedPrecondition):
    """The venue has as many screens as a venue may have: add the screen to another venue.

    Metadata: the `limit`.
    """

    reason = "SCREEN_LIMIT_EXCEEDED"


class ScreenAlreadyExists(AlreadyExists):
    """The venue has a screen of this name: choose another name.

    Metadata: the `name`.
    """

    reason = "SCREEN_ALREADY_EXISTS"


class ShowOverlaps(FailedPrecondition):
    """Another show is on this screen at that time: choose another time or another screen.

    Metadata: `show_id` of the other one.
    """

    reason = "SHOW_OVERLAPS"


class RescheduleTooLate(FailedPrecondition):
    """The show begins too soon to be rescheduled: it takes place as it is, or is cancelled.

    Metadata: for how many `minutes` before its start it is not rescheduled any more.
    """

    reason = "RESCHEDULE_TOO_LATE"


class EventHasShows(FailedPrecondition):
    """The event has shows, so this stays as it is: make another event.

    Metadata: the `field` that would change.
    """

    reason = "EVENT_HAS_SHOWS"


class _OfSeats:
    """Names the seats in question, as `seat_ids`, separated by commas."""

    def __init__(self, seat_ids: Iterable[UUID], message: str | None = None, **metadata: object) -> None:
        self.seat_ids = list(seat_ids)
        super().__init__(message, seat_ids=",".join(map(str, self.seat_ids)), **metadata)  # type: ignore[call-arg]


class SeatNotFound(_OfSeats, NotFound):
    """The show has no such seats: take their ids from its seat map.

    Metadata: `seat_ids`, separated by commas.
    """

    reason = "SEAT_NOT_FOUND"


class SeatsUnavailable(_OfSeats, Aborted):
    """Some of these seats are taken: choose others.

    Metadata: `seat_ids`, separated by commas; `booking_id` where a booking of the user's own has some of them, which
    the message then says; `area_ids` of areas that have not so many places left.
    """

    reason = "SEATS_UNAVAILABLE"


class SeatsNotBlocked(_OfSeats, FailedPrecondition):
    """Seats for guests have to be blocked, and these are not: block them first.

    Metadata: `seat_ids`, separated by commas.
    """

    reason = "SEATS_NOT_BLOCKED"


class AccessCodeNotFound(NotFound):
    """The show has no such access code: list its codes."""

    reason = "ACCESS_CODE_NOT_FOUND"


class AccessCodeExists(AlreadyExists):
    """The show has an access code of these letters: choose others, or leave them to us."""

    reason = "ACCESS_CODE_EXISTS"


class AccessCodeLimitExceeded(FailedPrecondition):
    """The show has as many access codes as a show may have: use one of these.

    Metadata: the `limit`.
    """

    reason = "ACCESS_CODE_LIMIT_EXCEEDED"


class AccessCodeNotValid(FailedPrecondition):
    """This access code cannot be used for these seats: check its letters, or choose other seats."""

    reason = "ACCESS_CODE_NOT_VALID"


class TooManyAccessCodes(ResourceExhausted):
    """Too many access codes were tried that cannot be used: try again later, or go on without one."""

    reason = "TOO_MANY_ACCESS_CODES"

    def __init__(self, retry_after_seconds: float) -> None:
        super().__init__()
        self.retry_after_seconds = retry_after_seconds


class SeatLimitExceeded(FailedPrecondition):
    """That would be more seats of one show than a user may have: choose fewer, or release some.

    Metadata: the `limit`.
    """

    reason = "SEAT_LIMIT_EXCEEDED"


class CompanionSeatAlone(_OfSeats, FailedPrecondition):
    """Some of these seats are for companions: take them with the wheelchair seat that they belong to.

    Metadata: `seat_ids`, separated by commas.
    """

    reason = "COMPANION_SEAT_ALONE"


class PriceListLimitExceeded(FailedPrecondition):
    """The prices of this show have been changed as often as they may be: they stay as they are.

    Metadata: the `limit`.
    """

    reason = "PRICE_LIST_LIMIT_EXCEEDED"


class SeatsNotHeld(_OfSeats, FailedPrecondition):
    """The user does not hold these seats, or not any more, so nothing is extended: hold seats anew.

    Metadata: `seat_ids`, separated by commas; none where no seats were named and the user holds none of the show.
    """

    reason = "SEATS_NOT_HELD"


class HoldLimitExceeded(FailedPrecondition):
    """The user has held seats of this show for too long without booking them: book seats at once, or hold some later.

    Metadata: `resumes_at`, from when on seats may be held again; the `limit`, in minutes of seats.
    """

    reason = "HOLD_LIMIT_EXCEEDED"


class PriceChanged(Aborted):
    """The seats cost another amount than expected, and nothing was taken: show the new one, and ask again with it.

    Metadata: the amounts `expected_total` and `total_amount`.
    """

    reason = "PRICE_CHANGED"


class ShowStarted(FailedPrecondition):
    """The show has begun, so its seats can be neither held nor booked: choose another show."""

    reason = "SHOW_STARTED"


class SalesEnded(FailedPrecondition):
    """Sales for this show have ended, so its seats can be neither held nor booked: choose another show."""

    reason = "SALES_ENDED"


class SalesNotStarted(FailedPrecondition):
    """Sales for this show have not begun yet: come back when they do.

    Metadata: `sales_start_at`, when they do.
    """

    reason = "SALES_NOT_STARTED"


class ShowCancelled(FailedPrecondition):
    """The show is cancelled, so its seats can be neither held nor booked: choose another show."""

    reason = "SHOW_CANCELLED"


class ShowEnded(FailedPrecondition):
    """The show has ended: it cannot be cancelled any more."""

    reason = "SHOW_ENDED"


class ShowUnderWay(FailedPrecondition):
    """The show has begun, and only an admin can cancel it now: ask one.

    Metadata: its `show_id`.
    """

    reason = "SHOW_UNDER_WAY"


class TooManyShows(FailedPrecondition):
    """The event has more shows to come than are cancelled at once: cancel some of them first.

    Metadata: the `limit`.
    """

    reason = "TOO_MANY_SHOWS"


class ClaimClosed(FailedPrecondition):
    """This booking's claim on its seats has ended: make a new booking."""

    reason = "CLAIM_CLOSED"


class ClaimAlive(FailedPrecondition):
    """This booking's claim on its seats has not lapsed yet: ask again when it has."""

    reason = "CLAIM_ALIVE"


class ClaimConfirmed(FailedPrecondition):
    """This booking's seats are booked for good: unbook them."""

    reason = "CLAIM_CONFIRMED"


class SequenceNoLongerKept(OutOfRange):
    """The changes after this number are not kept: read the seat map, and go on after its sequence.

    Metadata: `sequence`, the number of the show's last change, where it is known.
    """

    reason = "SEQUENCE_NO_LONGER_KEPT"
