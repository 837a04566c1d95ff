"""Offers of tickets as messages."""

from boxoffice.booking.v1 import transfers_pb2 as pb

from services.booking.transfers.domain import Offer
from services.booking.transfers.look import ShownOffer, ShownTicket
from services.booking.transfers.mails import ClaimedMail
from services.chassis.wire.times import to_timestamp


def kept(offer: Offer) -> pb.TicketOffer:
    """Render what is kept of an offer under an idempotency key: which it is, and nobody's name or address."""
    return pb.TicketOffer(id=str(offer.id))


def mail(claimed: ClaimedMail) -> pb.OfferMail:
    """Render what a mail says of an offer: nothing that its maker wrote."""
    shown = claimed.shown
    return pb.OfferMail(
        offer_id=str(shown.offer.id),
        email=shown.offer.email,
        title=shown.title,
        theatre=shown.theatre,
        city=shown.city,
        start_time=to_timestamp(shown.starts_at),
        time_zone=shown.time_zone,
        seat_label=shown.seat_label,
        expires_at=to_timestamp(shown.offer.expires_at),
        asked_at=to_timestamp(shown.offer.created_at),
        attempts=claimed.mail_attempts,
        may_be_there=claimed.may_be_there,
    )


def held(ticket: ShownTicket) -> pb.HeldTicket:
    """Render a ticket for who holds it: nothing of the buyer."""
    return pb.HeldTicket(
        booking_id=str(ticket.booking_id),
        title=ticket.title,
        theatre=ticket.theatre,
        city=ticket.city,
        screen=ticket.screen,
        start_time=to_timestamp(ticket.starts_at),
        time_zone=ticket.time_zone,
        seat_label=ticket.seat_label,
        is_good=ticket.is_good,
        is_rescheduled=ticket.is_rescheduled,
    )


def render(shown: ShownOffer, *, is_maker: bool) -> pb.TicketOffer:
    """Render an offer. Nobody but who has made it is told the name; the address goes to whom it belongs as well."""
    offer = shown.offer
    return pb.TicketOffer(
        id=str(offer.id),
        ticket_id=str(offer.ticket_id),
        booking_id=str(offer.booking_id),
        show_id=str(offer.show_id),
        status=pb.TicketOffer.Status.Value(offer.state_at(shown.now)),
        recipient_name=offer.recipient_name if is_maker else "",
        email=offer.email,
        created_at=to_timestamp(offer.created_at),
        expires_at=to_timestamp(offer.expires_at),
        updated_at=to_timestamp(offer.updated_at),
        seat_label=shown.seat_label,
        kind=shown.ticket_kind,
        title=shown.title,
        theatre=shown.theatre,
        city=shown.city,
        start_time=to_timestamp(shown.starts_at),
        time_zone=shown.time_zone,
    )
