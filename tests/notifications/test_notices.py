"""Notices: one for each fact, in order, whichever topic is read first; listed, read, and removed."""

import asyncio
import json
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from boxoffice.events.v1 import events_pb2
from boxoffice.notifications.v1 import notifications_pb2 as pb

from services.chassis.wire import records
from services.notifications.facts import shows
from services.notifications.facts.bookings import tell_of_bookings
from services.notifications.notices import operation
from tests.databases import move_clock
from tests.identity.house import refused
from tests.notifications.topics import START, WINDOW, BookingEvent, ShowEvent, Topics, at
from tests.patience import eventually

SHOW = uuid4()


async def test_each_fact_of_a_booking_is_a_notice_in_its_order(topics: Topics) -> None:
    one = topics.book(SHOW, 0, BookingEvent.EXPIRED, BookingEvent.CONFIRMED)
    topics.tell(one, BookingEvent.PARTLY_REFUNDED, 3, refund_amount=20_000)
    topics.tell(one, BookingEvent.REFUND_UNDONE, 4)
    topics.tell(one, BookingEvent.REFUNDED, 5, refund_amount=59_000)
    other = topics.book(SHOW, 1, BookingEvent.CANCELLED)
    await topics.read_bookings(size=2)
    assert await topics.kinds(one.user_id) == ["EXPIRED", "CONFIRMED", "PARTLY_REFUNDED", "REFUNDED"]
    assert await topics.kinds(other.user_id) == ["CANCELLED"]
    found = await topics.notices(one.user_id)
    assert [(notice.amount, notice.currency) for notice in found] == [
        *((0, ""), (59_000, "INR")),
        *((20_000, "INR"), (59_000, "INR")),
    ]
    assert {(notice.booking_id, notice.show_id) for notice in found} == {(str(one.id), str(SHOW))}
    assert found[-1].happened_at.ToDatetime(tzinfo=at(0).tzinfo) == at(5)


async def test_a_topic_that_is_read_again_tells_nobody_twice(topics: Topics) -> None:
    one = topics.book(SHOW, 0, BookingEvent.CONFIRMED)
    held, void = topics.pass_on(one, 1), topics.pass_on(one, 1, ends=BookingEvent.TICKET_REVOKED)
    topics.tell_of_show(SHOW, ShowEvent.RESCHEDULED, 10)
    for _ in range(2):
        await topics.read_bookings()
        await topics.read_shows()
        await topics.tell_bookings()
        told = ["CONFIRMED", "TICKET_TRANSFERRED", "TICKET_TRANSFERRED", "SHOW_RESCHEDULED"]
        assert await topics.kinds(one.user_id) == told
        assert await topics.kinds(held.user_id) == ["SHOW_RESCHEDULED"]
        assert await topics.kinds(void.user_id) == ["TICKET_REVOKED"]
        await topics.db.execute("DELETE FROM topic_progress")
        await topics.db.execute("UPDATE show_facts SET told_at = NULL, told_to = NULL")


@pytest.mark.parametrize("first", ["bookings", "shows", "shows and all told"])
async def test_who_has_a_ticket_from_before_is_told_of_the_show_whichever_topic_comes_first(
    topics: Topics, first: str
) -> None:
    before = topics.book(SHOW, 0, BookingEvent.CONFIRMED)
    late = topics.book(SHOW, 0, BookingEvent.EXPIRED)
    topics.tell(late, BookingEvent.CONFIRMED, 60)
    after = topics.book(SHOW, 20, BookingEvent.CONFIRMED)
    elsewhere = topics.book(uuid4(), 0, BookingEvent.CONFIRMED)
    unpaid, returned = topics.book(SHOW, 0), topics.book(SHOW, 0, BookingEvent.CONFIRMED, BookingEvent.REFUNDED)
    held, held_since = topics.pass_on(after, 5), topics.pass_on(before, 20)
    given_back = topics.pass_on(before, 5, ends=BookingEvent.TICKET_RETURNED)
    void = topics.pass_on(before, 5, ends=BookingEvent.TICKET_REVOKED)
    topics.tell_of_show(SHOW, ShowEvent.UPDATED, 9, version=6)
    topics.tell_of_show(SHOW, ShowEvent.RESCHEDULED, 10, version=7)
    reads = [topics.read_bookings, topics.read_shows]
    for read in reads if first == "bookings" else reversed(reads):
        await read()
        if first == "shows and all told":
            await topics.tell_bookings()
    await topics.tell_bookings()
    told = {"SHOW_RESCHEDULED"}
    assert told & set(await topics.kinds(before.user_id)) == told & set(await topics.kinds(late.user_id)) == told
    for booked in (after, elsewhere, unpaid, returned, held_since, given_back, void):
        assert not told & set(await topics.kinds(booked.user_id))
    [notice] = [each for each in await topics.notices(before.user_id) if each.kind == pb.Notice.SHOW_RESCHEDULED]
    assert notice.starts_at.ToDatetime(tzinfo=START.tzinfo) == START + timedelta(hours=7)
    # Whoever holds a ticket of somebody else's is told as its buyer is, and of nothing else of the booking.
    [notice] = await topics.notices(held.user_id)
    assert (notice.kind, notice.offer_id, notice.booking_id) == (pb.Notice.SHOW_RESCHEDULED, str(held.id), "")
    [notice] = await topics.notices(void.user_id)
    assert (notice.kind, notice.offer_id, notice.currency) == (pb.Notice.TICKET_REVOKED, str(void.id), "")
    assert await topics.kinds(held_since.user_id) == await topics.kinds(given_back.user_id) == []


