"""What notifications refuses."""

from services.chassis.errors import NotFound


class NoticeNotFound(NotFound):
    """The user has no such notice: look it up in the list of notices. Some that were read are removed after a while."""

    reason = "NOTICE_NOT_FOUND"
