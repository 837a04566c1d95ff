"""Halls as messages: a screen to create is parsed, a layout rendered."""

from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID

from boxoffice.inventory.v1 import catalog_pb2 as pb
from boxoffice.inventory.v1.seat_pb2 import Seat

from services.inventory.halls import domain
from services.inventory.seats.messages import TIERS, shown_features, shown_label
from services.inventory.seats.prices import WHOLE


def parse_screen(request: pb.CreateScreenRequest) -> domain.NewScreen:
    """Parse a screen to create, and check its layout."""
    screen = domain.NewScreen(
        UUID(request.venue_id), request.name, list(map(_section, request.sections)), list(map(_area, request.areas))
    )
    domain.check_layout(screen)
    return screen


def _section(section: pb.CreateScreenRequest.Section) -> domain.NewSection:
    rows = [
        domain.NewRow(row.label, row.seat_count, Seat.Tier.Name(row.tier), list(map(_seat, row.seats)))
        for row in section.rows
    ]
    return domain.NewSection(section.name, rows, section.price_multiplier or WHOLE)


def _area(area: pb.CreateScreenRequest.Area) -> domain.NewArea:
    return domain.NewArea(area.name, area.capacity, tier_of(area.tier), area.price_multiplier or WHOLE)


def tier_of(tier: Seat.Tier.ValueType) -> str:
    """Return a tier that a request names; REGULAR where it names none."""
    return Seat.Tier.Name(tier or Seat.REGULAR)


def _seat(seat: pb.CreateScreenRequest.NewSeat) -> domain.NewSeat:
    return domain.NewSeat(
        label=seat.label,
        x=seat.x if seat.HasField("x") else None,
        y=seat.y if seat.HasField("y") else None,
        features=[Seat.Feature.Name(feature) for feature in seat.features],
        companion_of=seat.companion_of,
        tier=Seat.Tier.Name(seat.tier) if seat.tier else "",
    )


def render_screen(screen: domain.Screen) -> pb.Screen:
    """Render a screen."""
    return pb.Screen(id=str(screen.id), venue_id=str(screen.venue_id), name=screen.name, seat_count=screen.seat_count)


def render_layout(
    screen: domain.Screen, rows: Sequence[domain.SeatRow], areas: Sequence[domain.LaidOutArea]
) -> pb.SeatLayout:
    """Render some rows of a screen's seat layout, or all, and its areas."""
    return pb.SeatLayout(
        screen_id=str(screen.id),
        seat_count=screen.seat_count,
        rows=(
            pb.SeatLayout.Row(
                section=row.section, row=row.row, seats=_seats(row), price_multiplier=row.price_multiplier
            )
            for row in rows
        ),
        areas=(
            pb.SeatLayout.Area(
                id=str(area.id),
                name=area.name,
                tier=TIERS[area.tier],
                capacity=area.capacity,
                price_multiplier=area.price_multiplier,
            )
            for area in areas
        ),
    )


def _seats(row: domain.SeatRow) -> Iterator[Seat]:
    seats: Iterable[tuple[str, int, str, str | None, int | None, int | None, str | None, str | None]] = zip(
        *(row.seat_ids, row.numbers, row.tiers, row.labels, row.xs, row.ys, row.features, row.companions_of),
        strict=True,
    )
    for id_, number, tier, label, x, y, features, companion_of in seats:
        yield Seat(
            id=id_,
            section=row.section,
            row=row.row,
            number=number,
            tier=TIERS[tier],
            label=shown_label(label, number),
            x=x,
            y=y,
            features=shown_features(features.split(",") if features else None),
            companion_of=companion_of,
        )
