"""Let the time of one booking run out, and of nobody else's: for the demo, which cannot wait for fifteen minutes.

In each of the two databases it is one transaction under the lock that the services take, and it leaves behind what
they would have written if the claim had been made so much earlier. Booking's is committed first: a booking's time is up
no later than its claim's.
"""

from __future__ import annotations

from stack.errors import StackError
from stack.postgres import Server

LOCK_SHOW = "SELECT 1 FROM show_counters WHERE show_id = %(show)s FOR UPDATE"

AGE_CLAIM = """
    UPDATE reservations SET expires_at = %(until)s, changed_at = %(now)s
    WHERE show_id = %(show)s AND booking_id = %(booking)s AND state = 'RESERVED'
"""

AGE_SEATS = """
    UPDATE show_seats SET expires_at = %(until)s
    WHERE show_id = %(show)s AND booking_id = %(booking)s AND status = 'RESERVED'
"""

TAKE_NUMBER = "UPDATE show_counters SET sequence = sequence + 1 WHERE show_id = %(show)s"

WRITE_CHANGES = """
    INSERT INTO seat_changes (show_id, sequence, seat_id, status, expires_at, changed_at)
    SELECT c.show_id, c.sequence, s.id, s.status, s.expires_at, %(now)s
    FROM show_counters c JOIN show_seats s ON s.show_id = c.show_id
    WHERE c.show_id = %(show)s AND s.show_id = %(show)s AND s.booking_id = %(booking)s AND s.status = 'RESERVED'
"""

AGE_BOOKING = "UPDATE bookings SET expires_at = %(until)s WHERE id = %(booking)s AND state = 'PENDING'"


def age(server: Server, show_id: str, booking_id: str) -> None:
    """Set the end of a PENDING booking's time to a second ago; raise StackError if it is not PENDING any more."""
    names: dict[str, object] = {"show": show_id, "booking": booking_id}
    with server.connect("inventory") as connection, connection.transaction():
        connection.execute("SET LOCAL lock_timeout = '5s'")
        connection.execute(LOCK_SHOW, names)
        clock = connection.execute("SELECT boxoffice_clock(), boxoffice_clock() - interval '1 second'").fetchone()
        assert clock is not None
        names["now"], names["until"] = clock
        if connection.execute(AGE_CLAIM, names).rowcount != 1:
            raise StackError(f"booking {booking_id} has no claim on seats that could run out")
        for statement in (AGE_SEATS, TAKE_NUMBER, WRITE_CHANGES):
            connection.execute(statement, names)
        with server.connect("booking") as booking, booking.transaction():
            booking.execute("SET LOCAL lock_timeout = '5s'")
            if booking.execute(AGE_BOOKING, names).rowcount != 1:
                raise StackError(f"booking {booking_id} is not PENDING any more")
