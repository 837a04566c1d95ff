"""Tariffs as messages."""

from collections.abc import Sequence
from uuid import UUID

from boxoffice.booking.v1 import tariffs_pb2 as pb

from services.booking.pricing.domain import Fee, Payer, Per
from services.booking.tariffs.domain import NamedFee
from services.chassis.errors import InvalidField


def parse_fees(request: pb.SetShowFeesRequest) -> list[NamedFee]:
    """Return the fees that a request describes; raise InvalidField."""
    for number, fee in enumerate(request.fees):
        if not (fee.amount or fee.basis_points):
            raise InvalidField((f"fees[{number}]", "must have an amount or basis points, or both"))
    return [
        NamedFee(
            fee.name,
            Fee(
                per=Per(pb.Fee.Per.Name(fee.per)),
                amount=fee.amount,
                basis_points=fee.basis_points,
                payer=Payer(pb.Fee.Payer.Name(fee.payer)) if fee.payer else Payer.BUYER,
                refundable=fee.refundable,
            ),
        )
        for fee in request.fees
    ]


def render_fees(show_id: UUID, fees: Sequence[NamedFee]) -> pb.ShowFees:
    """Render the fees of a show."""
    return pb.ShowFees(
        show_id=str(show_id),
        fees=[
            pb.Fee(
                name=named.name,
                per=pb.Fee.Per.Value(named.fee.per),
                amount=named.fee.amount,
                basis_points=named.fee.basis_points,
                payer=pb.Fee.Payer.Value(named.fee.payer),
                refundable=named.fee.refundable,
            )
            for named in fees
        ],
    )
