"""Exports of the bookings of a show: files for spreadsheets, kept with who had them."""

import csv
import io
from typing import Any
from uuid import UUID, uuid4

import grpc
import pytest
from boxoffice.booking.v1 import booking_pb2
from boxoffice.booking.v1 import office_pb2 as pb
from boxoffice.inventory.v1 import inventory_pb2

from services.booking.office import exporting
from services.booking.office import statements as sql
from services.booking.office.exports import forget_exports
from services.chassis.wire.identity import Caller
from services.chassis.wire.pages import MAX_ANSWER_BYTES
from tests.booking.house import ANN, BOB, House, move_clocks, refused
from tests.booking.test_kinds import CHILD, booked, set_kinds
from tests.booking.test_office import CAT, OURS, THEIRS, called_by, knows, owned

WHOSE = ["Booking Number", "Status", "Booked At", "Confirmed At", "Name"]
CONTACTS = ["E-mail", "Phone"]
WHAT = ["Seats", "Seats Given Back", "Currency", "Paid", "Given Back"]


def export(house: House, show_id: str = "") -> Any:
    return house.office.ExportBookings(pb.ExportBookingsRequest(show_id=show_id or house.show_id))


async def pieces(house: House) -> list[bytes]:
    return [piece.data async for piece in export(house)]


def rows(file: bytes) -> list[list[str]]:
    """Read a file, and see that it is whole; return its rows, the header first."""
    assert file.startswith(b"\xef\xbb\xbf") and file.endswith(b"\r\n")
    *found, last = csv.reader(io.StringIO(file.decode("utf-8-sig"), newline=""))
    assert last == ["# end", str(len(found) - 1)]
    return found


async def exported(house: House) -> list[dict[str, str]]:
    header, *found = rows(b"".join(await pieces(house)))
    return [dict(zip(header, each, strict=True)) for each in found]


async def listed(house: House, of: UUID | None = OURS, **page: Any) -> list[pb.BookingExport]:
    request = pb.ListBookingExportsRequest(organization_id=str(of or ""), **page)
    return list((await house.office.ListBookingExports(request)).exports)


async def test_an_export_has_a_row_for_each_ticket_as_the_venue_reads_it(house: House) -> None:
    await owned(house)
    await house.inventory_db.execute("UPDATE venues SET time_zone = 'Asia/Kolkata'")
    await set_kinds(house, CHILD)
    knows(house, ANN, "Asha Rao")
    first = await booked(house, ANN, ["ADULT", "CHILD", "ADULT"], 0, 1, 2)
    await house.capture(first)
    refund = booking_pb2.RefundBookingRequest(booking_id=first.id, user_id=str(ANN), show_seat_ids=house.seat_ids[1:2])
    back = (await house.bookings.RefundBooking(refund)).refund_amount
    second = await house.confirmed(BOB, 3)
    await house.bookings.RefundBooking(booking_pb2.RefundBookingRequest(booking_id=second.id, user_id=str(BOB)))
    await house.book(uuid4(), 4)
    with called_by(house, "OWNER"):
        ann, bob = await exported(house)
    assert list(ann) == [*WHOSE, *CONTACTS, *WHAT]
    assert (ann["Booking Number"], ann["Status"], ann["Name"]) == (first.booking_number, "CONFIRMED", "Asha Rao")
    assert (ann["E-mail"], ann["Phone"]) == (f"{ANN}@example.com", "'+919876543210")
    assert (ann["Seats"], ann["Seats Given Back"]) == ("Stalls A1; Stalls A3", "Stalls A2 (CHILD)")
    assert (ann["Currency"], ann["Paid"], ann["Given Back"]) == (
        "INR",
        f"{first.final_amount / 100:.2f}",
        f"{back / 100:.2f}",
    )
    assert ann["Booked At"].endswith("+05:30") and ann["Confirmed At"] >= ann["Booked At"]
    assert (bob["Status"], bob["Seats"], bob["Seats Given Back"]) == ("REFUNDED", "", "Stalls A4")
    assert (bob["Name"], bob["E-mail"], bob["Phone"]) == ("", "", ""), "who has no account"


