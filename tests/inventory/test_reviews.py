"""Reviews: by who was there, one of each, counted exactly."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
from boxoffice.inventory.v1 import catalog_pb2
from boxoffice.inventory.v1 import reviews_pb2 as pb

from services.chassis.ids import new_id
from services.chassis.store.database import Database
from services.chassis.wire.identity import Caller, caller
from services.inventory.errors import EventNotFound, NotThere, ReviewNotFound
from services.inventory.reviews.rpc import ReviewServicer
from services.inventory.seats.commands import Confirm, Reserve, Unbook
from services.inventory.seats.operation import SeatDesk
from tests.databases import move_clock
from tests.inventory.catalogue_client import Catalogue
from tests.inventory.rules import TTL
from tests.inventory.sale import make_desk

ANN, BOB = uuid4(), uuid4()
ADMIN = Caller(uuid4(), frozenset({"ADMIN"}))


@contextmanager
def calling(who: Caller | None) -> Iterator[None]:
    token = caller.set(who)
    try:
        yield
    finally:
        caller.reset(token)


def user(id_: UUID, name: str = "") -> Caller:
    return Caller(id_, frozenset({"USER"}), shown_name=name)


@dataclass
class Seen:
    """An event with a show of ten seats, those who had some, and the reviews."""

    db: Database
    desk: SeatDesk
    rpc: ReviewServicer
    event_id: str
    show_id: UUID
    seats: list[UUID]

    async def sell(self, user_id: UUID, *, confirmed: bool = True) -> UUID:
        booking_id = new_id()
        seat_ids = [self.seats.pop()]
        await self.desk.submit(
            Reserve(show_id=self.show_id, user_id=user_id, booking_id=booking_id, seat_ids=seat_ids, ttl=TTL)
        )
        if confirmed:
            await self.desk.submit(Confirm(show_id=self.show_id, booking_id=booking_id))
        return booking_id

    async def write(self, user_id: UUID, rating: int = 5, text: str = "", name: str = "") -> pb.Review:
        request = pb.WriteReviewRequest(event_id=self.event_id, user_id=str(user_id), rating=rating, text=text)
        with calling(user(user_id, name)):
            return await self.rpc.WriteReview(request, None)  # type: ignore[arg-type]

    async def read(self, who: Caller | None = None) -> pb.ListReviewsResponse:
        with calling(who):
            return await self.rpc.ListReviews(pb.ListReviewsRequest(event_id=self.event_id), None)  # type: ignore[arg-type]

    async def report(self, review_id: str, user_id: UUID) -> None:
        request = pb.ReportReviewRequest(event_id=self.event_id, review_id=review_id, user_id=str(user_id))
        await self.rpc.ReportReview(request, None)  # type: ignore[arg-type]

    async def hide(self, review_id: str, **hidden: bool) -> pb.Review:
        request = pb.HideReviewRequest(event_id=self.event_id, review_id=review_id, **hidden)
        return await self.rpc.HideReview(request, None)  # type: ignore[arg-type]

    async def delete(self, user_id: UUID) -> pb.Review:
        request = pb.DeleteReviewRequest(event_id=self.event_id, user_id=str(user_id))
        return await self.rpc.DeleteReview(request, None)  # type: ignore[arg-type]

    async def end(self) -> None:
        await move_clock(self.db, "40 days")


@pytest.fixture
async def seen(catalogue: Catalogue) -> AsyncIterator[Seen]:
    event = await catalogue.event()
    show = await catalogue.show(event_id=event.id)
    rows = await catalogue.db.fetch("SELECT id FROM show_seats WHERE show_id = %s", (show.id,))
    desk = make_desk(catalogue.db)
    yield Seen(catalogue.db, desk, ReviewServicer(catalogue.db), event.id, UUID(show.id), [row.id for row in rows])
    await desk.close()


async def test_who_was_there_reviews_once_the_show_is_over(seen: Seen) -> None:
    await seen.sell(ANN)
    refunded = await seen.sell(BOB)
    reserved = uuid4()
    await seen.sell(reserved, confirmed=False)
    with pytest.raises(NotThere):
        await seen.write(ANN)
    await seen.desk.submit(Unbook(show_id=seen.show_id, booking_id=refunded))
    await seen.end()
    review = await seen.write(ANN, 4, "Every song\nwas worth it.", "Ann R.")
    assert (review.rating, review.text, review.shown_name) == (4, "Every song\nwas worth it.", "Ann R.")
    assert list((await seen.read()).reviews) == [review]
    for other in (BOB, reserved, uuid4()):
        with pytest.raises(NotThere):
            await seen.write(other)


async def test_a_user_has_one_review_which_says_what_was_written_last(seen: Seen) -> None:
    await seen.sell(ANN)
    await seen.end()
    first = await seen.write(ANN, 2, "Meh")
    assert await seen.write(ANN, 2, "Meh") == first
    edited = await seen.write(ANN, 5, "No, wonderful")
    assert (edited.id, edited.rating, edited.HasField("updated_at")) == (first.id, 5, True)
    read = await seen.read()
    assert (len(read.reviews), read.total, read.average_hundredths) == (1, 1, 500)
    await seen.delete(ANN)
    read = await seen.read()
    assert (len(read.reviews), read.total, read.average_hundredths) == (0, 0, 0)
    with pytest.raises(ReviewNotFound):
        await seen.delete(ANN)


async def test_the_name_is_that_of_the_token_and_of_nobody_else(seen: Seen) -> None:
    await seen.sell(ANN)
    await seen.end()
    request = pb.WriteReviewRequest(event_id=seen.event_id, user_id=str(ANN), rating=3)
    with calling(Caller(uuid4(), frozenset({"ADMIN"}), shown_name="Boss B.")):
        assert (await seen.rpc.WriteReview(request, None)).shown_name == ""  # type: ignore[arg-type]
    assert (await seen.write(ANN, 3, name="Ann R.")).shown_name == "Ann R."


async def test_reports_are_counted_once_for_each_user_and_hidden_reviews_do_not_count(seen: Seen) -> None:
    users = [ANN, BOB]
    for each in users:
        await seen.sell(each)
    await seen.end()
    bad, good = await seen.write(ANN, 1, "Spam"), await seen.write(BOB, 4)
    reporters = [uuid4(), uuid4()]
    for reporter in (*reporters, *reporters, ANN):
        await seen.report(bad.id, reporter)
    assert [review.reports for review in (await seen.read(ADMIN)).reviews] == [0, 2]
    assert {review.reports for review in (await seen.read()).reviews} == {0}
    for _ in range(2):
        assert (await seen.hide(bad.id)).hidden
        read = await seen.read()
        assert ([one.id for one in read.reviews], read.total, read.average_hundredths) == ([good.id], 1, 400)
    assert [one.hidden for one in (await seen.read(ADMIN)).reviews] == [False, True]
    with pytest.raises(ReviewNotFound):
        await seen.report(bad.id, uuid4())
    await seen.write(ANN, 5, "Not spam, I swear")
    assert (await seen.read()).total == 1
    assert not (await seen.hide(bad.id, hidden=False)).hidden
    read = await seen.read()
    assert (read.total, read.average_hundredths) == (2, 450)
    await seen.delete(ANN)
    assert (await seen.read()).total == 1


async def test_number_and_average_are_exact_whoever_writes_at_once(seen: Seen) -> None:
    users = [uuid4() for _ in range(8)]
    for each in users:
        await seen.sell(each)
    await seen.end()
    for turn in range(3):
        wishes: list[Any] = [seen.write(each, 1 + (turn + number) % 5) for number, each in enumerate(users)]
        wishes += [seen.delete(each) for each in users[:3]]
        done = await asyncio.gather(*wishes, return_exceptions=True)
        assert not [each for each in done if isinstance(each, Exception) and not isinstance(each, ReviewNotFound)]
        read = await seen.read()
        ratings = [review.rating for review in read.reviews]
        assert (read.total, read.average_hundredths) == (len(ratings), sum(ratings) * 100 // len(ratings))


async def test_what_is_not_there_is_not_found(seen: Seen, catalogue: Catalogue) -> None:
    await seen.sell(ANN)
    await seen.end()
    review = await seen.write(ANN)
    other = await catalogue.event(title="Another")
    draft = await catalogue.rpc.CreateEvent(
        catalog_pb2.CreateEventRequest(title="Draft", category=catalog_pb2.Event.OTHER, duration_minutes=60)
    )
    for event_id in (str(uuid4()), draft.id):
        seen.event_id = event_id
        for wish in (seen.write(ANN), seen.read(), seen.report(review.id, BOB), seen.hide(review.id), seen.delete(ANN)):
            with pytest.raises(EventNotFound):
                await wish
    seen.event_id = other.id
    for wish in (seen.report(review.id, BOB), seen.hide(review.id), seen.delete(ANN)):
        with pytest.raises(ReviewNotFound):
            await wish
    assert not (await seen.read()).reviews


async def test_of_who_deletes_the_account_words_and_name_are_forgotten_and_the_rating_stays(seen: Seen) -> None:
    for who in (ANN, BOB):
        await seen.sell(who)
    await seen.end()
    for who, name in ((ANN, "Ann R."), (BOB, "Bob")):
        await seen.write(who, 3, "Fine", name)
    for _ in range(2):
        await seen.rpc.ForgetReviewer(pb.ForgetReviewerRequest(user_id=str(ANN)), None)  # type: ignore[arg-type]
    page = await seen.read()
    assert sorted((one.shown_name, one.text, one.rating) for one in page.reviews) == [("", "", 3), ("Bob", "Fine", 3)]
    assert (page.total, page.average_hundredths) == (2, 300)
