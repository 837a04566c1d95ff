"""The services, called as the Python client calls them: with the visitor's own token, and for the visitor's address."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextvars import ContextVar
from typing import Any, cast

import grpc
from boxoffice.booking.v1 import office_pb2, papers_pb2, tickets_pb2
from boxoffice.inventory.v1 import images_pb2
from google.api.httpbody_pb2 import HttpBody
from google.protobuf.message import Message

from boxoffice_client import AsyncClient, Options, errors
from boxoffice_client.calls import Call
from services.chassis.wire.calls import channel
from web.languages import language
from web.settings import Settings

address: ContextVar[str] = ContextVar("address", default="")
"""Where the visitor comes from whose request is answered, as the gateway says."""

CALL_SECONDS = 4.0
"""How long the calls of one service may take for a page: less than the gateway waits for the page."""


class Channels:
    """Channels to the services; a method is called at the service that its path names.

    It is what the Python client takes for its channel.
    """

    def __init__(self, channels: Mapping[str, Any]) -> None:
        """`channels` are by the second word of the contracts' packages, such as `inventory`."""
        self._channels = channels

    def unary_unary(self, path: str, **codecs: Any) -> Callable[..., Any]:
        """Return what calls a method."""
        send = self._channels[path.split(".")[1]].unary_unary(path, **codecs)

        def call(request: Any, *, timeout: float, metadata: tuple[tuple[str, str], ...]) -> Any:
            visitor = (("x-client-address", address.get()), ("accept-language", language()))
            return send(request, timeout=timeout, metadata=(*metadata, *visitor))

        return call

    def unary_stream(self, path: str, **codecs: Any) -> Callable[..., Any]:
        """Return what calls a method that answers with a stream, which lasts as long as its service lets it."""
        send = self._channels[path.split(".")[1]].unary_stream(path, **codecs)

        def call(request: Any, *, metadata: tuple[tuple[str, str], ...]) -> Any:
            return send(request, metadata=(*metadata, ("x-client-address", address.get())))

        return call

    async def close(self) -> None:
        """Close all of them."""
        for each in self._channels.values():
            await each.close()


class Services(AsyncClient):
    """The services, for one visitor after the other: `with_options(token=…)` is who calls."""

    def __init__(self, channels: Channels) -> None:
        super(AsyncClient, self).__init__(channels, Options(timeout_seconds=CALL_SECONDS, attempts=2))

    async def draw_ticket(self, *, ticket_id: str, user_id: str) -> HttpBody:
        """Return the code of a ticket as a drawing (SVG)."""
        svg = tickets_pb2.RenderTicketCodeRequest.SVG
        request = tickets_pb2.RenderTicketCodeRequest(ticket_id=ticket_id, user_id=user_id, format=svg)
        return await self._file("TicketService/RenderTicketCode", request)

    async def tickets_of(self, *, booking_id: str, user_id: str) -> HttpBody:
        """Return the tickets of a booking as a document (PDF)."""
        request = papers_pb2.RenderTicketsRequest(booking_id=booking_id, user_id=user_id)
        return await self._file("PaperService/RenderTickets", request)

    async def calendar_of(self, *, booking_id: str, user_id: str) -> HttpBody:
        """Return the show of a booking as an entry for calendars (iCalendar)."""
        request = papers_pb2.RenderCalendarRequest(booking_id=booking_id, user_id=user_id)
        return await self._file("PaperService/RenderCalendar", request)

    async def invoice_of(self, *, booking_id: str, user_id: str) -> HttpBody:
        """Return the invoice of a booking as a document (PDF)."""
        request = papers_pb2.RenderInvoiceRequest(booking_id=booking_id, user_id=user_id)
        return await self._file("PaperService/RenderInvoice", request)

    async def picture(self, *, name: str) -> HttpBody:
        """Return a file of an image, by its name."""
        return await self._file("ImageService/GetImageFile", images_pb2.GetImageFileRequest(name=name), "inventory")

    async def bookings_of(self, *, show_id: str) -> AsyncGenerator[bytes, None]:
        """Return the bookings of a show as a file (CSV), piece by piece; its last line says how many."""
        request = office_pb2.ExportBookingsRequest(show_id=show_id)
        export = self._channel.unary_stream(
            "/boxoffice.booking.v1.OfficeService/ExportBookings",
            request_serializer=type(request).SerializeToString,
            response_deserializer=HttpBody.FromString,
        )
        call = Call(self._options, repeatable=False)
        pieces = export(request, metadata=call.metadata)
        try:
            async for piece in pieces:
                yield piece.data
        except grpc.aio.AioRpcError as error:
            raise errors.read(error, call.request_id) from error
        finally:
            pieces.cancel()

    async def _file(self, method: str, request: Message, service: str = "booking") -> HttpBody:
        """Call a method of a service that answers with a file; these are not among the client's own methods."""
        render = self._channel.unary_unary(
            f"/boxoffice.{service}.v1.{method}",
            request_serializer=type(request).SerializeToString,
            response_deserializer=HttpBody.FromString,
        )
        call = Call(self._options, repeatable=True)
        try:
            return cast(HttpBody, await render(request, timeout=call.seconds_left, metadata=call.metadata))
        except grpc.aio.AioRpcError as error:
            raise errors.read(error, call.request_id) from error


def connect(settings: Settings) -> Services:
    """Open channels to the services that the shop calls."""
    places = {
        "inventory": settings.inventory_address,
        "booking": settings.booking_address,
        "payment": settings.payment_address,
        "identity": settings.identity_address,
        "notifications": settings.notifications_address,
    }
    return Services(Channels({name: channel(place, name) for name, place in places.items()}))
