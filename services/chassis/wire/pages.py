"""Pages of lists: opaque tokens that say where the next page begins.

A token carries the order's key of the last row that was given, and a fingerprint of the method and its filters, so
that it opens no other list. It is no secret and needs no signature: all it can do is begin a page elsewhere in the
list that it was asked with.

    page = Page(request, BY_ID)
    rows = await db.fetch(LIST, {"after": page.after, "limit": page.limit})
    messages, token = page.render(rows, lambda row: row.id, render_thing)
"""

import base64
import hashlib
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Generic, TypeVar
from uuid import UUID

from google.protobuf.message import Message

from services.chassis.errors import InvalidField
from services.chassis.wire.incoming import over_rest
from services.chassis.wire.rules import must

MAX_ANSWER_BYTES = 4 * 1024 * 1024
"""The largest message that gRPC's clients read, unless they are told otherwise."""

DEFAULT_SIZE = 20
"""The length of a page where the request does not say."""

MAX_PAGE_BYTES = MAX_ANSWER_BYTES - 4_096
"""What the rows of a page may take: there is a token, too."""

ELEMENT_BYTES = 5
"""What stands before each row, at most."""

_FINGERPRINT_BYTES = 8
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIME = struct.Struct(">q")

K = TypeVar("K")
T = TypeVar("T")
M = TypeVar("M", bound=Message)


@dataclass(frozen=True, slots=True)
class Order(Generic[K]):
    """What rows are ordered by, unique to each, and how that is written into a token."""

    pack: Callable[[K], bytes]
    unpack: Callable[[bytes], K]
    """Raises ValueError, OverflowError or struct.error for what `pack` never made."""


def _pack_time_and_id(key: tuple[datetime, UUID]) -> bytes:
    return _TIME.pack((key[0] - _EPOCH) // timedelta(microseconds=1)) + key[1].bytes


def _unpack_time_and_id(packed: bytes) -> tuple[datetime, UUID]:
    (microseconds,) = _TIME.unpack(packed[: _TIME.size])
    return _EPOCH + timedelta(microseconds=microseconds), UUID(bytes=packed[_TIME.size :])


_POSITION = struct.Struct(">i")

BY_ID: Order[UUID] = Order(lambda key: key.bytes, lambda packed: UUID(bytes=packed))
BY_TIME_AND_ID: Order[tuple[datetime, UUID]] = Order(_pack_time_and_id, _unpack_time_and_id)


BY_TEXT_AND_ID: Order[tuple[str, UUID]] = Order(
    lambda key: key[1].bytes + key[0].encode(), lambda packed: (packed[16:].decode(), UUID(bytes=packed[:16]))
)
BY_POSITION: Order[int] = Order(_POSITION.pack, lambda packed: int(_POSITION.unpack(packed)[0]))


class PageRequest(Generic[K]):
    """The page that a request asks for with `page_size` and `page_token`; its other fields are the filters."""

    def __init__(self, request: Message, order: Order[K], default_size: int = DEFAULT_SIZE) -> None:
        """Raise InvalidField unless the token was given for this list."""
        self._order = order
        self._request = request
        self.size: int = request.page_size or default_size  # type: ignore[attr-defined]
        token: str = request.page_token  # type: ignore[attr-defined]
        self.after: K | None = self._read(token) if token else None

    @property
    def limit(self) -> int:
        """How many rows to fetch: one more than the page has, to see whether there is a next page."""
        return self.size + 1

    def render(self, rows: Sequence[T], key: Callable[[T], K], render: Callable[[T], M]) -> tuple[list[M], str]:
        """Return the messages of the page's rows, and the token of the next page or the empty string.

        Of what would be more than any client reads the rest is left to the next page.
        """
        messages: list[M] = []
        left = MAX_PAGE_BYTES
        for index, row in enumerate(rows[: self.size]):
            message = render(row)
            left -= message.ByteSize() + ELEMENT_BYTES
            if left < 0 and messages:
                return messages, self.token(key(rows[index - 1]))
            messages.append(message)
        return messages, self.token(key(rows[self.size - 1])) if len(rows) > self.size else ""

    @cached_property
    def _fingerprint(self) -> bytes:
        return _fingerprint(self._request)  # only where there is a token: most lists fit into one page

    def token(self, last: K) -> str:
        """Return the token of the page that begins behind `last`."""
        return _encode(self._fingerprint + self._order.pack(last))

    def _read(self, token: str) -> K:
        try:
            content = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
            # The decoder skips what it does not know; a token of ours reads the same both ways.
            if _encode(content) == token and content[:_FINGERPRINT_BYTES] == self._fingerprint:
                return self._order.unpack(content[_FINGERPRINT_BYTES:])
        except (ValueError, OverflowError, struct.error):
            pass
        raise must(self._request, "page_token")


def check_whole(size: int, max_page_size: int) -> None:
    """Raise InvalidField if an answer of `size` bytes, which was asked for without a page's size, is one for pages.

    Over REST anything can be read, and was before there were pages.
    """
    if size > MAX_ANSWER_BYTES and not over_rest():
        raise InvalidField(("pageSize", f"must be 1 to {max_page_size} here: all seats at once can be more than 4 MiB"))


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _fingerprint(request: Message) -> bytes:
    filters = type(request)()
    filters.CopyFrom(request)
    filters.ClearField("page_size")
    filters.ClearField("page_token")
    text = request.DESCRIPTOR.full_name.encode() + b"\0" + filters.SerializeToString(deterministic=True)
    return hashlib.sha256(text).digest()[:_FINGERPRINT_BYTES]
