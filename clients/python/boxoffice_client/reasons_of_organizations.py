"""Reasons that organizations and their members meet."""

from boxoffice_client.families import AlreadyExists, FailedPrecondition, NotFound


class OrganizationNotFound(NotFound):
    """There is no such organization, or the caller is not in it."""

    reason = "ORGANIZATION_NOT_FOUND"


class OrganizationLimitExceeded(FailedPrecondition):
    """The user is in as many organizations as a user may be in: `metadata["limit"]`."""

    reason = "ORGANIZATION_LIMIT_EXCEEDED"


class MemberNotFound(NotFound):
    """The organization has no such member."""

    reason = "MEMBER_NOT_FOUND"


class MemberAlreadyExists(AlreadyExists):
    """The account is a member with another role: `metadata["role"]`."""

    reason = "MEMBER_ALREADY_EXISTS"


class MemberLimitExceeded(FailedPrecondition):
    """The organization has as many members as it may have: `metadata["limit"]`."""

    reason = "MEMBER_LIMIT_EXCEEDED"


class LastOwner(FailedPrecondition):
    """The organization would have no owner any more."""

    reason = "LAST_OWNER"