@pytest.mark.parametrize(
    ("caller", "is_told"),
    [
        (Caller(CAT, frozenset({"USER"}), memberships={OURS: "OWNER"}), True),
        (Caller(CAT, frozenset({"USER"}), memberships={OURS: "BOX_OFFICE"}), True),
        (Caller(CAT, frozenset({"USER"}), memberships={OURS: "MANAGER"}), False),
        (Caller(CAT, frozenset({"USER"}), memberships={OURS: "FINANCE", THEIRS: "OWNER"}), False),
        (Caller(CAT, frozenset({"USER", "ADMIN"})), False),
        (None, False),
    ],
    ids=["owner", "box office", "manager", "finance", "admin", "unverified"],
)
async def test_how_customers_are_reached_is_told_to_owner_and_box_office_alone(
    house: House, caller: Caller | None, is_told: bool
) -> None:
    await owned(house)
    knows(house, ANN, "Asha Rao")
    await house.confirmed(ANN, 0)
    house.callers[:] = [caller] if caller else []
    file = b"".join(await pieces(house))
    header, [*row] = rows(file)
    assert (set(CONTACTS) <= set(header)) == is_told == (b"@example.com" in file) == (b"9876543210" in file)
    assert dict(zip(header, row, strict=True))["Name"] == "Asha Rao"
    [kept] = await listed(house)
    assert (kept.exported_by, kept.with_contacts, kept.bookings) == (str(CAT) if caller else "", is_told, 1)


async def test_an_owner_elsewhere_is_told_nobodys_contact(house: House) -> None:
    await owned(house)
    knows(house, ANN, "Asha Rao")
    await house.confirmed(ANN, 0)
    memberships = {THEIRS: "OWNER", OURS: "FINANCE"}
    house.callers.append(Caller(CAT, frozenset({"USER"}), memberships=memberships))
    assert b"@example.com" not in b"".join(await pieces(house))


async def test_a_guest_is_in_it_without_the_organizers_contact(house: House) -> None:
    await owned(house)
    knows(house, BOB, "Bob Marsh")
    block = inventory_pb2.BlockSeatsRequest(show_id=house.show_id, show_seat_ids=house.seat_ids[:1], reason="Press")
    await house.seats.BlockSeats(block)
    request = booking_pb2.BookGuestsRequest(
        show_id=house.show_id, show_seat_ids=house.seat_ids[:1], guest_name="=Asha()", guest_user_id=str(BOB)
    )
    await house.bookings.BookGuests(request)
    with called_by(house, "OWNER"):
        [row] = await exported(house)
    assert (row["Name"], row["E-mail"], row["Phone"], row["Paid"]) == ("'=Asha()", "", "", "0.00")


async def test_each_export_is_kept_for_the_organizations_owner(house: House) -> None:
    await owned(house)
    await house.confirmed(ANN, 0)
    for role in ("OWNER", "FINANCE"):
        with called_by(house, role):
            await pieces(house)
    newest, oldest = await listed(house)
    assert (newest.with_contacts, oldest.with_contacts) == (False, True)
    for kept in (newest, oldest):
        assert (kept.show_id, kept.exported_by, kept.bookings) == (house.show_id, str(CAT), 1)
        assert kept.completed_at.ToDatetime() >= kept.began_at.ToDatetime()
    assert await listed(house, THEIRS) == await listed(house, None) == []
    assert [one.id for one in await listed(house, page_size=1)] == [newest.id]
    await house.inventory_db.execute("UPDATE shows SET organization_id = NULL")
    await pieces(house)
    [boxoffices] = await listed(house, None)
    assert (boxoffices.exported_by, boxoffices.with_contacts) == ("", False)


async def test_an_empty_export_says_so(house: House) -> None:
    assert await pieces(house) == [(b"\xef\xbb\xbf" + ",".join([*WHOSE, *WHAT]).encode() + b"\r\n# end,0\r\n")]
    [kept] = await listed(house, None)
    assert kept.bookings == 0 and kept.HasField("completed_at")
    assert (await refused(export(house, str(uuid4())).read())).reason == "SHOW_NOT_FOUND"
    assert len(await listed(house, None)) == 1


async def test_who_has_had_an_export_is_forgotten_after_a_while(house: House) -> None:
    await pieces(house)
    await move_clocks(house, "364 days")
    await pieces(house)
    assert await forget_exports(house.db, 365) == 0
    await move_clocks(house, "366 days")
    assert [await forget_exports(house.db, 365, limit=1) for _ in range(2)] == [1, 0]
    assert len(await listed(house, None)) == 1, "the younger one"


