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


class LinkNotValid(FailedPrecondition):
    """This link is not good, or not any more: ask for a new one."""

    reason = "LINK_NOT_VALID"


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


class OrganizationNotFound(NotFound):
    """There is no such organization, or you are not in it: list your organizations to find one."""

    reason = "ORGANIZATION_NOT_FOUND"


class OrganizationLimitExceeded(FailedPrecondition):
    """You are in as many organizations as a user may be in: leave one first.

    Metadata: the `limit`.
    """

    reason = "ORGANIZATION_LIMIT_EXCEEDED"


class MemberNotFound(NotFound):
    """The organization has no such member: list its members to find one."""

    reason = "MEMBER_NOT_FOUND"


class MemberAlreadyExists(AlreadyExists):
    """The account is a member with another role: set the member's role.

    Metadata: the `role`.
    """

    reason = "MEMBER_ALREADY_EXISTS"


class MemberLimitExceeded(FailedPrecondition):
    """The organization has as many members as it may have: remove one first.

    Metadata: the `limit`.
    """

    reason = "MEMBER_LIMIT_EXCEEDED"


class LastOwner(FailedPrecondition):
    """The organization would have no owner any more: make somebody else one first.

    Metadata: the `organization_id`, where the account is to be deleted.
    """

    reason = "LAST_OWNER"
