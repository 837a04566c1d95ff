"""What notifications refuses."""

from services.chassis.errors import AlreadyExists, FailedPrecondition, NotFound, OutOfRange


class LinkNotFound(NotFound):
    """Boxoffice made no such link: open the one in your mail, or set what you want in your preferences."""

    reason = "LINK_NOT_FOUND"


class NoticeNotFound(NotFound):
    """The user has no such notice: look it up in the list of notices. Some that were read are removed after a while."""

    reason = "NOTICE_NOT_FOUND"


class WebhookEndpointNotFound(NotFound):
    """There is no such endpoint: look it up in the list of the organization's endpoints."""

    reason = "WEBHOOK_ENDPOINT_NOT_FOUND"


class WebhookEndpointExists(AlreadyExists):
    """The organization has an endpoint of this URL: change that one.

    Metadata: `endpoint_id`, which it is.
    """

    reason = "WEBHOOK_ENDPOINT_EXISTS"


class TooManyWebhookEndpoints(FailedPrecondition):
    """The organization has as many endpoints as it may: delete one first.

    Metadata: `limit`, how many that is.
    """

    reason = "TOO_MANY_WEBHOOK_ENDPOINTS"


class WebhookEndpointDisabled(FailedPrecondition):
    """The endpoint is sent nothing now: enable it first.

    Metadata: `state`, the state that it is in.
    """

    reason = "WEBHOOK_ENDPOINT_DISABLED"


class TooManyResends(FailedPrecondition):
    """As many messages wait to be sent to this endpoint again as may: ask again once some were sent.

    Metadata: `limit`, how many that is.
    """

    reason = "TOO_MANY_RESENDS"


class WebhookMessageNotFound(NotFound):
    """There is no such message: look its number up in the list of messages. Those of 30 days are kept."""

    reason = "WEBHOOK_MESSAGE_NOT_FOUND"


class WebhookMessagesForgotten(OutOfRange):
    """Messages that come next are not kept any more: begin without `after`, and make up for what is missing.

    Metadata: `oldest`, the number of the oldest message that is kept.
    """

    reason = "WEBHOOK_MESSAGES_FORGOTTEN"


class WebhookMessagesNotThere(OutOfRange):
    """There are no messages up to this number yet: see that it is the organization whose messages were read before.

    Metadata: `last`, the number of its last message.
    """

    reason = "WEBHOOK_MESSAGES_NOT_THERE"