async def test_all_bookings_of_a_show_are_told_in_batches_by_any_replica_each_once_and_in_order(
    topics: Topics,
) -> None:
    booked = [topics.book(SHOW, 0, BookingEvent.CONFIRMED) for _ in range(7)]
    topics.tell_of_show(SHOW, ShowEvent.RESCHEDULED, 10, version=3)
    topics.tell_of_show(SHOW, ShowEvent.CANCELLED, 11, version=4)
    await topics.read_bookings()
    await topics.read_shows()
    await asyncio.gather(*(topics.tell_bookings(limit=2) for _ in range(3)))
    await topics.tell_bookings(limit=2)
    for one in booked:
        assert await topics.kinds(one.user_id) == ["CONFIRMED", "SHOW_RESCHEDULED", "SHOW_CANCELLED"]
    assert await shows.tell_bookings(topics.db) == 0


async def test_a_booking_that_is_being_written_while_a_fact_of_its_show_comes_is_told_of_it(topics: Topics) -> None:
    one = topics.book(SHOW, 0, BookingEvent.CONFIRMED)
    topics.tell_of_show(SHOW, ShowEvent.RESCHEDULED, 10)
    async with topics.db.transaction() as tx:
        await tell_of_bookings(tx, topics.bookings, reminded=WINDOW)
        await tx.fetch("SELECT 1")
        reading = asyncio.create_task(topics.read_shows())
        waits = "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        await eventually(lambda: topics.db.fetch(waits))
    await reading
    await topics.tell_bookings()
    assert await topics.kinds(one.user_id) == ["CONFIRMED", "SHOW_RESCHEDULED"]


async def test_a_kind_that_is_new_is_passed_over(topics: Topics) -> None:
    one = topics.book(SHOW, 0, BookingEvent.CONFIRMED)
    topics.bookings.append(events_pb2.BookingEvent(position=len(topics.bookings) + 1))
    topics.bookings[-1].MergeFromString(b"\x10\x63")
    topics.tell(one, BookingEvent.REFUNDED, 3, refund_amount=1)
    await topics.read_bookings()
    assert await topics.kinds(one.user_id) == ["CONFIRMED", "REFUNDED"]


async def told(topics: Topics, count: int) -> UUID:
    """Return a user who has so many notices."""
    user_id = uuid4()
    for number in range(count):
        topics.book(SHOW, number, BookingEvent.EXPIRED, user_id=user_id)
    await topics.read_bookings()
    return user_id


async def test_notices_are_listed_in_pages_newest_first_and_unread_ones_counted(topics: Topics) -> None:
    user_id = await told(topics, 5)
    request = pb.ListNoticesRequest(user_id=str(user_id), page_size=2)
    pages = [await topics.rpc.ListNotices(request)]
    while pages[-1].next_page_token:
        request.page_token = pages[-1].next_page_token
        pages.append(await topics.rpc.ListNotices(request))
    assert [len(page.notices) for page in pages] == [2, 2, 1]
    times = [notice.happened_at.seconds for page in pages for notice in page.notices]
    assert times == sorted(times, reverse=True)
    [third] = pages[-1].notices
    await topics.rpc.ReadNotice(pb.ReadNoticeRequest(user_id=str(user_id), notice_id=third.id))
    assert third.id not in {notice.id for notice in await topics.notices(user_id, unread_only=True)}
    assert len(await topics.notices(user_id)) == 5
    assert await unread(topics, user_id) == 4