async def many(house: House, count: int) -> None:
    """Let there be so many bookings of the show, each of four seats, as the first one is."""
    first = await house.confirmed(ANN, 0, 1, 2, 3)
    named = {"id": UUID(first.id), "count": count - 1}
    own = ["id", "booking_number", "payment_id", "idempotency_key", "updated_at"]
    columns = await house.db.fetch(
        "SELECT string_agg(quote_ident(column_name), ', ') AS names FROM information_schema.columns"
        " WHERE table_name = 'bookings' AND column_name <> ALL (%(own)s)",
        {"own": own},
    )
    names = columns[0].names
    await house.db.execute("UPDATE topics SET whole_since = now() - interval '1 day'")
    await house.db.execute(
        f"INSERT INTO bookings (id, payment_id, updated_at, {names})"
        # Of so long ago that the topic does not tell of them any more.
        f" SELECT gen_random_uuid(), gen_random_uuid(), now() - interval '1 year', {names}"
        " FROM bookings CROSS JOIN generate_series(1, %(count)s) WHERE id = %(id)s",
        named,
    )
    await house.db.execute(
        "INSERT INTO booking_seats (booking_id, position, seat_id, section, row, number, tier, price)"
        " SELECT b.id, position, seat_id, section, row, number, tier, price FROM booking_seats s"
        " JOIN bookings b ON b.id <> s.booking_id WHERE s.booking_id = %(id)s",
        named,
    )


@pytest.mark.parametrize("count", [2_500, pytest.param(50_000, marks=pytest.mark.grid)])
async def test_a_large_show_comes_in_pieces_of_one_page_each(house: House, count: int) -> None:
    await owned(house)
    knows(house, ANN, "क" * 100)
    await many(house, count)
    with called_by(house, "OWNER"):
        read = await pieces(house)
    assert len(read) == count // exporting.AT_ONCE + 1
    assert max(map(len, read)) < MAX_ANSWER_BYTES
    _, *found = rows(b"".join(read))
    assert len({row[0] for row in found}) == len(found) == count
    [kept] = await listed(house)
    assert kept.bookings == count and kept.HasField("completed_at")


async def test_a_page_that_is_just_full_is_not_the_last(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "AT_ONCE", 2)
    for number in range(4):
        await house.confirmed(uuid4(), number)
    assert len(rows(b"".join(await pieces(house)))) == 5


async def test_an_export_that_is_cut_short_has_no_end_and_is_kept_with_what_was_handed_out(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "AT_ONCE", 2)
    for number in range(5):
        await house.confirmed(uuid4(), number)
    call = export(house)
    first = await call.read()
    house.people.away = True
    with pytest.raises(grpc.aio.AioRpcError) as error:
        read = first.data
        while piece := await call.read():
            read += piece.data
    assert error.value.code() == grpc.StatusCode.UNAVAILABLE
    assert b"# end" not in read
    [kept] = await listed(house, None)
    assert 2 <= kept.bookings < 5 and not kept.HasField("completed_at")


async def test_an_export_takes_no_longer_than_it_may(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "SECONDS", -1.0)
    assert (await refused(export(house).read())).reason == "DEADLINE_EXCEEDED"


async def test_more_exports_at_once_than_there_may_be_are_refused(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "AT_ONCE", 1)
    for number in range(3):
        await house.confirmed(uuid4(), number)
    made = exporting.Exporting(house.db, Nobody())  # type: ignore[arg-type]
    asked = exporting.Asked(UUID(house.show_id), None, "UTC", None, with_contacts=False)
    under_way = [made.pieces(asked) for _ in range(exporting.EXPORTS_AT_ONCE)]
    for one in under_way:
        await anext(one)
    with pytest.raises(exporting.ResourceExhausted):
        await anext(made.pieces(asked))
    await under_way[0].aclose()
    assert b"".join([piece async for piece in made.pieces(asked)]).endswith(b"# end,3\r\n")
    for one in under_way:
        await one.aclose()


class Nobody:
    """Knows nobody."""

    async def contacts(self, _: Any) -> dict[UUID, Any]:
        return {}


@pytest.mark.parametrize(
    ("statement", "of"),
    [(sql.BOOKINGS_OF_EXPORT, "show_id = $1"), (sql.EXPORTS, "organization_id = $1"), (sql.OWN_EXPORTS, "IS NULL")],
    ids=["bookings", "exports", "own exports"],
)
async def test_a_page_is_read_from_where_the_one_before_has_ended(house: House, statement: str, of: str) -> None:
    """Statements are planned once, whatever their values are: a page must not look at all that came before it."""
    numbered = {"show_id": "$1", "organization_id": "$1", "after": "$2", "limit": "$3"}
    async with house.db.transaction() as tx:
        await tx.send(f"PREPARE page (uuid, uuid, int) AS {statement % numbered}")
        plan = await tx.fetch(f"EXPLAIN EXECUTE page ('{house.show_id}', NULL, 10)")
        await tx.send("DEALLOCATE page")
    [condition] = [row[0] for row in plan if "Index Cond" in row[0] and of in row[0]]
    assert "(id > COALESCE($2" in condition or "(id < COALESCE($2" in condition
