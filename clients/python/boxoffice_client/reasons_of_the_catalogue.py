"""Reasons that have to do with what there is to sell: events, venues and shows."""

from boxoffice_client.families import Aborted, AlreadyExists, BoxofficeError, FailedPrecondition, NotFound


class EventNotFound(NotFound):
    """There is no such event."""

    reason = "EVENT_NOT_FOUND"


class EventNotPublished(FailedPrecondition):
    """The event is over or cancelled: `metadata["status"]`."""

    reason = "EVENT_NOT_PUBLISHED"


class EventHasShows(FailedPrecondition):
    """The event has shows, so this stays as it is: `metadata["field"]`."""

    reason = "EVENT_HAS_SHOWS"


class ReviewNotFound(NotFound):
    """There is no such review of this event."""

    reason = "REVIEW_NOT_FOUND"


class LinkNotFound(NotFound):
    """Boxoffice made no such link."""

    reason = "LINK_NOT_FOUND"


class NoticeNotFound(NotFound):
    """The user has no such notice."""

    reason = "NOTICE_NOT_FOUND"


class ImageNotFound(NotFound):
    """There is no such image, or not any more."""

    reason = "IMAGE_NOT_FOUND"


class ImageLimitExceeded(FailedPrecondition):
    """The event has 10 images already, or its organization 200, or 500 MiB of them."""

    reason = "IMAGE_LIMIT_EXCEEDED"


class ImageTooLarge(BoxofficeError):
    """Reading the picture takes too much memory or time."""

    reason = "IMAGE_TOO_LARGE"


class ImageBusy(Aborted):
    """The same picture is just being deleted."""

    reason = "IMAGE_BUSY"


class NotThere(FailedPrecondition):
    """The user had no seat at a show of this event that is over."""

    reason = "NOT_THERE"


class MovieNotFound(NotFound):
    """There is no such movie; events of other categories are not among them."""

    reason = "MOVIE_NOT_FOUND"


class VenueNotFound(NotFound):
    """There is no such venue."""

    reason = "VENUE_NOT_FOUND"


class ScreenNotFound(NotFound):
    """There is no such screen."""

    reason = "SCREEN_NOT_FOUND"


class ShowNotFound(NotFound):
    """There is no such show."""

    reason = "SHOW_NOT_FOUND"


class ScreenAlreadyExists(AlreadyExists):
    """The venue has a screen of this name."""

    reason = "SCREEN_ALREADY_EXISTS"


class ShowOverlaps(FailedPrecondition):
    """Another show is on this screen at that time: `metadata["show_id"]`."""

    reason = "SHOW_OVERLAPS"


class ScreenLimitExceeded(FailedPrecondition):
    """The venue has as many screens as a venue may have: `metadata["limit"]`."""

    reason = "SCREEN_LIMIT_EXCEEDED"
