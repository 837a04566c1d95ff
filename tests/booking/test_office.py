"""Searches of bookings, for those who run their shows."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID, uuid4

import grpc
import pytest
from boxoffice.booking.v1 import booking_pb2
from boxoffice.booking.v1 import office_pb2 as pb
from boxoffice.inventory.v1 import inventory_pb2

from services.booking.bookings.events import TOPIC
from services.booking.office import searches
from services.booking.office import statements as sql
from services.booking.office.domain import parse_wanted
from services.booking.office.names import CONSUMER, NamedEvent, Names, keep_names
from services.booking.people import IdentityClient
from services.chassis.errors import InvalidField, Unavailable
from services.chassis.store.database import Transaction
from services.chassis.wire.identity import Caller
from services.chassis.writes import topics
from services.chassis.writes.consumer import Consumer, Events
from tests.booking.house import ANN, BOB, House, reason, refused
from tests.databases import move_clock
from tests.patience import eventually

OURS, THEIRS = uuid4(), uuid4()
CAT = uuid4()


@contextmanager
def called_by(house: House, role: str = "BOX_OFFICE", *, user: UUID = CAT, of: UUID = OURS) -> Iterator[None]:
    """Have a member call who has a role in an organization."""
    with calling(house, Caller(user_id=user, roles=frozenset({"USER"}), memberships={of: role})):
        yield


@contextmanager
def calling(house: House, caller: Caller) -> Iterator[None]:
    """Have somebody call."""
    house.callers.append(caller)
    try:
        yield
    finally:
        house.callers.pop()


def consumer(house: House) -> Consumer[NamedEvent]:
    return Consumer(house.db, CONSUMER, TOPIC, Names(house.db, IdentityClient(house.to_identity)).events, keep_names)


async def learn(house: House) -> None:
    """Have the names of all bookings that are confirmed written down."""
    while await topics.number_events(house.db):
        pass
    while await consumer(house).consume_once():
        pass


async def owned(house: House) -> None:
    """Have the house's show be one of OURS."""
    await house.inventory_db.execute("UPDATE shows SET organization_id = %(id)s", {"id": OURS})


async def search(house: House, q: str, *, of: UUID | None = OURS, **page: object) -> pb.SearchBookingsResponse:
    request = pb.SearchBookingsRequest(q=q, organization_id=str(of or ""), **page)
    found: pb.SearchBookingsResponse = await house.office.SearchBookings(request)
    return found


async def ids(house: House, q: str, *, of: UUID | None = OURS) -> list[str]:
    return [result.booking.id for result in (await search(house, q, of=of)).results]


def knows(house: House, user: UUID, name: str) -> None:
    house.people.known[user] = (name, f"{user}@example.com", "+919876543210")


async def test_a_booking_is_found_by_its_number_by_those_whose_show_it_is(house: House) -> None:
    await owned(house)
    knows(house, ANN, "Asha Rao")
    booking, other = await house.book(ANN, 0), await house.confirmed(BOB, 1)
    number = booking.booking_number
    for typed in (number, number.lower(), f" {number[:3]}-{number[3:6]} {number[6:]} "):
        [result] = (await search(house, typed)).results
        assert (result.booking.id, result.booking.status, result.name) == (booking.id, booking.status, "Asha Rao")
    assert await ids(house, other.booking_number) == [other.id]
    for nobodys in (THEIRS, None):
        assert await ids(house, number, of=nobodys) == []
    house.people.away = True
    assert [one.name for one in (await search(house, number)).results] == [""], "a number takes nobody's name"
    absent = "2" * 10
    assert await ids(house, absent) == []


async def test_boxoffices_own_bookings_are_found_where_no_organization_is_named(house: House) -> None:
    knows(house, ANN, "Asha Rao")
    booking = await house.confirmed(ANN, 0)
    await learn(house)
    assert await ids(house, booking.booking_number, of=None) == await ids(house, "asha", of=None) == [booking.id]
    assert await ids(house, booking.booking_number) == await ids(house, "asha") == []