async def unread(topics: Topics, user_id: UUID) -> int:
    return (await topics.rpc.CountUnreadNotices(pb.CountUnreadNoticesRequest(user_id=str(user_id)))).unread


async def test_a_notice_is_read_by_its_user_and_by_nobody_else_and_stays_read_since_then(topics: Topics) -> None:
    user_id = await told(topics, 1)
    [notice] = await topics.notices(user_id)
    request = pb.ReadNoticeRequest(user_id=str(user_id), notice_id=notice.id)
    for wrong in (
        pb.ReadNoticeRequest(user_id=str(uuid4()), notice_id=notice.id),
        pb.ReadNoticeRequest(user_id=str(user_id), notice_id=str(uuid4())),
    ):
        async with refused("NOTICE_NOT_FOUND", "NOT_FOUND"):
            await topics.rpc.ReadNotice(wrong)
    assert await unread(topics, user_id) == 1
    first = await topics.rpc.ReadNotice(request)
    await move_clock(topics.db, "1 hour")
    assert first.read_at.seconds and await topics.rpc.ReadNotice(request) == first


async def test_all_notices_are_read_at_once_or_all_up_to_one(topics: Topics, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operation, "BATCH", 2)
    user_id, stranger = await told(topics, 6), await told(topics, 1)
    third = (await topics.notices(user_id))[2]
    request = pb.ReadAllNoticesRequest(user_id=str(user_id), up_to_notice_id=third.id)
    assert [(await topics.rpc.ReadAllNotices(request)).read for _ in range(2)] == [3, 0]
    assert await unread(topics, user_id) == 3
    async with refused("NOTICE_NOT_FOUND", "NOT_FOUND"):
        await topics.rpc.ReadAllNotices(pb.ReadAllNoticesRequest(user_id=str(stranger), up_to_notice_id=third.id))
    assert (await topics.rpc.ReadAllNotices(pb.ReadAllNoticesRequest(user_id=str(user_id)))).read == 3
    assert (await unread(topics, user_id), await unread(topics, stranger)) == (0, 1)


async def test_what_was_read_is_removed_after_its_days_and_what_was_not_is_kept(topics: Topics) -> None:
    user_id = await told(topics, 3)
    one, _, other = await topics.notices(user_id)
    for notice in (one, other):
        await topics.rpc.ReadNotice(pb.ReadNoticeRequest(user_id=str(user_id), notice_id=notice.id))
    await move_clock(topics.db, "29 days")
    assert await operation.forget_read(topics.db, 30) == 0
    await move_clock(topics.db, "31 days")
    assert [await operation.forget_read(topics.db, 30, limit=1) for _ in range(3)] == [1, 1, 0]
    assert len(await topics.notices(user_id)) == 1


async def test_what_can_come_to_nothing_any_more_is_forgotten(topics: Topics) -> None:
    topics.book(SHOW, 0, BookingEvent.EXPIRED)
    topics.book(SHOW, 0, BookingEvent.CONFIRMED)
    topics.tell_of_show(SHOW, ShowEvent.CANCELLED, 1)
    await topics.read_bookings()
    await topics.read_shows()
    await move_clock(topics.db, "100 years")
    assert await shows.forget(topics.db) == 1  # all are not told of the show yet
    await topics.tell_bookings()
    assert [await shows.forget(topics.db) for _ in range(2)] == [1, 0]
    assert [row.state for row in await topics.db.fetch("SELECT state FROM bookings")] == ["CONFIRMED"]


async def test_all_that_is_kept_of_a_user_is_listed_in_pages_and_nothing_of_others(
    topics: Topics, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = topics.book(SHOW, 0, BookingEvent.EXPIRED, BookingEvent.CONFIRMED)
    topics.book(SHOW, 0, BookingEvent.CONFIRMED)
    await topics.read_bookings()
    found = []
    for limits in ({}, {"ROWS": 1}, {"PAGE_BYTES": 1}):
        for name, value in limits.items():
            monkeypatch.setattr(records, name, value)
        token, listed = None, []
        while token != "":
            asked = pb.ListNotificationRecordsRequest(user_id=str(one.user_id), page_token=token or "")
            answer = await topics.rpc.ListNotificationRecords(asked)
            listed += [json.loads(record) for record in answer.records]
            token = answer.next_page_token
        found.append(listed)
    assert found[0] == found[1] == found[2]
    assert [(record["kind"], record["data"]["kind"]) for record in found[0]] == [
        (what, kind) for what in ("notice", "mail") for kind in ("EXPIRED", "CONFIRMED")
    ]
    assert {record["data"]["user_id"] for record in found[0]} == {str(one.user_id)}
