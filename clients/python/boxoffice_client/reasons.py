"""The reasons of Boxoffice, each an exception of its family."""

from boxoffice_client.families import (
    Aborted,
    AlreadyExists,
    BoxofficeError,
    FailedPrecondition,
    NotFound,
    OutOfRange,
    PermissionDenied,
    Unauthenticated,
    Unavailable,
)


class EventMismatch(BoxofficeError):
    """A webhook's event is not what its payment or the bank says."""

    reason = "EVENT_MISMATCH"


class InvalidSignature(Unauthenticated):
    """A webhook's signature is missing, wrong or too old."""

    reason = "INVALID_SIGNATURE"


class LoginFailed(Unauthenticated):
    """No account has this e-mail address and password."""

    reason = "LOGIN_FAILED"


class RefreshTokenInvalid(Unauthenticated):
    """The refresh token is not good, or not any more: log in again."""

    reason = "REFRESH_TOKEN_INVALID"


class TooManyAttempts(BoxofficeError):
    """Too many passwords were tried: see `retry_after_seconds`."""

    reason = "TOO_MANY_ATTEMPTS"


class SimulationDisabled(PermissionDenied):
    """Payments cannot be simulated in production."""

    reason = "SIMULATION_DISABLED"


class CancellationChanged(Aborted):
    """The cancellation would refund other amounts than shown: ask again with the token in `metadata`."""

    reason = "CANCELLATION_CHANGED"


class CancellationInProgress(Aborted):
    """The show is being cancelled right now: see `retry_after_seconds`."""

    reason = "CANCELLATION_IN_PROGRESS"


class CancellationNotFound(NotFound):
    """This show is not cancelled."""

    reason = "CANCELLATION_NOT_FOUND"


class ShowEnded(FailedPrecondition):
    """The show has ended: it cannot be cancelled any more."""

    reason = "SHOW_ENDED"


class ShowUnderWay(FailedPrecondition):
    """The show has begun, and only an admin can cancel it now."""

    reason = "SHOW_UNDER_WAY"


class TooManyShows(FailedPrecondition):
    """The event has more shows to come than are cancelled at once."""

    reason = "TOO_MANY_SHOWS"


class RefundFailed(Unavailable):
    """The bank's refund failed this time."""

    reason = "REFUND_FAILED"


class _OfSeats(BoxofficeError):
    @property
    def seat_ids(self) -> tuple[str, ...]:
        """The seats in question."""
        return tuple(filter(None, self.metadata.get("seat_ids", "").split(",")))


class SeatNotFound(_OfSeats, NotFound):
    """The show has no such seats: see `seat_ids`."""

    reason = "SEAT_NOT_FOUND"


class BookingNotFound(NotFound):
    """There is no such booking, or it is another user's."""

    reason = "BOOKING_NOT_FOUND"


class PaymentNotFound(NotFound):
    """There is no such payment, or none was begun for this booking."""

    reason = "PAYMENT_NOT_FOUND"


class SessionNotFound(NotFound):
    """There is no such checkout session."""

    reason = "SESSION_NOT_FOUND"


class UserNotFound(NotFound):
    """There is no such user, or it is not the one who calls."""

    reason = "USER_NOT_FOUND"


class IdempotencyKeyReused(AlreadyExists):
    """The idempotency key was used for another request."""

    reason = "IDEMPOTENCY_KEY_REUSED"


class EmailTaken(AlreadyExists):
    """There is an account of this e-mail address already."""

    reason = "EMAIL_TAKEN"


class SessionMismatch(AlreadyExists):
    """There is a checkout session of this id with other facts."""

    reason = "SESSION_MISMATCH"


class SequenceNoLongerKept(OutOfRange):
    """The changes after this number are not kept: read the seat map, and watch after its sequence."""

    reason = "SEQUENCE_NO_LONGER_KEPT"


class EventsForgotten(OutOfRange):
    """Events that come next are not kept any more: begin at the oldest, and make up for what is missing."""

    reason = "EVENTS_FORGOTTEN"


class EventsNotThere(OutOfRange):
    """The topic does not reach this position: see that it is the topic that was read before."""

    reason = "EVENTS_NOT_THERE"


class SeatsUnavailable(_OfSeats, Aborted):
    """Some of the seats are taken: see `seat_ids`, and choose others, or go to your own booking: see `booking_id`."""

    reason = "SEATS_UNAVAILABLE"

    @property
    def booking_id(self) -> str:
        """The user's own booking that has some of the seats; empty where it is others who have them."""
        return self.metadata.get("booking_id", "")


class PriceListLimitExceeded(FailedPrecondition):
    """The prices of the show have been changed `limit` times, and stay as they are."""

    reason = "PRICE_LIST_LIMIT_EXCEEDED"

    @property
    def limit(self) -> int:
        """How often the prices of a show may be changed."""
        return int(self.metadata["limit"])


class PriceChanged(Aborted):
    """It costs another amount than `metadata["expected_total"]`, and nothing was held or booked."""

    reason = "PRICE_CHANGED"

    @property
    def amount(self) -> int:
        """What it costs now, in minor units: of seats to hold their list prices, else what is to be paid."""
        return int(self.metadata.get("final_amount") or self.metadata["total_amount"])


class PaymentInProgress(Aborted):
    """A payment for the booking is being settled right now."""

    reason = "PAYMENT_IN_PROGRESS"


