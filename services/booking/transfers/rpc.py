"""TransferService: parse, call, render. Other services are asked before a transaction begins, never in one."""

from uuid import UUID

from boxoffice.booking.v1 import transfers_pb2 as pb
from boxoffice.booking.v1 import transfers_pb2_grpc

from services.booking.clients import InventoryClient
from services.booking.people import IdentityClient
from services.booking.transfers import mails, messages
from services.booking.transfers.domain import OfferState, Recipient, check_is_for
from services.booking.transfers.look import held_by, made_by, made_to, offer_of
from services.booking.transfers.operation import MoveOffer, MoveOffers, OfferTicket, OfferTickets
from services.chassis.errors import InvalidField
from services.chassis.ids import new_id
from services.chassis.store.database import Database
from services.chassis.values import emails
from services.chassis.wire import pages
from services.chassis.wire.incoming import Context
from services.chassis.writes.idempotency import Once, key_of


class TransferServicer(transfers_pb2_grpc.TransferServiceServicer):
    """Transfers. The contract says what each method does and when it fails."""

    def __init__(
        self, db: Database, inventory: InventoryClient, people: IdentityClient, offer: OfferTickets, move: MoveOffers
    ) -> None:
        self._db = db
        self._inventory = inventory
        self._people = people
        self._offer = offer
        self._move = move

    async def OfferTicket(self, request: pb.OfferTicketRequest, context: Context) -> pb.TicketOffer:
        user_id = UUID(request.user_id)
        try:
            email = emails.normalised(request.email)
        except ValueError:
            raise InvalidField(("email", "must be an e-mail address, such as alice@example.com")) from None
        once = Once(key_of(request, "OfferTicket", user_id), pb.TicketOffer, messages.kept)
        wish = OfferTicket(
            id=new_id(),
            ticket_id=UUID(request.ticket_id),
            user_id=user_id,
            email=email,
            recipient_name=request.recipient_name,
            once=once,
        )
        made = await self._offer.alone(wish)
        return messages.render(await offer_of(self._db, UUID(made.id)), is_maker=True)

    async def ListTicketOffers(
        self, request: pb.ListTicketOffersRequest, context: Context
    ) -> pb.ListTicketOffersResponse:
        page, user_id = pages.PageRequest(request, pages.BY_ID), UUID(request.user_id)
        booking_id = UUID(request.booking_id) if request.booking_id else None
        is_maker = request.side != request.RECEIVED
        if is_maker:
            found = await made_by(self._db, user_id, booking_id, after=page.after, limit=page.limit)
        else:
            who = await self._recipient(user_id)
            email = who.email if who.email and who.is_verified else ""
            found = await made_to(self._db, user_id, email, booking_id, after=page.after, limit=page.limit)
        offers, token = page.render(
            found, lambda shown: shown.offer.id, lambda shown: messages.render(shown, is_maker=is_maker)
        )
        return pb.ListTicketOffersResponse(offers=offers, next_page_token=token)

    async def WithdrawOffer(self, request: pb.WithdrawOfferRequest, context: Context) -> pb.TicketOffer:
        return await self._moved(request, OfferState.WITHDRAWN, _by(request))

    async def AcceptOffer(self, request: pb.AcceptOfferRequest, context: Context) -> pb.TicketOffer:
        shown = await offer_of(self._db, UUID(request.offer_id))
        who = await self._recipient(UUID(request.user_id))
        offer = check_is_for(shown.offer, who)  # first, as inventory counts all claims of the show to answer
        limit = await self._inventory.seat_limit(offer.show_id)
        return await self._moved(request, OfferState.ACCEPTED, who, limit)

    async def DeclineOffer(self, request: pb.DeclineOfferRequest, context: Context) -> pb.TicketOffer:
        return await self._moved(request, OfferState.DECLINED, await self._recipient(UUID(request.user_id)))

    async def ReturnTicket(self, request: pb.ReturnTicketRequest, context: Context) -> pb.TicketOffer:
        return await self._moved(request, OfferState.RETURNED, _by(request))

    async def GetHeldTicket(self, request: pb.GetHeldTicketRequest, context: Context) -> pb.HeldTicket:
        return messages.held(await held_by(self._db, UUID(request.user_id), UUID(request.offer_id)))

    async def ClaimOfferMails(self, request: pb.ClaimOfferMailsRequest, context: Context) -> pb.ClaimOfferMailsResponse:
        return pb.ClaimOfferMailsResponse(mails=map(messages.mail, await mails.claim(self._db, request.limit)))

    async def FinishOfferMail(self, request: pb.FinishOfferMailRequest, context: Context) -> pb.FinishOfferMailResponse:
        outcome = pb.FinishOfferMailRequest.Outcome.Name(request.outcome)
        await mails.finish(self._db, UUID(request.offer_id), request.attempts, outcome)
        return pb.FinishOfferMailResponse()

    async def _moved(
        self,
        request: pb.WithdrawOfferRequest | pb.AcceptOfferRequest | pb.DeclineOfferRequest | pb.ReturnTicketRequest,
        to: OfferState,
        who: Recipient,
        limit: int = 0,
    ) -> pb.TicketOffer:
        offer = await self._move.alone(MoveOffer(UUID(request.offer_id), to, who, limit))
        return messages.render(await offer_of(self._db, offer.id), is_maker=to == OfferState.WITHDRAWN)

    async def _recipient(self, user_id: UUID) -> Recipient:
        """Return who a user is, as identity knows them. Where nobody is asked who calls, nobody's address is known."""
        if not self._people.knows:
            return Recipient(user_id, None, False)
        contact = (await self._people.contacts([user_id])).get(user_id)
        return Recipient(user_id, contact.email if contact else "", contact is not None and contact.is_verified)


def _by(request: pb.WithdrawOfferRequest | pb.ReturnTicketRequest) -> Recipient:
    """Return who asks for what takes no address."""
    return Recipient(UUID(request.user_id), None, False)
