"""The services that notifications calls: their topics, and what a mail is to say and to whom."""

from collections.abc import Sequence
from datetime import UTC
from uuid import UUID

import grpc
from boxoffice.booking.v1 import (
    booking_pb2,
    booking_pb2_grpc,
    papers_pb2,
    papers_pb2_grpc,
    transfers_pb2,
    transfers_pb2_grpc,
)
from boxoffice.events.v1 import events_pb2
from boxoffice.identity.v1 import account_mails_pb2, account_mails_pb2_grpc, identity_pb2, identity_pb2_grpc
from boxoffice.inventory.v1 import catalog_pb2, catalog_pb2_grpc

from services.chassis.errors import Code, Failure, MethodAway
from services.chassis.wire.calls import call
from services.chassis.writes.consumer import Events
from services.notifications.peers import AskedMail, Attachment, BookingInWords, OfferInWords, Recipient, ShowNow

BOOKINGS = "bookings"
"""The topic that booking publishes."""

PAGE = 500
"""Events of it that are read at once, as many as its contract allows: a page costs more than an event."""

PAPER_SECONDS = 5.0
"""How long a paper may take: those of a batch of mails are asked for one after the other, within the mails' lease."""

SHOWS = "shows"
"""The topic that inventory publishes."""

_MAIL_KINDS = {number: name for name, number in account_mails_pb2.AccountMail.Kind.items()}
"""Those that this code knows: during a roll, identity may ask for others."""


class BookingClient:
    """The booking service."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = booking_pb2_grpc.BookingServiceStub(channel)
        self._papers = papers_pb2_grpc.PaperServiceStub(channel)
        self._transfers = transfers_pb2_grpc.TransferServiceStub(channel)

    async def events(self, after: int | None) -> Events[events_pb2.BookingEvent]:
        """Return the events of the topic `bookings` behind a position, or the oldest that are kept."""
        request = booking_pb2.ListBookingEventsRequest(after=after, page_size=PAGE)
        answer = await call(self._stub.ListBookingEvents, request)
        return Events(answer.events, answer.last)

    async def in_words(self, booking_id: UUID, user_id: UUID) -> BookingInWords:
        """Return what there is to say of a user's booking."""
        request = booking_pb2.GetBookingRequest(booking_id=str(booking_id), user_id=str(user_id))
        booking = await call(self._stub.GetBooking, request)
        show, is_pending = booking.show, booking.status == booking_pb2.Booking.PENDING
        return BookingInWords(
            id=booking_id,
            number=booking.booking_number,
            title=show.title,
            venue=show.theatre,
            city=show.city,
            screen=show.screen,
            starts_at=show.start_time.ToDatetime(tzinfo=UTC),
            time_zone=show.time_zone,
            seats=tuple(booking.seat_labels),
            is_rescheduled=booking.HasField("full_refund_until"),
            is_confirmed=booking.status == booking_pb2.Booking.CONFIRMED,
            pay_until=booking.expires_at.ToDatetime(tzinfo=UTC) if is_pending else None,
        )

    async def held_in_words(self, offer_id: UUID, user_id: UUID) -> BookingInWords:
        """Return what there is to say of a ticket that a user has from somebody else."""
        request = transfers_pb2.GetHeldTicketRequest(offer_id=str(offer_id), user_id=str(user_id))
        ticket = await call(self._transfers.GetHeldTicket, request)
        return BookingInWords(
            id=UUID(ticket.booking_id),
            number="",
            title=ticket.title,
            venue=ticket.theatre,
            city=ticket.city,
            screen=ticket.screen,
            starts_at=ticket.start_time.ToDatetime(tzinfo=UTC),
            time_zone=ticket.time_zone,
            seats=(ticket.seat_label,),
            is_rescheduled=ticket.is_rescheduled,
            is_confirmed=ticket.is_good,
            pay_until=None,
        )

    async def papers(self, booking_id: UUID, user_id: UUID, language: str) -> list[Attachment]:
        """Return the tickets that a user holds of a booking, and the calendar of its show.

        Raises booking's TICKET_NOT_FOUND where there are none, TICKET_REVOKED where all were given back.
        """
        said = papers_pb2.Language.Value(language.upper())
        of = {"booking_id": str(booking_id), "user_id": str(user_id)}
        tickets = papers_pb2.RenderTicketsRequest(**of, language=said)
        calendar = papers_pb2.RenderCalendarRequest(**of, language=said)
        pdf = await call(self._papers.RenderTickets, tickets, seconds=PAPER_SECONDS)
        ics = await call(self._papers.RenderCalendar, calendar, seconds=PAPER_SECONDS)
        return [
            Attachment("tickets.pdf", "application/pdf", pdf.data),
            Attachment("show.ics", "text/calendar", ics.data),
        ]


