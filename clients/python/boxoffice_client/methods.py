"""The public methods of Boxoffice, once for both clients.

Each takes the fields of its request by name and returns the message of its answer; the contracts in protos/ tell what
every field means and how a method can fail (`help(Client.create_booking)` shows it). What is not listed is the bank's
webhook, the checkout page, the page of links in mails, files of images, codes of tickets as pictures, invoices and
bookings as files for spreadsheets, halls and accounts as files, the changes of seats and of bookings as events for
browsers and public keys, which are not for programs like this one.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from datetime import datetime
from inspect import getdoc
from typing import Any, Generic, ParamSpec, Protocol, TypeVar, overload

from boxoffice.bank.v1.bank_pb2 import Session, SimulatePaymentRequest
from boxoffice.bank.v1.bank_pb2_grpc import BankServiceServicer as Bank
from boxoffice.booking.v1 import admissions_pb2 as admissions
from boxoffice.booking.v1 import booking_pb2 as booking
from boxoffice.booking.v1 import cancellations_pb2 as cancellations
from boxoffice.booking.v1 import coupon_pb2 as coupon
from boxoffice.booking.v1 import gates_pb2 as gates
from boxoffice.booking.v1 import invoices_pb2 as invoices
from boxoffice.booking.v1 import office_pb2 as office
from boxoffice.booking.v1 import tariffs_pb2 as tariffs
from boxoffice.booking.v1 import taxes_pb2 as taxes
from boxoffice.booking.v1 import tickets_pb2 as tickets
from boxoffice.booking.v1 import transfers_pb2 as transfers
from boxoffice.booking.v1.admissions_pb2_grpc import AdmissionServiceServicer as Admissions
from boxoffice.booking.v1.booking_pb2_grpc import BookingServiceServicer as Bookings
from boxoffice.booking.v1.cancellations_pb2_grpc import CancellationServiceServicer as Cancellations
from boxoffice.booking.v1.coupon_pb2_grpc import CouponServiceServicer as Coupons
from boxoffice.booking.v1.gates_pb2_grpc import GateServiceServicer as Gates
from boxoffice.booking.v1.invoices_pb2_grpc import InvoiceServiceServicer as Invoices
from boxoffice.booking.v1.office_pb2_grpc import OfficeServiceServicer as Office
from boxoffice.booking.v1.tariffs_pb2_grpc import TariffServiceServicer as Tariffs
from boxoffice.booking.v1.taxes_pb2_grpc import TaxServiceServicer as Taxes
from boxoffice.booking.v1.tickets_pb2_grpc import TicketServiceServicer as Tickets
from boxoffice.booking.v1.transfers_pb2_grpc import TransferServiceServicer as Transfers
from boxoffice.identity.v1 import account_mails_pb2 as mails
from boxoffice.identity.v1 import identity_pb2 as identity
from boxoffice.identity.v1 import organizations_pb2 as organizations
from boxoffice.identity.v1.account_mails_pb2_grpc import AccountMailServiceServicer as AccountMails
from boxoffice.identity.v1.identity_pb2_grpc import IdentityServiceServicer as Identity
from boxoffice.identity.v1.organizations_pb2_grpc import OrganizationServiceServicer as Organizations
from boxoffice.inventory.v1 import catalog_pb2 as catalog
from boxoffice.inventory.v1 import images_pb2 as images
from boxoffice.inventory.v1 import inventory_pb2 as inventory
from boxoffice.inventory.v1 import reviews_pb2 as reviews
from boxoffice.inventory.v1.catalog_pb2_grpc import CatalogServiceServicer as Catalog
from boxoffice.inventory.v1.images_pb2_grpc import ImageServiceServicer as Images
from boxoffice.inventory.v1.inventory_pb2_grpc import InventoryServiceServicer as Inventory
from boxoffice.inventory.v1.reviews_pb2_grpc import ReviewServiceServicer as Reviews
from boxoffice.notifications.v1 import notifications_pb2 as notifications
from boxoffice.notifications.v1 import preferences_pb2 as preferences
from boxoffice.notifications.v1 import webhooks_pb2 as hooks
from boxoffice.notifications.v1.notifications_pb2_grpc import NotificationServiceServicer as Notifications
from boxoffice.notifications.v1.preferences_pb2_grpc import PreferenceServiceServicer as Preferences
from boxoffice.notifications.v1.webhooks_pb2_grpc import WebhookServiceServicer as Webhooks
from boxoffice.payment.v1 import payment_pb2 as payment
from boxoffice.payment.v1.payment_pb2_grpc import PaymentServiceServicer as Payments
from google.api import annotations_pb2
from google.protobuf.message import Message

from boxoffice_client.requests_of_gates import create_gate
from boxoffice_client.requests_of_shows import create_show, shows_listed

_READS = ("Count", "Get", "List", "Preview", "Quote", "Search", "Watch")
"""How the names of methods begin that only read."""
_ASKED_AGAIN = (
    *("Refresh", "PublishEvent", "CancelShow", "CancelEvent", "ReadNotice"),
    *("RevokeGate", "UndoAdmission", "SyncScans", "DownloadDoorList"),
)
"""Methods that give the same again to whoever asks within seconds, or find done what they are to do."""

P = ParamSpec("P")
AnswerT = TypeVar("AnswerT", bound=Message)


class Caller(Protocol):
    """Who calls, and waits for the answer."""

    def _call(self, method: Method[..., AnswerT], request: Message) -> AnswerT: ...
    def _stream(self, method: Stream[..., AnswerT], request: Message) -> Generator[AnswerT, None, None]: ...


class AsyncCaller(Protocol):
    """Who calls, and has the answer awaited."""

    def _call(self, method: Method[..., AnswerT], request: Message) -> Coroutine[Any, Any, AnswerT]: ...
    def _stream(self, method: Stream[..., AnswerT], request: Message) -> AsyncGenerator[AnswerT, None]: ...


class _Rpc(Generic[P, AnswerT]):
    """A method of a service, by the name of the attribute that it is; there it is what calls it.

    `request` makes the request of its fields, `answer` is the message that comes back.
    """

    def __init__(self, service: type, request: Callable[P, Message], answer: type[AnswerT]) -> None:
        self._service = service
        self._request = request
        self.answer = answer

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name
        rpc = re.sub("(?:^|_)([a-z])", lambda match: match[1].upper(), name)
        service = self.answer.DESCRIPTOR.file.services_by_name[self._service.__name__.removesuffix("Servicer")]
        self.descriptor = service.methods_by_name[rpc]
        self.path = f"/{service.full_name}/{rpc}"
        self.takes_key = "idempotency_key" in self.descriptor.input_type.fields_by_name
        http = self.descriptor.GetOptions().Extensions[annotations_pb2.http]
        # It reads, removes or replaces, its key tells that it is the same request, or it gives the same again.
        harmless = self.descriptor.name.startswith(_READS) or self.descriptor.name in (*_ASKED_AGAIN, "ExtendHolds")
        self.repeatable = self.takes_key or http.HasField("delete") or http.HasField("put") or harmless
        self.__doc__ = getdoc(getattr(self._service, rpc))

    def _bound(self, send: Callable[[Any, Message], Any]) -> Any:
        """Return what makes the request of its fields and sends it."""

        def call(*args: P.args, **fields: P.kwargs) -> Any:
            return send(self, self._request(*args, **fields))

        call.__name__, call.__doc__ = self._name, self.__doc__
        return call


class Method(_Rpc[P, AnswerT]):
    """One with one answer."""

    @overload
    def __get__(self, client: None, owner: object) -> Method[P, AnswerT]: ...
    @overload
    def __get__(self, client: Caller, owner: object) -> Callable[P, AnswerT]: ...
    @overload
    def __get__(self, client: AsyncCaller, owner: object) -> Callable[P, Coroutine[Any, Any, AnswerT]]: ...
    def __get__(self, client: Any, owner: object) -> Any:
        return self if client is None else self._bound(client._call)


class Stream(_Rpc[P, AnswerT]):
    """One that is answered by a stream."""

    @overload
    def __get__(self, client: None, owner: object) -> Stream[P, AnswerT]: ...
    @overload
    def __get__(self, client: Caller, owner: object) -> Callable[P, Generator[AnswerT, None, None]]: ...
    @overload
    def __get__(self, client: AsyncCaller, owner: object) -> Callable[P, AsyncGenerator[AnswerT, None]]: ...
    def __get__(self, client: Any, owner: object) -> Any:
        return self if client is None else self._bound(client._stream)


def _set_tax_rule(
    *,
    tax_rule_id: str,
    country: str = "",
    currency: str = "",
    category: str,
    up_to: int | None = None,
    basis_points: int,
    sac_code: str = "",
    valid_from: datetime,
    valid_until: datetime | None = None,
) -> taxes.SetTaxRuleRequest:
    """Take times as Python has them, in UTC where they have no zone."""
    request = taxes.SetTaxRuleRequest(
        tax_rule_id=tax_rule_id,
        country=country,
        currency=currency,
        category=category,
        up_to=up_to,
        basis_points=basis_points,
        sac_code=sac_code,
    )
    request.valid_from.FromDatetime(valid_from)
    if valid_until is not None:
        request.valid_until.FromDatetime(valid_until)
    return request


class Methods:
    """What both clients can do."""

    # What is on, and where.
    create_event = Method(Catalog, catalog.CreateEventRequest, catalog.Event)
    get_event = Method(Catalog, catalog.GetEventRequest, catalog.Event)
    update_event = Method(Catalog, catalog.UpdateEventRequest, catalog.Event)
    publish_event = Method(Catalog, catalog.PublishEventRequest, catalog.Event)
    list_events = Method(Catalog, catalog.ListEventsRequest, catalog.ListEventsResponse)
    create_movie = Method(Catalog, catalog.CreateMovieRequest, catalog.Movie)
    get_movie = Method(Catalog, catalog.GetMovieRequest, catalog.Movie)
    list_movies = Method(Catalog, catalog.ListMoviesRequest, catalog.ListMoviesResponse)
    create_venue = Method(Catalog, catalog.CreateVenueRequest, catalog.Venue)
    update_venue = Method(Catalog, catalog.UpdateVenueRequest, catalog.Venue)
    get_venue = Method(Catalog, catalog.GetVenueRequest, catalog.Venue)
    list_venues = Method(Catalog, catalog.ListVenuesRequest, catalog.ListVenuesResponse)
    share_event = Method(Catalog, catalog.ShareEventRequest, catalog.Sharing)
    get_event_sharing = Method(Catalog, catalog.GetEventSharingRequest, catalog.Sharing)
    share_venue = Method(Catalog, catalog.ShareVenueRequest, catalog.Sharing)
    get_venue_sharing = Method(Catalog, catalog.GetVenueSharingRequest, catalog.Sharing)
    create_screen = Method(Catalog, catalog.CreateScreenRequest, catalog.Screen)
    get_event_seats = Method(Inventory, inventory.GetEventSeatsRequest, inventory.EventSeats)
    write_review = Method(Reviews, reviews.WriteReviewRequest, reviews.Review)
    delete_review = Method(Reviews, reviews.DeleteReviewRequest, reviews.Review)
    list_reviews = Method(Reviews, reviews.ListReviewsRequest, reviews.ListReviewsResponse)
    report_review = Method(Reviews, reviews.ReportReviewRequest, reviews.ReportReviewResponse)
    hide_review = Method(Reviews, reviews.HideReviewRequest, reviews.Review)
    upload_image = Method(Images, images.UploadImageRequest, images.Image)
    delete_image = Method(Images, images.DeleteImageRequest, images.DeleteImageResponse)
    reorder_images = Method(Images, images.ReorderImagesRequest, images.ReorderImagesResponse)
    add_section = Method(Catalog, catalog.AddSectionRequest, catalog.Screen)
    import_hall = Method(Catalog, catalog.ImportHallRequest, catalog.Screen)
    upload_hall = Method(Catalog, catalog.UploadHallRequest, catalog.Screen)
    get_seat_layout = Method(Catalog, catalog.GetSeatLayoutRequest, catalog.SeatLayout)
    create_show = Method(Catalog, create_show, catalog.Show)
    update_show = Method(Catalog, catalog.UpdateShowRequest, catalog.Show)
    reschedule_show = Method(Catalog, catalog.RescheduleShowRequest, catalog.Show)
    block_seats = Method(Inventory, inventory.BlockSeatsRequest, inventory.BlockSeatsResponse)
    unblock_seats = Method(Inventory, inventory.UnblockSeatsRequest, inventory.UnblockSeatsResponse)
    book_guests = Method(Bookings, booking.BookGuestsRequest, booking.Booking)
    create_access_code = Method(Inventory, inventory.CreateAccessCodeRequest, inventory.AccessCode)
    list_access_codes = Method(Inventory, inventory.ListAccessCodesRequest, inventory.ListAccessCodesResponse)
    revoke_access_code = Method(Inventory, inventory.RevokeAccessCodeRequest, inventory.RevokeAccessCodeResponse)
    set_show_prices = Method(Catalog, catalog.SetShowPricesRequest, catalog.ShowPrices)
    get_show = Method(Catalog, catalog.GetShowRequest, catalog.Show)
    list_shows = Method(Catalog, shows_listed, catalog.ListShowsResponse)

    # Who has which seat.
    get_seat_map = Method(Inventory, inventory.GetSeatMapRequest, inventory.SeatMap)
    list_available_seats = Method(Inventory, inventory.ListAvailableSeatsRequest, inventory.ListAvailableSeatsResponse)
    watch_seats = Stream(Inventory, inventory.WatchSeatsRequest, inventory.WatchSeatsResponse)
    hold_seats = Method(Inventory, inventory.HoldSeatsRequest, inventory.HoldSeatsResponse)
    extend_holds = Method(Inventory, inventory.ExtendHoldsRequest, inventory.ExtendHoldsResponse)
    list_holds = Method(Inventory, inventory.ListHoldsRequest, inventory.ListHoldsResponse)
    release_holds = Method(Inventory, inventory.ReleaseHoldsRequest, inventory.ReleaseHoldsResponse)

    # Bookings.
    quote_booking = Method(Bookings, booking.QuoteBookingRequest, booking.QuoteBookingResponse)
    create_booking = Method(Bookings, booking.CreateBookingRequest, booking.Booking)
    get_booking = Method(Bookings, booking.GetBookingRequest, booking.Booking)
    watch_booking = Stream(Bookings, booking.WatchBookingRequest, booking.WatchBookingResponse)
    list_bookings = Method(Bookings, booking.ListBookingsRequest, booking.ListBookingsResponse)
    list_show_bookings = Method(Bookings, booking.ListShowBookingsRequest, booking.ListShowBookingsResponse)
    cancel_booking = Method(Bookings, booking.CancelBookingRequest, booking.Booking)
    refund_booking = Method(Bookings, booking.RefundBookingRequest, booking.RefundBookingResponse)
    preview_refund = Method(Bookings, booking.PreviewRefundRequest, booking.PreviewRefundResponse)
    grant_refund = Method(Bookings, booking.GrantRefundRequest, booking.RefundBookingResponse)

    # Shows that are cancelled.
    preview_show_cancellation = Method(
        Cancellations, cancellations.PreviewShowCancellationRequest, cancellations.CancellationPreview
    )
    preview_event_cancellation = Method(
        Cancellations, cancellations.PreviewEventCancellationRequest, cancellations.CancellationPreview
    )
    cancel_event = Method(Cancellations, cancellations.CancelEventRequest, cancellations.EventCancellation)
    cancel_show = Method(Cancellations, cancellations.CancelShowRequest, cancellations.ShowCancellation)
    get_show_cancellation = Method(
        Cancellations, cancellations.GetShowCancellationRequest, cancellations.ShowCancellation
    )

    # For the office.
    search_bookings = Method(Office, office.SearchBookingsRequest, office.SearchBookingsResponse)
    list_booking_exports = Method(Office, office.ListBookingExportsRequest, office.ListBookingExportsResponse)
    get_show_sales = Method(Office, office.GetShowSalesRequest, office.Sales)
    get_event_sales = Method(Office, office.GetEventSalesRequest, office.Sales)

    # What has happened to bookings and shows.
    list_notices = Method(Notifications, notifications.ListNoticesRequest, notifications.ListNoticesResponse)
    count_unread_notices = Method(
        Notifications, notifications.CountUnreadNoticesRequest, notifications.CountUnreadNoticesResponse
    )
    read_notice = Method(Notifications, notifications.ReadNoticeRequest, notifications.Notice)
    get_preferences = Method(Preferences, preferences.GetPreferencesRequest, preferences.Preferences)
    set_preferences = Method(Preferences, preferences.SetPreferencesRequest, preferences.Preferences)
    read_all_notices = Method(Notifications, notifications.ReadAllNoticesRequest, notifications.ReadAllNoticesResponse)

    # What organizations are told, and where.
    create_webhook_endpoint = Method(Webhooks, hooks.CreateWebhookEndpointRequest, hooks.WebhookEndpointWithSecret)
    get_webhook_endpoint = Method(Webhooks, hooks.GetWebhookEndpointRequest, hooks.WebhookEndpoint)
    list_webhook_endpoints = Method(Webhooks, hooks.ListWebhookEndpointsRequest, hooks.ListWebhookEndpointsResponse)
    update_webhook_endpoint = Method(Webhooks, hooks.UpdateWebhookEndpointRequest, hooks.WebhookEndpoint)
    delete_webhook_endpoint = Method(Webhooks, hooks.DeleteWebhookEndpointRequest, hooks.DeleteWebhookEndpointResponse)
    rotate_webhook_secret = Method(Webhooks, hooks.RotateWebhookSecretRequest, hooks.WebhookEndpointWithSecret)
    enable_webhook_endpoint = Method(Webhooks, hooks.EnableWebhookEndpointRequest, hooks.WebhookEndpoint)
    disable_webhook_endpoint = Method(Webhooks, hooks.DisableWebhookEndpointRequest, hooks.WebhookEndpoint)
    list_webhook_attempts = Method(Webhooks, hooks.ListWebhookAttemptsRequest, hooks.ListWebhookAttemptsResponse)
    resend_webhook_message = Method(Webhooks, hooks.ResendWebhookMessageRequest, hooks.ResendWebhookMessageResponse)
    list_webhook_messages = Method(Webhooks, hooks.ListWebhookMessagesRequest, hooks.ListWebhookMessagesResponse)

    # Coupons.
    create_coupon = Method(Coupons, coupon.CreateCouponRequest, coupon.Coupon)
    get_coupon = Method(Coupons, coupon.GetCouponRequest, coupon.Coupon)
    list_coupons = Method(Coupons, coupon.ListCouponsRequest, coupon.ListCouponsResponse)
    update_coupon = Method(Coupons, coupon.UpdateCouponRequest, coupon.Coupon)
    deactivate_coupon = Method(Coupons, coupon.DeactivateCouponRequest, coupon.Coupon)
    validate_coupon = Method(Coupons, coupon.ValidateCouponRequest, coupon.ValidateCouponResponse)

    # Money.
    list_stuck_refunds = Method(Payments, payment.ListStuckRefundsRequest, payment.ListStuckRefundsResponse)
    redrive_refunds = Method(Payments, payment.RedriveRefundsRequest, payment.RedriveRefundsResponse)
    initiate_payment = Method(Payments, payment.InitiatePaymentRequest, payment.InitiatePaymentResponse)
    get_payment_status = Method(Payments, payment.GetPaymentStatusRequest, payment.PaymentStatus)
    simulate_payment = Method(Bank, SimulatePaymentRequest, Session)
    get_invoice = Method(Invoices, invoices.GetInvoiceRequest, invoices.GetInvoiceResponse)
    list_tickets = Method(Tickets, tickets.ListTicketsRequest, tickets.ListTicketsResponse)
    get_ticket_code = Method(Tickets, tickets.GetTicketCodeRequest, tickets.TicketCode)

    # Tickets that are given to somebody else.
    offer_ticket = Method(Transfers, transfers.OfferTicketRequest, transfers.TicketOffer)
    list_ticket_offers = Method(Transfers, transfers.ListTicketOffersRequest, transfers.ListTicketOffersResponse)
    withdraw_offer = Method(Transfers, transfers.WithdrawOfferRequest, transfers.TicketOffer)
    accept_offer = Method(Transfers, transfers.AcceptOfferRequest, transfers.TicketOffer)
    decline_offer = Method(Transfers, transfers.DeclineOfferRequest, transfers.TicketOffer)
    return_ticket = Method(Transfers, transfers.ReturnTicketRequest, transfers.TicketOffer)

    # Gates, and what they let in.
    create_gate = Method(Gates, create_gate, gates.Gate)
    list_gates = Method(Gates, gates.ListGatesRequest, gates.ListGatesResponse)
    rotate_gate = Method(Gates, gates.RotateGateRequest, gates.Gate)
    revoke_gate = Method(Gates, gates.RevokeGateRequest, gates.Gate)
    get_gate = Method(Admissions, admissions.GetGateRequest, admissions.GetGateResponse)
    check_in_ticket = Method(Admissions, admissions.CheckInTicketRequest, admissions.CheckIn)
    sync_scans = Method(Admissions, admissions.SyncScansRequest, admissions.SyncScansResponse)
    download_door_list = Stream(Admissions, admissions.DownloadDoorListRequest, admissions.DoorListPart)
    undo_admission = Method(Admissions, admissions.UndoAdmissionRequest, admissions.Scan)
    list_scans = Method(Admissions, admissions.ListScansRequest, admissions.ListScansResponse)

    # Who sells, how tickets are taxed, and what is added to them.
    set_seller = Method(Taxes, taxes.SetSellerRequest, taxes.Seller)
    list_sellers = Method(Taxes, taxes.ListSellersRequest, taxes.ListSellersResponse)
    set_tax_rule = Method(Taxes, _set_tax_rule, taxes.TaxRule)
    list_tax_rules = Method(Taxes, taxes.ListTaxRulesRequest, taxes.ListTaxRulesResponse)
    set_show_tax = Method(Taxes, taxes.SetShowTaxRequest, taxes.ShowTax)
    get_show_tax = Method(Taxes, taxes.GetShowTaxRequest, taxes.ShowTax)
    set_show_fees = Method(Tariffs, tariffs.SetShowFeesRequest, tariffs.ShowFees)
    get_show_fees = Method(Tariffs, tariffs.GetShowFeesRequest, tariffs.ShowFees)
    set_show_kinds = Method(Tariffs, tariffs.SetShowKindsRequest, tariffs.ShowKinds)
    get_show_kinds = Method(Tariffs, tariffs.GetShowKindsRequest, tariffs.ShowKinds)

    # Who somebody is.
    register = Method(Identity, identity.RegisterRequest, identity.User)
    login = Method(Identity, identity.LoginRequest, identity.Tokens)
    refresh = Method(Identity, identity.RefreshRequest, identity.Tokens)
    logout = Method(Identity, identity.LogoutRequest, identity.LogoutResponse)
    get_profile = Method(Identity, identity.GetProfileRequest, identity.User)
    update_profile = Method(Identity, identity.UpdateProfileRequest, identity.User)
    change_password = Method(Identity, identity.ChangePasswordRequest, identity.Tokens)
    delete_account = Method(Identity, identity.DeleteAccountRequest, identity.DeleteAccountResponse)
    list_users = Method(Identity, identity.ListUsersRequest, identity.ListUsersResponse)
    set_roles = Method(Identity, identity.SetRolesRequest, identity.User)
    request_email_verification = Method(
        AccountMails, mails.RequestEmailVerificationRequest, mails.RequestEmailVerificationResponse
    )
    request_email_change = Method(AccountMails, mails.RequestEmailChangeRequest, mails.RequestEmailChangeResponse)
    verify_email = Method(AccountMails, mails.VerifyEmailRequest, mails.VerifyEmailResponse)
    request_password_reset = Method(AccountMails, mails.RequestPasswordResetRequest, mails.RequestPasswordResetResponse)
    reset_password = Method(AccountMails, mails.ResetPasswordRequest, mails.ResetPasswordResponse)

    # Who makes events together.
    create_organization = Method(Organizations, organizations.CreateOrganizationRequest, organizations.Organization)
    get_organization = Method(Organizations, organizations.GetOrganizationRequest, organizations.Organization)
    list_organizations = Method(
        Organizations, organizations.ListOrganizationsRequest, organizations.ListOrganizationsResponse
    )
    update_organization = Method(Organizations, organizations.UpdateOrganizationRequest, organizations.Organization)
    add_member = Method(Organizations, organizations.AddMemberRequest, organizations.Member)
    list_members = Method(Organizations, organizations.ListMembersRequest, organizations.ListMembersResponse)
    set_member_role = Method(Organizations, organizations.SetMemberRoleRequest, organizations.Member)
    remove_member = Method(Organizations, organizations.RemoveMemberRequest, organizations.RemoveMemberResponse)
    leave_organization = Method(
        Organizations, organizations.LeaveOrganizationRequest, organizations.LeaveOrganizationResponse
    )
    set_email_verified = Method(Identity, identity.SetEmailVerifiedRequest, identity.User)
