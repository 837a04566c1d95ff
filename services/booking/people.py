"""Identity, as booking asks it: who users are, and how they are reached."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

import grpc
from boxoffice.identity.v1 import identity_pb2, identity_pb2_grpc

from services.chassis.wire.calls import call

SECONDS = 3.0
"""How long whoever asks waits for identity."""

AT_ONCE = 1_000
"""Users that are asked about by one call, as many as its contract allows."""


@dataclass(frozen=True, slots=True)
class Contact:
    """Who a user is, and how they are reached."""

    name: str
    email: str
    phone: str
    is_verified: bool = False
    """Whether it is known that the e-mail address is theirs."""


class IdentityClient:
    """Identity, as booking sees it."""

    def __init__(self, channel: grpc.aio.Channel | None) -> None:
        """Without a channel nothing is known of anybody: identity tells services alone, where AUTH is on."""
        self._stub: identity_pb2_grpc.IdentityServiceAsyncStub | None = None
        if channel is not None:
            self._stub = identity_pb2_grpc.IdentityServiceStub(channel)

    @property
    def knows(self) -> bool:
        """Tell whether anybody is known, as where callers are held to policies."""
        return self._stub is not None

    async def contacts(self, user_ids: Collection[UUID]) -> Mapping[UUID, Contact]:
        """Return those of the users, AT_ONCE at most, that have accounts."""
        if self._stub is None or not user_ids:
            return {}
        request = identity_pb2.BatchGetContactsRequest(user_ids=map(str, user_ids))
        answer = await call(self._stub.BatchGetContacts, request, seconds=SECONDS)
        return {
            UUID(each.user_id): Contact(each.name, each.email, each.phone, each.email_verified)
            for each in answer.contacts
        }