class OfferClient:
    """The booking service, as it has mails sent that tell of offers of tickets."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = transfers_pb2_grpc.TransferServiceStub(channel)

    async def claim_mails(self, limit: int) -> list[AskedMail]:
        """Take some mails that are due. Where AUTH is off, there are none, nor has a booking of before any."""
        try:
            answer = await call(self._stub.ClaimOfferMails, transfers_pb2.ClaimOfferMailsRequest(limit=limit))
        except MethodAway:
            return []
        except Failure as failure:
            if failure.code is not Code.UNAUTHENTICATED:
                raise
            return []
        return [
            AskedMail(
                id=UUID(mail.offer_id),
                kind="OFFER",
                email=mail.email,
                name="",
                token="",
                asked_at=mail.asked_at.ToDatetime(tzinfo=UTC),
                attempts=mail.attempts,
                may_be_there=mail.may_be_there,
                offer=OfferInWords(
                    title=mail.title,
                    venue=mail.theatre,
                    city=mail.city,
                    starts_at=mail.start_time.ToDatetime(tzinfo=UTC),
                    time_zone=mail.time_zone,
                    seat=mail.seat_label,
                    expires_at=mail.expires_at.ToDatetime(tzinfo=UTC),
                ),
            )
            for mail in answer.mails
        ]

    async def finish_mail(self, mail: AskedMail, outcome: str, reason: str) -> None:
        """Say what came of an attempt."""
        request = transfers_pb2.FinishOfferMailRequest(
            offer_id=str(mail.id),
            attempts=mail.attempts,
            outcome=transfers_pb2.FinishOfferMailRequest.Outcome.Value(outcome),
        )
        await call(self._stub.FinishOfferMail, request)


class IdentityClient:
    """The identity service."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = identity_pb2_grpc.IdentityServiceStub(channel)
        self._mails = account_mails_pb2_grpc.AccountMailServiceStub(channel)

    async def recipients(self, user_ids: Sequence[UUID]) -> dict[UUID, Recipient]:
        """Return who they are to whom mails go; whoever has no account is not among them.

        Where AUTH is off, nobody is: identity tells addresses to services alone, and cannot know that this is one.
        """
        request = identity_pb2.BatchGetContactsRequest(user_ids=[str(id_) for id_ in user_ids])
        try:
            answer = await call(self._stub.BatchGetContacts, request)
        except Failure as failure:
            if failure.code is not Code.UNAUTHENTICATED:
                raise
            return {}
        return {UUID(each.user_id): Recipient(each.email, each.name, each.email_verified) for each in answer.contacts}

    async def claim_mails(self, limit: int) -> list[AskedMail]:
        """Take some mails about accounts that are due. Where AUTH is off, there are none (see `recipients`)."""
        request = account_mails_pb2.ClaimAccountMailsRequest(limit=limit)
        try:
            answer = await call(self._mails.ClaimAccountMails, request)
        except Failure as failure:
            if failure.code is not Code.UNAUTHENTICATED:
                raise
            return []
        return [
            AskedMail(
                id=UUID(mail.id),
                kind=_MAIL_KINDS.get(mail.kind, ""),
                email=mail.email,
                name=mail.name,
                token=mail.token,
                asked_at=mail.asked_at.ToDatetime(tzinfo=UTC),
                attempts=mail.attempts,
                may_be_there=mail.may_be_there,
            )
            for mail in answer.mails
        ]

    async def finish_mail(self, mail: AskedMail, outcome: str, reason: str) -> None:
        """Say what came of an attempt."""
        request = account_mails_pb2.FinishAccountMailRequest(
            id=str(mail.id),
            attempts=mail.attempts,
            outcome=account_mails_pb2.FinishAccountMailRequest.Outcome.Value(outcome),
            reason=reason,
        )
        await call(self._mails.FinishAccountMail, request)


class InventoryClient:
    """The inventory service."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = catalog_pb2_grpc.CatalogServiceStub(channel)

    async def events(self, after: int | None) -> Events[events_pb2.ShowEvent]:
        """Return the events of the topic `shows` behind a position, or the oldest that are kept."""
        answer = await call(self._stub.ListShowEvents, catalog_pb2.ListShowEventsRequest(after=after))
        return Events(answer.events, answer.last)

    async def show(self, show_id: UUID) -> ShowNow:
        """Return how a show is now. Raises inventory's SHOW_NOT_FOUND."""
        show = await call(self._stub.GetShow, catalog_pb2.GetShowRequest(show_id=str(show_id)))
        return ShowNow(
            revision=show.revision,
            starts_at=show.start_time.ToDatetime(tzinfo=UTC),
            ends_at=show.end_time.ToDatetime(tzinfo=UTC),
            screen=show.screen_name,
            is_cancelled=show.status == catalog_pb2.Show.CANCELLED,
        )
