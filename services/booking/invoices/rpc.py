"""InvoiceService: parse, call, render."""

from uuid import UUID

from boxoffice.booking.v1 import invoices_pb2 as pb
from boxoffice.booking.v1 import invoices_pb2_grpc
from google.api import httpbody_pb2

from services.booking.bookings.rows import find_all
from services.booking.errors import BookingNotFound
from services.booking.invoices import gstr1, look, messages
from services.booking.taxes.operation import find_seller
from services.chassis.store.database import Database
from services.chassis.values.sheets import CONTENT_TYPE
from services.chassis.wire.incoming import Context


class InvoiceServicer(invoices_pb2_grpc.InvoiceServiceServicer):
    """The documents that booking issues. The contract says what each method does and when it fails."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def GetInvoice(self, request: pb.GetInvoiceRequest, context: Context) -> pb.GetInvoiceResponse:
        booking_id = UUID(request.booking_id)
        booking = (await find_all(self._db, [booking_id])).get(booking_id)
        if booking is None or (request.user_id and booking.user_id != UUID(request.user_id)):
            raise BookingNotFound()
        return messages.response(await look.documents_of(self._db, booking_id))

    async def ExportInvoices(self, request: pb.ExportInvoicesRequest, context: Context) -> httpbody_pb2.HttpBody:
        period = messages.parse_period(request)
        await find_seller(self._db, period.seller_id)
        entries = await look.entries_of(self._db, period)
        return httpbody_pb2.HttpBody(content_type=CONTENT_TYPE, data=gstr1.export(entries))
