"""What identity refuses."""

from services.chassis.errors import AlreadyExists, FailedPrecondition, NotFound, ResourceExhausted, Unauthenticated


class EmailTaken(AlreadyExists):
    """There is an account of this e-mail address already: log in, or register another address."""

    reason = "EMAIL_TAKEN"


class LoginFailed(Unauthenticated):
    """No account has this e-mail address and password: check both."""

    reason = "LOGIN_FAILED"


class RefreshTokenInvalid(Unauthenticated):
    """This refresh token is not good, or not any more: log in again."""

    reason = "REFRESH_TOKEN_INVALID"


class PasswordWrong(FailedPrecondition):
    """The present password is another: check it."""

    reason = "PASSWORD_WRONG"


class TooManyAttempts(ResourceExhausted):
    """Too many attempts: wait before the next one."""

    reason = "TOO_MANY_ATTEMPTS"

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.retry_after_seconds = seconds


class UserNotFound(NotFound):
    """There is no such user: list the users to find one."""

    reason = "USER_NOT_FOUND"


class LastAdmin(FailedPrecondition):
    """Nobody would be an admin any more: make another one first."""

    reason = "LAST_ADMIN"
