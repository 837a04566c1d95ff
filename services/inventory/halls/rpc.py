"""The methods of CatalogService that add sections, and read and write halls as files."""

import asyncio
from uuid import UUID

from boxoffice.inventory.v1 import catalog_pb2 as pb
from google.api import httpbody_pb2

from services.chassis.errors import InvalidField
from services.chassis.store.database import Database
from services.chassis.wire.incoming import Context, over_rest
from services.chassis.wire.pages import MAX_ANSWER_BYTES
from services.chassis.writes.idempotency import Once, key_of
from services.inventory.halls.document import Misread, read_hall, write_hall
from services.inventory.halls.domain import MAX_SEATS_PER_SCREEN, NewArea, NewScreen, NewSection
from services.inventory.halls.messages import render_screen, tier_of
from services.inventory.halls.pretix import read_plan, write_plan
from services.inventory.halls.screens import CreateScreen, CreateScreens, get_seat_layout
from services.inventory.halls.sections import AddSection, AddSections, section_of
from services.inventory.seats.prices import WHOLE


class HallMethods:
    """Sections and files of halls."""

    def __init__(self, db: Database) -> None:
        self._halls = db
        self._add_section: AddSections[pb.Screen] = AddSections(db)
        self._create_screen: CreateScreens[pb.Screen] = CreateScreens(db)
        self._turn = asyncio.Semaphore(1)

    async def AddSection(self, request: pb.AddSectionRequest, context: Context) -> pb.Screen:
        add = AddSection(
            UUID(request.venue_id),
            UUID(request.screen_id) if request.screen_id else None,
            _part(request),
            Once(key_of(request, "AddSection"), pb.Screen, render_screen),
        )
        return await self._add_section.alone(add)

    async def ImportHall(self, request: pb.ImportHallRequest, context: Context) -> pb.Screen:
        once = Once(key_of(request, "ImportHall"), pb.Screen, render_screen)
        return await self._create_screen.alone(CreateScreen(_read(request, request.file.encode()), once))

    async def UploadHall(self, request: pb.UploadHallRequest, context: Context) -> pb.Screen:
        # A large one takes a while, in which others are answered, and so much memory that one at a time is enough.
        async with self._turn:
            screen = await asyncio.to_thread(_read, request, request.file.data)
        return await self._create_screen.alone(CreateScreen(screen, Once(None, pb.Screen, render_screen)))

    async def ExportHall(self, request: pb.ExportHallRequest, context: Context) -> httpbody_pb2.HttpBody:
        write = write_plan if request.format == pb.ImportHallRequest.PRETIX else write_hall
        layout = await get_seat_layout(self._halls, UUID(request.screen_id), after=-1, limit=MAX_SEATS_PER_SCREEN)
        screen, rows, areas = layout
        file = httpbody_pb2.HttpBody(content_type="application/json", data=write(screen.name, rows, areas))
        if file.ByteSize() > MAX_ANSWER_BYTES and not over_rest():
            raise InvalidField(("screenId", "names a hall whose file has more than 4 MiB: ask for it over REST"))
        return file


def _part(request: pb.AddSectionRequest) -> NewSection | NewArea:
    """Return the section or the area that is to be added."""
    tier, multiplier = tier_of(request.tier), request.price_multiplier or WHOLE
    given = {"rows": request.rows, "seatsPerRow": request.seats_per_row}
    if request.capacity:
        if too_much := [(name, "must be absent where capacity is given") for name, value in given.items() if value]:
            raise InvalidField(*too_much)
        return NewArea(request.name, request.capacity, tier, multiplier)
    if missing := [
        (name, "must be 1 at least, where capacity is absent") for name, value in given.items() if not value
    ]:
        raise InvalidField(*missing)
    return section_of(request.name, request.rows, request.seats_per_row, tier, multiplier)


def _read(request: pb.ImportHallRequest | pb.UploadHallRequest, data: bytes) -> NewScreen:
    try:
        return _read_as(request, data, UUID(request.venue_id))
    except Misread as error:
        raise InvalidField(("file", str(error))) from None


def _read_as(request: pb.ImportHallRequest | pb.UploadHallRequest, data: bytes, venue_id: UUID) -> NewScreen:
    if request.format != pb.ImportHallRequest.PRETIX:
        if request.premium_categories or request.vip_categories:
            raise InvalidField(("format", "must be PRETIX where categories are named"))
        return read_hall(data, venue_id, request.name)
    tiers = dict.fromkeys(request.premium_categories, "PREMIUM")
    if twice := tiers.keys() & set(request.vip_categories):
        raise InvalidField(("vipCategories", f"has {min(twice)}, which is in premiumCategories, too"))
    return read_plan(data, venue_id, request.name, tiers | dict.fromkeys(request.vip_categories, "VIP"))