class RequestInProgress(Aborted):
    """The first request with this idempotency key is still being carried out."""

    reason = "REQUEST_IN_PROGRESS"


class SalesNotStarted(FailedPrecondition):
    """Sales for the show have not begun yet: `metadata["sales_start_at"]`."""

    reason = "SALES_NOT_STARTED"


class SalesEnded(FailedPrecondition):
    """Sales for the show have ended."""

    reason = "SALES_ENDED"


class ShowCancelled(FailedPrecondition):
    """The show is cancelled."""

    reason = "SHOW_CANCELLED"


class ShowStarted(FailedPrecondition):
    """The show has begun."""

    reason = "SHOW_STARTED"


class RescheduleTooLate(FailedPrecondition):
    """The show begins too soon to be rescheduled: `metadata["minutes"]`."""

    reason = "RESCHEDULE_TOO_LATE"


class SeatLimitExceeded(FailedPrecondition):
    """The user would have more seats of the show than one may have: `metadata["limit"]`."""

    reason = "SEAT_LIMIT_EXCEEDED"


class CompanionSeatAlone(FailedPrecondition):
    """Companions' seats are sold with their wheelchair seats: `metadata["seat_ids"]`."""

    reason = "COMPANION_SEAT_ALONE"


class HoldLimitExceeded(FailedPrecondition):
    """The user has held seats of the show for too long without booking them; metadata: `resumes_at`, `limit`."""

    reason = "HOLD_LIMIT_EXCEEDED"


class SeatsNotBlocked(FailedPrecondition):
    """Seats for guests have to be blocked; metadata: `seat_ids`."""

    reason = "SEATS_NOT_BLOCKED"


class AccessCodeNotValid(FailedPrecondition):
    """The access code cannot be used for these seats; why is not said."""

    reason = "ACCESS_CODE_NOT_VALID"


class TooManyAccessCodes(BoxofficeError):
    """Too many access codes were tried that cannot be used: see `retry_after_seconds`."""

    reason = "TOO_MANY_ACCESS_CODES"


class AccessCodeNotFound(NotFound):
    """The show has no such access code."""

    reason = "ACCESS_CODE_NOT_FOUND"


class AccessCodeExists(AlreadyExists):
    """The show has an access code of these letters."""

    reason = "ACCESS_CODE_EXISTS"


class AccessCodeLimitExceeded(FailedPrecondition):
    """The show has as many access codes as it may have; metadata: `limit`."""

    reason = "ACCESS_CODE_LIMIT_EXCEEDED"


class SeatsNotHeld(FailedPrecondition):
    """The user does not hold these seats, so nothing is extended; metadata: `seat_ids`."""

    reason = "SEATS_NOT_HELD"


class BookingNotPending(FailedPrecondition):
    """The booking does not wait for its payment any more: `metadata["status"]`."""

    reason = "BOOKING_NOT_PENDING"


class BookingNotConfirmed(FailedPrecondition):
    """Only a confirmed booking can be refunded: `metadata["status"]`."""

    reason = "BOOKING_NOT_CONFIRMED"


class RefundNotAllowed(FailedPrecondition):
    """It is too close to the show for a refund."""

    reason = "REFUND_NOT_ALLOWED"


class EmailNotVerified(FailedPrecondition):
    """Free bookings are for users whose e-mail address is verified: have it verified, and refresh the access token."""

    reason = "EMAIL_NOT_VERIFIED"


class FreeBookingLimitExceeded(FailedPrecondition):
    """Nothing is to be paid, and the user has made as many such bookings today as may be: `metadata["limit"]`."""

    reason = "FREE_BOOKING_LIMIT_EXCEEDED"


class BookingToCome(FailedPrecondition):
    """The account has a booking that is under way, or of a show that is to come: `metadata["booking_id"]`."""

    reason = "BOOKING_TO_COME"


class PaymentOpen(FailedPrecondition):
    """The account has a payment or a refund that is under way: wait until it is done."""

    reason = "PAYMENT_OPEN"


class AccountDeleted(FailedPrecondition):
    """The account is deleted, or about to be, and books nothing any more: use another one."""

    reason = "ACCOUNT_DELETED"


class SeatsNotLeft(_OfSeats, FailedPrecondition):
    """The booking does not have these seats, or they were given back before: `seat_ids`."""

    reason = "SEATS_NOT_LEFT"


class TicketAdmitted(_OfSeats, FailedPrecondition):
    """Somebody was let in by the tickets of these seats: `seat_ids`. Ask the organizer."""

    reason = "TICKET_ADMITTED"


class PaymentAttemptsExceeded(FailedPrecondition):
    """Too many payments were begun for the booking already: make a new booking."""

    reason = "PAYMENT_ATTEMPTS_EXCEEDED"


class AmountNotPayable(FailedPrecondition):
    """The payment gateway does not take this amount in its currency: choose other seats."""

    reason = "AMOUNT_NOT_PAYABLE"


class GatewayNotConfigured(NotFound):
    """The payment gateway is not in use here."""

    reason = "GATEWAY_NOT_CONFIGURED"


class LinkNotValid(FailedPrecondition):
    """This link is not good, or not any more: ask for a new one."""

    reason = "LINK_NOT_VALID"


class PasswordWrong(FailedPrecondition):
    """The present password is another."""

    reason = "PASSWORD_WRONG"


class LastAdmin(FailedPrecondition):
    """Nobody would be an admin any more."""

    reason = "LAST_ADMIN"
