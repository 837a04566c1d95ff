"""Places of areas, which have neither rows nor numbers: how many are wanted, and which can be taken."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from services.chassis.errors import InvalidField


@dataclass(frozen=True, slots=True)
class AreaPlaces:
    """So many places of an area."""

    area_id: UUID
    quantity: int


@dataclass(slots=True)
class FreePlaces:
    """The places of an area that nobody has, as many as the commands of a batch may take, in the order of taking.

    A claim on one of them that lapsed is none. Some may be blocked. Those that come free in the batch are behind.
    """

    capacity: int
    ids: dict[UUID, None] = field(default_factory=dict)

    def moved(self, seat_id: UUID, *, is_free: bool) -> None:
        """Note that a place was taken, or given back."""
        if is_free:
            self.ids.setdefault(seat_id)
        else:
            self.ids.pop(seat_id, None)


def check_areas(areas: Sequence[AreaPlaces], field: str, seats: int, most: int) -> None:
    """Raise InvalidField where an area is named twice, nothing is named, or more than `most` with so many seats."""
    first = {wanted.area_id: index for index, wanted in reversed(list(enumerate(areas)))}
    twice = [index for index, wanted in enumerate(areas) if first[wanted.area_id] != index]
    if twice:
        raise InvalidField(*((f"{field}[{index}].areaId", "is named twice: say how many in all") for index in twice))
    if not areas and not seats:
        raise InvalidField((field.replace("areas", "showSeatIds"), "must name a seat, or areas how many places"))
    if seats + sum(wanted.quantity for wanted in areas) > most:
        raise InvalidField((field, f"must be {most} places in all at most, with the seats that are named"))
