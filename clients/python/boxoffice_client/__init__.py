"""A client of Boxoffice over gRPC.

    from boxoffice_client import Client
    from boxoffice_client.errors import SeatsUnavailable

    with Client("http://127.0.0.1:8001") as boxoffice:
        show = boxoffice.list_shows().shows[0]
        free = boxoffice.list_available_seats(show_id=show.id).seats
        try:
            booking = boxoffice.create_booking(user_id=user, show_id=show.id, show_seat_ids=[free[0].id])
        except SeatsUnavailable as error:
            print(error.seat_ids)

Every call has a deadline. What does no harm when it is sent twice is sent again, a few times and within the deadline,
when a part is away or overloaded; changes carry an idempotency key, so that they happen once. AsyncClient has the same
methods to await.
"""

from boxoffice_client.calls import Options
from boxoffice_client.client import AsyncClient, Client
from boxoffice_client.errors import BoxofficeError
from boxoffice_client.tokens import user_of

__all__ = ["AsyncClient", "BoxofficeError", "Client", "Options", "user_of"]
