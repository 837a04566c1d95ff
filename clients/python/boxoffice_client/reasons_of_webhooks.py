"""The reasons of webhooks, each an exception of its family."""

from boxoffice_client.families import AlreadyExists, FailedPrecondition, NotFound, OutOfRange


class WebhookEndpointNotFound(NotFound):
    """There is no such endpoint, or it is another organization's."""

    reason = "WEBHOOK_ENDPOINT_NOT_FOUND"


class WebhookEndpointExists(AlreadyExists):
    """The organization has an endpoint of this URL: `metadata["endpoint_id"]`."""

    reason = "WEBHOOK_ENDPOINT_EXISTS"


class TooManyWebhookEndpoints(FailedPrecondition):
    """The organization has as many endpoints as it may: `metadata["limit"]`."""

    reason = "TOO_MANY_WEBHOOK_ENDPOINTS"


class WebhookEndpointDisabled(FailedPrecondition):
    """The endpoint is sent nothing now: `metadata["state"]`."""

    reason = "WEBHOOK_ENDPOINT_DISABLED"


class TooManyResends(FailedPrecondition):
    """As many messages wait to be sent to the endpoint again as may: `metadata["limit"]`."""

    reason = "TOO_MANY_RESENDS"


class WebhookMessageNotFound(NotFound):
    """There is no such message, or not any more."""

    reason = "WEBHOOK_MESSAGE_NOT_FOUND"


class WebhookMessagesForgotten(OutOfRange):
    """Messages that come next are not kept any more: `metadata["oldest"]`."""

    reason = "WEBHOOK_MESSAGES_FORGOTTEN"


class WebhookMessagesNotThere(OutOfRange):
    """There are no messages up to this number yet: `metadata["last"]`."""

    reason = "WEBHOOK_MESSAGES_NOT_THERE"
