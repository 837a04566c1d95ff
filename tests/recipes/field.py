"""The field that CONTRIBUTING has as an example: the note that a user leaves on a booking."""

from __future__ import annotations

from tests.recipes.recipe import Recipe, after, before

ASKED = """\
  // What the user wants to remember about it; up to 200 characters, nothing invisible.
  string note = 10 [
    (boxoffice.text.v1.text) = LINE,
    (buf.validate.field).string = {
      max_len: 200
      pattern: "^[^\\\\x00-\\\\x1f\\\\x7f]*$"
    }
  ];
"""

TOLD = """\
  // What the user wrote on it when it was made.
  string note = 33;
"""

TEST = """\
async def test_a_booking_keeps_the_note_that_was_left_on_it(house: House) -> None:
    seats = house.seat_ids[:1]
    request = pb.CreateBookingRequest(user_id=str(ANN), show_id=house.show_id, show_seat_ids=seats, note="Row A")
    booking = await house.bookings.CreateBooking(request)
    assert booking.note == "Row A"
    assert (await house.get(booking.id)).note == "Row A"
    listed = await house.bookings.ListBookings(pb.ListBookingsRequest(user_id=str(ANN)))
    assert [one.note for one in listed.bookings] == ["Row A"]


"""

PRIVATE = "| `bookings.note` | what the user wanted to remember about it | for ever | stays with the booking |\n"

LAST_COLUMN = '    Column("cancel_reason", Text, comment="why it is CANCELLED; null: by its user, or it is not"),\n'
COLUMN = '    Column("note", Text, nullable=False, server_default="", comment="what its user wrote"),\n'

RECIPE = Recipe(
    {
        "protos/boxoffice/booking/v1/booking.proto": [
            after("message CreateBookingRequest {\n", ASKED),
            after("  repeated string seat_labels = 13;\n", TOLD),
        ],
        "services/booking/tables.py": [after(LAST_COLUMN, COLUMN)],
        "services/booking/bookings/domain.py": [
            after('    access_code: str = ""\n    guest_name: str | None = None\n', '    note: str = ""\n'),
            after("    show: BookedShow\n    seat_labels: Sequence[str]\n", "    note: str\n"),
            after(
                "            seat_labels=[seat.words for seat in reservation.seats],\n", "            note=new.note,\n"
            ),
        ],
        "services/booking/bookings/messages.py": [
            (
                "expected, coupon, kinds, code, areas=areas)",
                "expected, coupon, kinds, code, areas=areas, note=request.note)",
            ),
            after("        seat_labels=booking.seat_labels,\n", "        note=booking.note,\n"),
        ],
        "services/booking/creating/statements.py": [
            (
                "updated_at,\n        idempotency_key, request_hash, show_id",
                "updated_at,\n        note, idempotency_key, request_hash, show_id",
            ),
            before("new.idempotency_key, new.request_hash,\n        show.show_id", "new.note, "),
            before("%(idempotency_key)s::text[],\n        %(request_hash)s::bytea[], %(booked", "%(note)s::text[], "),
            before("idempotency_key, request_hash, show_id)\n    JOIN", "note, "),
        ],
        "services/booking/creating/operation.py": [
            after('            user_id="new.user_id",\n', '            note="new.note",\n'),
        ],
        "tests/booking/test_lifecycle.py": [before("async def test_seats_of_another_booking_are_refused_", TEST)],
        "docs/privacy.md": [before("| `bookings.booking_number` |", PRIVATE)],
        "CHANGELOG.md": [after("### Added\n\n", "- A booking has a `note`, which its user may leave on it.\n")],
    },
    migrates="booking",
)