async def test_an_account_that_is_deleted_while_names_are_written_leaves_none(house: House) -> None:
    """After its name was read, and while the page is being written."""
    knows(house, ANN, "Asha Rao")
    knows(house, BOB, "Asha Rangan")
    names = Names(house.db, IdentityClient(house.to_identity)).events
    deletions: list[asyncio.Task[None]] = []
    found = "SELECT booking_id FROM booking_names"

    async def delete(user: UUID) -> None:
        await house.bookings.CloseUser(booking_pb2.CloseUserRequest(user_id=str(user), deleted=True))

    async def read_and_delete(after: int | None) -> Events[NamedEvent]:
        page = await names(after)
        await delete(ANN)
        return page

    async def write_and_delete(tx: Transaction, told: Sequence[NamedEvent]) -> None:
        await keep_names(tx, told)
        assert await tx.fetch(found), "else nothing is to be seen here"
        deletions.append(asyncio.create_task(delete(BOB)))
        await eventually(lambda: house.db.fetch("SELECT pid FROM pg_locks WHERE NOT granted"))

    await house.confirmed(ANN, 0)
    await topics.number_events(house.db)
    assert await Consumer(house.db, CONSUMER, TOPIC, read_and_delete, keep_names).consume_once()
    assert await house.db.fetch(found) == []
    await house.confirmed(BOB, 1)
    await topics.number_events(house.db)
    assert await Consumer(house.db, CONSUMER, TOPIC, names, write_and_delete).consume_once()
    await asyncio.gather(*deletions)
    assert await house.db.fetch(found) == []


async def test_a_booking_is_found_by_the_beginnings_of_the_words_of_a_name(house: House) -> None:
    await owned(house)
    people = {name: uuid4() for name in ("Asha Rao", "José Ángel D'Souza", "आशा राव", "Asha Rangan", "Li Na", "O")}
    bookings = {}
    for number, (name, user) in enumerate(people.items()):
        knows(house, user, name)
        bookings[name] = (await house.confirmed(user, number)).id
    await learn(house)
    for typed, names in (
        ("Asha", ["Asha Rangan", "Asha Rao"]),
        ("rao ASHA", ["Asha Rao"]),
        ("ash ra", ["Asha Rangan", "Asha Rao"]),
        ("asha rang", ["Asha Rangan"]),
        ("jose", ["José Ángel D'Souza"]),
        ("dsouza angel", ["José Ángel D'Souza"]),
        ("आशा", ["आशा राव"]),
        ("sha", []),
        ("asha xavier", []),
        ("100%", []),
    ):
        assert await ids(house, typed) == [bookings[name] for name in names], typed
    assert await ids(house, "asha", of=THEIRS) == []


async def test_what_is_neither_a_number_nor_three_letters_is_refused(house: House) -> None:
    for typed in ("as", "a b c", "--", "Li Na", "O", "१२", "one two three four five six"):
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await search(house, typed)
        assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT
        assert (error.value.details() or "").startswith("q: must")
    assert await house.db.fetch("SELECT FROM search_budgets") == [], "what is refused so is no search"


def test_a_number_may_be_a_name_too() -> None:
    both = parse_wanted("Krsnamachary"[:10])
    assert (both.number, both.words) == ("KRSNAMACHA", ["krsnamacha"])
    assert parse_wanted("2345678923").words == ["2345678923"]
    assert parse_wanted("AB CD EF GH JK") == parse_wanted("ab-cd-ef-gh-jk") and not parse_wanted("AB CD EF GH JK").words
    with pytest.raises(InvalidField):
        parse_wanted("AB CD EF GH JI")  # a number has no I


