"""Calendars of bookings: two readers place them at the same instant, and know a later state of them as one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import icalendar
import vobject
from boxoffice.booking.v1 import booking_pb2, papers_pb2_grpc
from boxoffice.booking.v1 import papers_pb2 as pb

from services.booking.papers.calendars import calendar
from services.booking.papers.look import held
from tests.booking.house import ANN, House
from tests.booking.test_papers import HINDI, MARKUP, UNSEEN, papers, workshop
from tests.booking.test_tickets import refund
from tests.cases import all_cases

__all__ = ["papers", "workshop"]

TIMES = [
    (zone, datetime(2027, month, 14, 19, 30, tzinfo=ZoneInfo(zone)))
    for zone in ("Asia/Kolkata", "Europe/Berlin", "America/New_York")
    for month in (1, 7)
]
"""An evening in winter and one in summer."""


def by_icalendar(file: bytes) -> dict[str, Any]:
    """Return what the library reads that writes calendars as well."""
    [event] = icalendar.Calendar.from_ical(file).walk("VEVENT")
    return {
        "uid": str(event["UID"]),
        "sequence": int(event["SEQUENCE"]),
        "status": str(event["STATUS"]),
        "summary": str(event["SUMMARY"]),
        "begins": event["DTSTART"].dt,
        "ends": event["DTEND"].dt if "DTEND" in event else None,
    }


def by_vobject(file: bytes) -> dict[str, Any]:
    """Return what another library reads."""
    event = vobject.readOne(file.decode()).vevent
    return {
        "uid": event.uid.value,
        "sequence": int(event.sequence.value),
        "status": event.status.value,
        "summary": event.summary.value,
        "begins": event.dtstart.value,
        "ends": event.dtend.value if hasattr(event, "dtend") else None,
    }


def read(file: bytes) -> dict[str, Any]:
    """Return what both readers read, which is the same."""
    first, second = by_icalendar(file), by_vobject(file)
    assert first == second
    return first


async def rendered(papers: papers_pb2_grpc.PaperServiceStub, booking: booking_pb2.Booking) -> Any:
    call = papers.RenderCalendar(pb.RenderCalendarRequest(booking_id=booking.id, user_id=str(ANN)))
    return await call, dict(await call.initial_metadata())


async def test_two_readers_place_a_show_at_the_same_instant_in_summer_and_in_winter(
    house: House, papers: papers_pb2_grpc.PaperServiceStub
) -> None:
    made = await house.confirmed(ANN, 0)
    body, head = await rendered(papers, made)
    assert body.content_type.startswith("text/calendar") and head["cache-control"] == "private, no-store"
    assert head["content-disposition"] == f'attachment; filename="booking-{made.booking_number}.ics"'
    told = read(body.data)
    starts_at = made.show.start_time.ToDatetime(UTC)
    assert abs(told["begins"] - starts_at) < timedelta(seconds=1)
    assert told["ends"] - told["begins"] == timedelta(minutes=120), "inventory tells how long it takes"
    found = await held(house.db, UUID(made.id), ANN)
    tickets = [ticket for ticket, _ in found.tickets]
    with all_cases() as case:
        for zone, starts_at in TIMES:
            with case(f"{zone} {starts_at:%B}"):
                show = replace(found.booking.show, starts_at=starts_at.astimezone(UTC), time_zone=zone)
                file = calendar(replace(found.booking, show=show), tickets, timedelta(minutes=90), "en")
                told = read(file)
                assert told["begins"] == starts_at and told["ends"] == starts_at + timedelta(minutes=90)
                assert f"19:30 ({zone})" in file.decode().replace("\r\n ", "")
        for text in (HINDI * 4, f"A{UNSEEN}B", "a, b; c: d\\n \\, END:VEVENT", MARKUP):
            with case(text):
                show = replace(found.booking.show, title=text)
                file = calendar(replace(found.booking, show=show), tickets, None, "hi")
                assert read(file)["summary"] == ("A B" if UNSEEN in text else text)
                assert max(map(len, file.split(b"\r\n"))) <= 75 and file.count(b"BEGIN:VEVENT") == 1


async def test_a_later_state_is_the_same_event_with_a_higher_sequence(
    house: House, papers: papers_pb2_grpc.PaperServiceStub
) -> None:
    made = await house.confirmed(ANN, 0, 1)
    files = [(await rendered(papers, made))[0].data]
    assert (await rendered(papers, made))[0].data == files[0]
    await refund(house, made, 0)
    files.append((await rendered(papers, made))[0].data)
    found = await held(house.db, UUID(made.id), ANN)
    show = replace(found.booking.show, show_revision=found.booking.show.show_revision + 1)
    files.append(calendar(replace(found.booking, show=show), [it for it, _ in found.tickets], None, "en"))
    await refund(house, made, 1)
    files.append((await rendered(papers, made))[0].data)
    told = [read(file) for file in files]
    assert len({it["uid"] for it in told}) == 1
    assert [it["status"] for it in told] == ["CONFIRMED", "CONFIRMED", "CONFIRMED", "CANCELLED"]
    first, second, moved, cancelled = (it["sequence"] for it in told)
    assert first == second < cancelled < moved
