"""The reasons that are about prices, taxes, invoices and coupons, each an exception of its family."""

from boxoffice_client.families import AlreadyExists, BoxofficeError, FailedPrecondition, NotFound, Unavailable


class TooManyCodes(BoxofficeError):
    """Too many codes were tried that are not valid: see `retry_after_seconds`."""

    reason = "TOO_MANY_CODES"


class TooManySearches(BoxofficeError):
    """Bookings were searched too often within a minute: see `retry_after_seconds`."""

    reason = "TOO_MANY_SEARCHES"


class PaperNotMade(Unavailable):
    """A ticket or an invoice could not be made as a file this time: see `retry_after_seconds`."""

    reason = "PAPER_NOT_MADE"


class AmountTooLarge(FailedPrecondition):
    """The seats cost more at once than can be counted: choose fewer."""

    reason = "AMOUNT_TOO_LARGE"


class KindNotOffered(FailedPrecondition):
    """The show has no tickets of a kind for a seat; `metadata` has the `kind` and the `seat_id`."""

    reason = "KIND_NOT_OFFERED"


class KindLimitExceeded(FailedPrecondition):
    """A booking may not have so many tickets of a kind; `metadata` has the `kind` and the `limit`."""

    reason = "KIND_LIMIT_EXCEEDED"


class SellerNotFound(NotFound):
    """There is no such seller."""

    reason = "SELLER_NOT_FOUND"


class SellerFixed(FailedPrecondition):
    """Only the name and address of a seller can change; `metadata` has the `field` that differs."""

    reason = "SELLER_FIXED"


class TaxNumberTaken(AlreadyExists):
    """Another seller has this tax number."""

    reason = "TAX_NUMBER_TAKEN"


class TaxRuleFixed(FailedPrecondition):
    """Only the end of a tax rule can change; `metadata` has the `field` that differs."""

    reason = "TAX_RULE_FIXED"


class InvoiceNotFound(NotFound):
    """The booking has no invoice: it was never confirmed, or nobody has said by whom its show is sold."""

    reason = "INVOICE_NOT_FOUND"


class ExportTooLarge(FailedPrecondition):
    """The period has more rows than one file; `metadata` has the `limit`."""

    reason = "EXPORT_TOO_LARGE"


class ShowTaxNotFound(NotFound):
    """Nobody has said by whom the show is sold."""

    reason = "SHOW_TAX_NOT_FOUND"


class CouponNotFound(NotFound):
    """There is no such coupon, or it is another organizer's."""

    reason = "COUPON_NOT_FOUND"


class CouponCodeTaken(AlreadyExists):
    """There is a coupon of this code."""

    reason = "COUPON_CODE_TAKEN"


class CouponNotUsable(FailedPrecondition):
    """The coupon cannot be used for this: `metadata["why_not"]`."""

    reason = "COUPON_NOT_USABLE"


class CouponUsedMore(FailedPrecondition):
    """More bookings use the coupon now than it would allow: `metadata["uses"]`."""

    reason = "COUPON_USED_MORE"