async def test_a_guest_is_found_by_the_name_that_the_organizer_gave(house: House) -> None:
    await owned(house)
    knows(house, BOB, "Bob Marsh")
    block = inventory_pb2.BlockSeatsRequest(show_id=house.show_id, show_seat_ids=house.seat_ids[:1], reason="Press")
    await house.seats.BlockSeats(block)
    request = booking_pb2.BookGuestsRequest(
        show_id=house.show_id, show_seat_ids=house.seat_ids[:1], guest_name="Asha Rao", guest_user_id=str(BOB)
    )
    booking = await house.bookings.BookGuests(request)
    await learn(house)
    [result] = (await search(house, "asha")).results
    assert (result.booking.id, result.name) == (booking.id, "Asha Rao")
    assert await ids(house, "bob") == [], "the account is the organizer's"


async def test_who_has_not_paid_is_not_found_by_name_and_who_was_refunded_is(house: House) -> None:
    await owned(house)
    for user, name in ((ANN, "Asha Rao"), (BOB, "Asha Marsh")):
        knows(house, user, name)
    await house.book(ANN, 0)
    refunded = await house.confirmed(BOB, 1)
    await house.bookings.RefundBooking(booking_pb2.RefundBookingRequest(booking_id=refunded.id, user_id=str(BOB)))
    await learn(house)
    [result] = (await search(house, "asha")).results
    assert (result.booking.id, result.booking.status) == (refunded.id, booking_pb2.Booking.REFUNDED)


async def test_names_wait_for_identity_and_miss_nobody(house: House) -> None:
    await owned(house)
    knows(house, ANN, "Asha Rao")
    house.people.away = True
    booking = await house.confirmed(ANN, 0)
    with pytest.raises(Unavailable):
        await learn(house)
    assert await ids(house, "asha") == []
    house.people.away = False
    await learn(house)
    assert await ids(house, "asha") == [booking.id]
    await house.db.execute("DELETE FROM topic_progress")
    await learn(house)
    assert await ids(house, "asha") == [booking.id], "once, however often it is told"


async def test_what_is_found_comes_in_pages_newest_first(house: House) -> None:
    await owned(house)
    made = []
    for number in range(5):
        knows(house, user := uuid4(), f"Asha Number{number}")
        made.append((await house.confirmed(user, number)).id)
    await learn(house)
    first = await search(house, "asha", page_size=2)
    second = await search(house, "asha", page_size=2, page_token=first.next_page_token)
    third = await search(house, "asha", page_size=2, page_token=second.next_page_token)
    assert [[one.booking.id for one in page.results] for page in (first, second, third)] == [
        made[:2:-1],
        made[2:0:-1],
        made[:1],
    ]
    assert not third.next_page_token
    with pytest.raises(grpc.aio.AioRpcError, match="pageToken"):
        await search(house, "numb", page_token=first.next_page_token)


async def test_thirty_searches_a_minute_are_enough_for_each_user(house: House) -> None:
    with called_by(house):
        for _ in range(searches.SEARCHES):
            await search(house, "asha")
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await search(house, "asha")
        assert reason(error.value).reason == "TOO_MANY_SEARCHES"
        assert error.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    with called_by(house, user=uuid4()):
        await search(house, "asha")
    await move_clock(house.db, "3 seconds")
    with called_by(house):
        await search(house, "asha")
        assert (await refused(search(house, "asha"))).reason == "TOO_MANY_SEARCHES"
    assert await searches.forget_searches(house.db) == 1
    await move_clock(house.db, "2 minutes")
    assert await searches.forget_searches(house.db) == 1
    assert await searches.forget_searches(house.db) == 0


@pytest.mark.parametrize(("q", "index"), [("2345678923", "bookings_number_idx"), ("asha rao", "booking_names_pkey")])
async def test_searches_read_indexes_alone(house: House, q: str, index: str) -> None:
    wanted = parse_wanted(q)
    words = {f"{what}_{n}": word for n, word in enumerate(wanted.words) for what in ("word", "end")}
    given = {"organization_id": OURS, "number": wanted.number, "after": None, "limit": 10, **words}
    async with house.db.transaction() as tx:
        await tx.send("SET LOCAL enable_seqscan = off")
        plan = await tx.fetch(f"EXPLAIN {sql.find_bookings(wanted.words)}", given)
    text = "\n".join(row[0] for row in plan)
    assert index in text and "Seq Scan" not in text
