"""What is read of places of areas while their shows are locked.

A batch reads as many free places of an area as its commands may take, all together, and no more.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from services.chassis.store.database import Transaction
from services.chassis.store.rows import Row, read
from services.chassis.writes.operation import Rows
from services.inventory.seats import area_statements as sql
from services.inventory.seats.commands import SeatCommand
from services.inventory.seats.domain import LockedShow, Seat
from services.inventory.seats.places import FreePlaces

Batch = Sequence[SeatCommand[Any]]


def reads(batch: Batch) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return the statements that read what commands need that are about areas: none where no command is."""
    if not any(command.areas for command in batch):
        return {}
    most = _most(batch)
    asked = dict.fromkeys((command.show_id, one.area_id) for command in batch for one in command.areas)
    blocked = dict.fromkeys(
        (command.show_id, one.area_id, command.access_code, command.blocks_for)
        for command in batch
        if command.takes_blocked
        for one in command.areas
    )
    return {
        "free_places": (sql.FREE_PLACES, _named(asked, most)),
        "blocked_places": (
            sql.BLOCKED_PLACES,
            {
                "show_id": [show for show, _, _, _ in blocked],
                "area_id": [area for _, area, _, _ in blocked],
                "code": [code for _, _, code, _ in blocked],
                "reason": [reason for _, _, _, reason in blocked],
                "most": [most[show] for show, _, _, _ in blocked],
            }
            if blocked
            else {},
        ),
    }


def load(shows: Mapping[UUID, LockedShow], rows: Rows) -> None:
    """Put areas and their places to their shows."""
    _load_areas(shows, rows.get("free_places", ()))
    _load_places(shows, rows.get("blocked_places", ()))


async def read_for_late(tx: Transaction, shows: Mapping[UUID, LockedShow], batch: Batch, now: datetime) -> None:
    """Read free places for lapsed claims that may be revived: others may have those that were theirs.

    What the batch has read of these areas before is not enough then, and is read again.
    """
    lost: Counter[tuple[UUID, UUID]] = Counter()
    for command in batch:
        show = shows.get(command.show_id)
        if not command.may_revive or show is None or command.booking_id is None:
            continue
        claim = show.reservations.get(command.booking_id)
        if claim is not None and not claim.is_alive(now):
            places = (show.seats[id_].area_id for id_ in claim.seat_ids)
            lost.update((show.id, area_id) for area_id in places if area_id is not None)
    if lost:
        most = _most(batch)
        for (show_id, _), count in lost.items():
            most[show_id] += count
        _load_areas(shows, await tx.fetch(sql.FREE_PLACES, _named(lost, most)))


def _most(batch: Batch) -> Counter[UUID]:
    """Return how many places of an area the commands of each show may take: of one area, or by their names."""
    most: Counter[UUID] = Counter()
    for command in batch:
        most[command.show_id] += len(command.seat_ids) + sum(one.quantity for one in command.areas)
    return most


def _named(areas: Mapping[tuple[UUID, UUID], Any], most: Mapping[UUID, int]) -> dict[str, Any]:
    return {
        "show_id": [show_id for show_id, _ in areas],
        "area_id": [area_id for _, area_id in areas],
        "most": [most[show_id] for show_id, _ in areas],
    }


def _load_areas(shows: Mapping[UUID, LockedShow], rows: Sequence[Row]) -> None:
    for row in rows:
        show = shows.get(row.show_id)
        if show is not None and row.of_area not in show.areas and row.capacity is not None:
            show.areas[row.of_area] = FreePlaces(row.capacity)
    _load_places(shows, [row for row in rows if row.id is not None])


def _load_places(shows: Mapping[UUID, LockedShow], rows: Sequence[Row]) -> None:
    for row, seat in zip(rows, read(Seat, rows), strict=True):
        if (show := shows.get(row.show_id)) is not None:
            show.load([seat])
            show.areas[row.of_area].moved(seat.id, is_free=True)
