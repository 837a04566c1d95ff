"""Tariffs as messages."""

from collections.abc import Sequence
from uuid import UUID

from boxoffice.booking.v1 import tariffs_pb2 as pb
from boxoffice.inventory.v1 import seat_pb2

from services.booking.bookings.domain import ADULT
from services.booking.pricing.domain import Fee, Payer, Per
from services.booking.tariffs.domain import KindPrice, NamedFee
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


def parse_kinds(request: pb.SetShowKindsRequest) -> list[KindPrice]:
    """Return the kinds that a request describes; raise InvalidField."""
    kinds = [
        KindPrice(
            kind=one.kind,
            tier=seat_pb2.Seat.Tier.Name(one.tier) if one.HasField("tier") else None,
            price=one.price if one.HasField("price") else None,
            basis_points=one.basis_points if one.HasField("basis_points") else None,
            at_most=one.at_most if one.HasField("at_most") else None,
        )
        for one in request.kinds
    ]
    named = set()
    for number, one in enumerate(kinds):
        if one.kind == ADULT:
            raise InvalidField((f"kinds[{number}].kind", "must be another kind: an ADULT pays the list's price"))
        if (one.price is None) == (one.basis_points is None):
            raise InvalidField((f"kinds[{number}]", "must have a price or basis points, and not both"))
        if (one.kind, one.tier) in named:
            raise InvalidField((f"kinds[{number}]", "is of the same kind and tier as one before"))
        named.add((one.kind, one.tier))
    return kinds


def render_kinds(show_id: UUID, kinds: Sequence[KindPrice]) -> pb.ShowKinds:
    """Render what kinds of tickets of a show cost."""
    return pb.ShowKinds(
        show_id=str(show_id),
        kinds=[
            pb.Kind(
                kind=one.kind,
                tier=seat_pb2.Seat.Tier.Value(one.tier) if one.tier else None,
                price=one.price,
                basis_points=one.basis_points,
                at_most=one.at_most,
            )
            for one in kinds
        ],
    )
