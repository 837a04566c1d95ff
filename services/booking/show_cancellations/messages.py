"""Cancellations of shows as messages."""

from boxoffice.booking.v1 import cancellations_pb2 as pb

from services.booking.show_cancellations.domain import Cancellation, Figures
from services.chassis.wire.times import to_timestamp


def preview(figures: Figures) -> pb.CancellationPreview:
    """Render what a cancellation would do."""
    return pb.CancellationPreview(
        show_ids=map(str, figures.show_ids),
        confirmed_bookings=figures.confirmed_bookings,
        pending_bookings=figures.pending_bookings,
        refunds=[
            pb.CancellationRefund(currency=one.currency, amount=one.amount, bookings=one.bookings)
            for one in figures.refunds
        ],
        token=figures.token,
    )


def cancellation(one: Cancellation) -> pb.ShowCancellation:
    """Render how far the cancellation of a show is."""
    status = pb.ShowCancellation.REQUESTED
    if one.cancelled_at is not None:
        status = pb.ShowCancellation.SWEEPING if one.done_at is None else pb.ShowCancellation.DONE
    return pb.ShowCancellation(
        show_id=str(one.show_id),
        status=status,
        reason=one.reason,
        cancelled_by=str(one.cancelled_by or ""),
        cancelled_at=to_timestamp(one.cancelled_at) if one.cancelled_at else None,
        done_at=to_timestamp(one.done_at) if one.done_at else None,
        cancelled_bookings=one.cancelled_bookings,
        refunded_bookings=one.refunded_bookings,
        refunding_bookings=one.refunding_bookings,
        stuck_bookings=one.stuck_bookings,
        unswept_bookings=one.unswept_bookings,
    )
